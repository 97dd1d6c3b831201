#include "delivery/next_hop.h"

#include <sys/un.h>

#include <optional>

#include "base/cursor.h"
#include "base/ip_address.h"
#include "mail/domain_name.h"

namespace postern::delivery {
namespace {

using Kind = NextHop::Kind;

std::string quoted(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

/// Knows `%d`, `%u` and `%%`; anything else after a percent sign is a mistake that would
/// otherwise become a folder name.
Result<NextHop> maildir(std::string_view pattern) {
  if (pattern.empty()) return fail("A maildir needs a path, as in maildir:mail/%d/%u.");
  if (pattern.contains('\0')) return fail("A path cannot hold a NUL byte.");
  Cursor in(pattern);
  while (!in.at_end()) {
    if (in.take('%') && !in.take('d') && !in.take('u') && !in.take('%')) {
      return fail("In " + quoted(pattern) +
                  " a percent sign must stand before d (the recipient's domain), u (the "
                  "recipient's local part) or another percent sign.");
    }
    in.take_while([](char c) { return c != '%'; });
  }
  return NextHop{.kind = Kind::maildir, .path = std::string(pattern)};
}

Result<NextHop> unix_socket(std::string_view path) {
  if (!path.starts_with('/'))
    return fail("A Unix socket needs an absolute path, as in lmtp:unix:/run/lmtp.");
  // One byte stays for the terminating NUL.
  if (path.size() >= sizeof(sockaddr_un::sun_path) || path.contains('\0')) {
    return fail("The path of a Unix socket has at most " +
                std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes: " + quoted(path) +
                ".");
  }
  return NextHop{.kind = Kind::lmtp, .path = std::string(path)};
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5) return std::nullopt;
  unsigned port = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  if (port == 0 || port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

Result<NextHop> host_and_port(Kind kind, std::string_view text) {
  const std::string scheme = kind == Kind::lmtp ? "lmtp" : "smtp";
  const std::string example =
      ", as in " + scheme + ":127.0.0.1:" + (kind == Kind::lmtp ? "24" : "25") + ".";
  NextHop hop{.kind = kind};
  Cursor in(text);
  if (in.take('[')) {
    const auto literal = in.take_until(']');
    const auto address = literal ? IpAddress::parse(*literal) : std::nullopt;
    if (!address || !address->is_v6() || !in.take(':')) {
      return fail(quoted(text) + " should be [IPv6 address]:port, as in " + scheme + ":[::1]:24.");
    }
    hop.host = address->to_string();
  } else {
    const auto name = in.take_until(':');
    if (!name || name->empty())
      return fail(quoted(text) + " should be a host and a port" + example);
    if (in.rest().contains(':')) {
      return fail("An IPv6 address stands in brackets, as in " + scheme + ":[::1]:24; got " +
                  quoted(text) + ".");
    }
    if (const auto address = IpAddress::parse(*name)) {
      hop.host = address->to_string();
    } else if (const auto label = mail::to_a_label(*name)) {
      hop.host = *label;
    } else {
      return fail(quoted(*name) + " is neither an address nor a host name.");
    }
  }
  const auto port = parse_port(in.rest());
  if (!port)
    return fail("A port is a number from 1 to 65535, got " + quoted(in.rest()) + " in " +
                quoted(text) + ".");
  hop.port = *port;
  return hop;
}

}  // namespace

std::string NextHop::to_string() const {
  std::string text;
  switch (kind) {
    case Kind::maildir:
      return "maildir:" + path;
    case Kind::lmtp:
      text = "lmtp:";
      break;
    case Kind::smtp:
      text = "smtp:";
      break;
  }
  if (is_unix()) return text + "unix:" + path;
  const bool is_v6 = host.contains(':');
  return text + (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<NextHop> parse_next_hop(std::string_view text) {
  Cursor in(text);
  if (in.take_word("maildir:")) return maildir(in.rest());
  if (in.take_word("lmtp:unix:")) return unix_socket(in.rest());
  if (in.take_word("lmtp:")) return host_and_port(Kind::lmtp, in.rest());
  if (in.take_word("smtp:")) return host_and_port(Kind::smtp, in.rest());
  return fail(quoted(text) +
              " is not a next hop: expected maildir:path, lmtp:host:port, lmtp:unix:/path or "
              "smtp:host:port.");
}

}  // namespace postern::delivery
