// What may stand behind the question mark of a next hop:
//
//   tls=none | opportunistic | required | verify | dane
//   name=mx.contoso.com    with tls=verify: the name that the certificate must have
//   xclient=yes | no       tell the hop by XCLIENT whom we speak for
//   proxy=v1 | v2 | no     … or by the PROXY protocol
//
// Each at most once, in any order. A word that is not known is an error: a policy that is
// misspelt must not become no policy.
#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "base/ip_address.h"
#include "delivery/next_hop.h"
#include "mail/domain_name.h"

namespace postern::delivery {
namespace {

std::unexpected<Error> expected(std::string_view option, std::string_view words,
                                std::string_view found) {
  return fail(std::string(option) + " is " + std::string(words) + ", got \"" + std::string(found) +
              "\".");
}

Result<void> read_tls(std::string_view value, HopServer& server) {
  for (const TlsPolicy policy : {TlsPolicy::none, TlsPolicy::opportunistic, TlsPolicy::required,
                                 TlsPolicy::verify, TlsPolicy::dane}) {
    if (!iequals(value, to_string(policy))) continue;
    server.tls = policy;
    return {};
  }
  return expected("tls", "none, opportunistic, required, verify or dane", value);
}

Result<void> read_name(std::string_view value, HopServer& server) {
  const auto name = mail::to_a_label(value);
  if (!name) return expected("name", "a host name", value);
  server.tls_name = *name;
  return {};
}

Result<void> read_xclient(std::string_view value, HopServer& server) {
  if (!iequals(value, "yes") && !iequals(value, "no"))
    return expected("xclient", "yes or no", value);
  server.xclient = iequals(value, "yes");
  return {};
}

Result<void> read_proxy(std::string_view value, HopServer& server) {
  if (iequals(value, "v1")) {
    server.proxy = ProxyUse::v1;
  } else if (iequals(value, "v2")) {
    server.proxy = ProxyUse::v2;
  } else if (!iequals(value, "no")) {
    return expected("proxy", "v1, v2 or no", value);
  }
  return {};
}

struct Option {
  std::string_view name;
  Result<void> (*read)(std::string_view value, HopServer& server);
};
constexpr std::array<Option, 4> options{
    Option{"tls", read_tls}, {"name", read_name}, {"xclient", read_xclient}, {"proxy", read_proxy}};

/// What does not make sense together.
Result<void> check(const HopServer& server) {
  if (!server.tls_name.empty() && server.tls != TlsPolicy::verify)
    return fail("name is for tls=verify, which compares it with the certificate.");
  if (server.tls == TlsPolicy::dane && IpAddress::parse(server.host)) {
    return fail("tls=dane needs a host name, since TLSA records belong to names; got " +
                server.host + ".");
  }
  if (server.xclient && server.proxy != ProxyUse::none)
    return fail("xclient and proxy tell the hop the same; choose one of them.");
  return {};
}

}  // namespace

std::string_view to_string(TlsPolicy policy) {
  switch (policy) {
    case TlsPolicy::by_address:
      return "";
    case TlsPolicy::none:
      return "none";
    case TlsPolicy::opportunistic:
      return "opportunistic";
    case TlsPolicy::required:
      return "required";
    case TlsPolicy::verify:
      return "verify";
    case TlsPolicy::dane:
      return "dane";
  }
  std::abort();  // A number that was never a TlsPolicy: our bug.
}

Result<void> read_options(std::string_view text, HopServer& server) {
  std::array<bool, options.size()> seen{};
  for (bool more = true; more;) {
    const std::size_t end = text.find('&');
    more = end != std::string_view::npos;
    const std::string_view one = text.substr(0, end);
    if (more) text.remove_prefix(end + 1);
    const std::size_t equals = one.find('=');
    const auto option = std::ranges::find_if(
        options, [&](const Option& known) { return iequals(known.name, one.substr(0, equals)); });
    if (option == options.end() || equals == std::string_view::npos) {
      return fail("\"" + std::string(one) +
                  "\" is no option of a next hop: expected tls=…, name=…, xclient=… or proxy=….");
    }
    if (std::exchange(seen[static_cast<std::size_t>(option - options.begin())], true))
      return fail(std::string(option->name) + " is said twice.");
    if (auto read = option->read(one.substr(equals + 1), server); !read) return read;
  }
  return check(server);
}

std::string options_text(const HopServer& server) {
  std::string text;
  const auto add = [&](std::string_view option) { (text += text.empty() ? '?' : '&') += option; };
  if (server.tls != TlsPolicy::by_address) add("tls=" + std::string(to_string(server.tls)));
  if (!server.tls_name.empty()) add("name=" + server.tls_name);
  if (server.xclient) add("xclient=yes");
  if (server.proxy != ProxyUse::none) add(server.proxy == ProxyUse::v1 ? "proxy=v1" : "proxy=v2");
  return text;
}

}  // namespace postern::delivery
