#include "delivery/next_hop.h"

#include <sys/un.h>

#include <algorithm>
#include <optional>

#include "base/ascii.h"
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

/// A host name or an IPv4 address, in the form in which we compare it.
Result<std::string> host_name(std::string_view text) {
  if (const auto address = IpAddress::parse(text)) return address->to_string();
  if (const auto label = mail::to_a_label(text)) return *label;
  return fail(quoted(text) + " is neither an address nor a host name.");
}

/// `contoso.com` or `contoso.com:2525`.
Result<HopServer> mx_domain(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  const auto domain = mail::to_a_label(name);
  // No domain is a number, and one would print as the port of a host that is called mx.
  if (!domain || IpAddress::parse(name) || std::ranges::all_of(*domain, is_digit)) {
    return fail(quoted(name) +
                " is no domain whose MX records could be asked for, as in smtp:mx:contoso.com.");
  }
  HopServer server{.host = *domain, .port = smtp_port, .is_mx = true};
  if (colon == std::string_view::npos) return server;
  const auto port = parse_port(text.substr(colon + 1));
  if (!port)
    return fail("A port is a number from 1 to 65535, got " + quoted(text.substr(colon + 1)) +
                " in " + quoted(text) + ".");
  server.port = *port;
  return server;
}

Result<HopServer> host_and_port(Kind kind, std::string_view text) {
  const std::string scheme = kind == Kind::lmtp ? "lmtp" : "smtp";
  const std::string example =
      ", as in " + scheme + ":127.0.0.1:" + (kind == Kind::lmtp ? "24" : "25") + ".";
  HopServer server;
  Cursor in(text);
  if (in.take('[')) {
    const auto literal = in.take_until(']');
    const auto address = literal ? IpAddress::parse(*literal) : std::nullopt;
    if (!address || !address->is_v6() || !in.take(':')) {
      return fail(quoted(text) + " should be [IPv6 address]:port, as in " + scheme + ":[::1]:24.");
    }
    server.host = address->to_string();
  } else {
    const auto name = in.take_until(':');
    if (!name || name->empty())
      return fail(quoted(text) + " should be a host and a port" + example);
    if (in.rest().contains(':')) {
      return fail("An IPv6 address stands in brackets, as in " + scheme + ":[::1]:24; got " +
                  quoted(text) + ".");
    }
    auto host = host_name(*name);
    if (!host) return std::unexpected(host.error());
    server.host = *std::move(host);
  }
  const auto port = parse_port(in.rest());
  if (!port)
    return fail("A port is a number from 1 to 65535, got " + quoted(in.rest()) + " in " +
                quoted(text) + ".");
  server.port = *port;
  return server;
}

/// What stands behind `smtp:` or `lmtp:`, up to the comma.
Result<HopServer> server_with_options(Kind kind, std::string_view text) {
  const std::size_t question = text.find('?');
  const std::string_view where = text.substr(0, question);
  Cursor in(where);
  // A host that is called mx has a port behind it, and no domain is a number.
  const bool is_mx = kind == Kind::smtp && in.take_word("mx:") && !parse_port(in.rest());
  auto server = is_mx ? mx_domain(in.rest()) : host_and_port(kind, where);
  if (!server || question == std::string_view::npos) return server;
  if (auto read = read_options(text.substr(question + 1), *server); !read)
    return fail("In " + quoted(text) + ": " + read.error().message);
  return server;
}

/// All servers are of the kind of the first.
Result<NextHop> server_list(Kind kind, std::string_view text) {
  const std::string_view scheme = kind == Kind::lmtp ? "lmtp:" : "smtp:";
  std::vector<HopServer> servers;
  for (bool more = true; more;) {
    Cursor in(text);
    if (!in.take_word(scheme)) {
      return fail("Behind the comma " + quoted(text) + " should be another " + std::string(scheme) +
                  "host:port.");
    }
    if (servers.size() == max_hop_servers)
      return fail("A next hop has at most " + std::to_string(max_hop_servers) + " servers.");
    const std::size_t comma = in.rest().find(',');
    more = comma != std::string_view::npos;
    auto server = server_with_options(kind, in.rest().substr(0, comma));
    if (!server) return std::unexpected(server.error());
    servers.push_back(*std::move(server));
    if (more) text = in.rest().substr(comma + 1);
  }
  return NextHop{.kind = kind, .path = "", .servers = HopServers(std::move(servers))};
}

std::string to_text(const HopServer& server) {
  const bool is_v6 = server.host.contains(':');
  std::string text = server.is_mx ? "mx:" : "";
  text += is_v6 ? "[" + server.host + "]" : server.host;
  if (!server.is_mx || server.port != smtp_port) text += ":" + std::to_string(server.port);
  return text + options_text(server);
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
  std::string list;
  for (const HopServer& server : servers) {
    if (!list.empty()) list += ',';
    list += text + to_text(server);
  }
  return list;
}

bool NextHop::wants_introduction() const {
  return std::ranges::any_of(servers, [](const HopServer& server) {
    return server.xclient || server.proxy != ProxyUse::none;
  });
}

Result<NextHop> parse_next_hop(std::string_view text) {
  Cursor in(text);
  if (in.take_word("maildir:")) return maildir(in.rest());
  if (in.take_word("lmtp:unix:")) return unix_socket(in.rest());
  if (istarts_with(text, "lmtp:")) return server_list(Kind::lmtp, text);
  if (istarts_with(text, "smtp:")) return server_list(Kind::smtp, text);
  return fail(quoted(text) +
              " is not a next hop: expected maildir:path, lmtp:host:port, lmtp:unix:/path, "
              "smtp:host:port or smtp:mx:domain.");
}

Result<NextHop> parse_relay(std::string_view text) {
  auto hop = parse_next_hop(text);
  if (hop && hop->kind == NextHop::Kind::maildir)
    return fail(quoted(text) +
                " is a folder: mail to other domains needs a server, smtp:host:port.");
  return hop;
}

}  // namespace postern::delivery
