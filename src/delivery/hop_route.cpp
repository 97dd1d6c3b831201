#include "delivery/hop_route.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>

#include "base/ascii.h"

namespace postern::delivery {
namespace {

using dns::Answer;
using dns::Question;
using dns::Status;
using dns::Type;

using Asked = dns::Asking<Result<HopRoute>>;

/// A host that may take the mail.
struct Host {
  std::string name;
  bool secure = true;  ///< that it is the right one: the MX answer's DNSSEC
};

TlsPolicy settled(TlsPolicy policy, const IpAddress& address) {
  if (policy != TlsPolicy::by_address) return policy;
  return address.is_loopback() ? TlsPolicy::none : TlsPolicy::opportunistic;
}

HopAddress address_of(const HopServer& server, std::string name, const IpAddress& address) {
  HopAddress made{.endpoint = {.address = address, .port = server.port, .path = {}},
                  .name = std::move(name),
                  .tls = settled(server.tls, address),
                  .expected = nullptr};
  return made;
}

/// Whom the certificate must name. An MX record that DNSSEC has not validated may come from
/// anybody: then its host proves nothing, and the domain itself is looked for.
std::vector<std::string> names_to_verify(const HopServer& server, const Host& host) {
  if (!server.tls_name.empty()) return {server.tls_name};
  if (!server.is_mx) return {server.host};
  std::vector<std::string> names{server.host};
  if (host.secure) names.push_back(host.name);
  return names;
}

std::shared_ptr<const net::ExpectedServer> whom_to_expect(const HopServer& server,
                                                          const Host& host) {
  net::ExpectedServer expected;
  // RFC 6066 section 3: an address is no server name.
  if (!IpAddress::parse(host.name)) expected.server_name = host.name;
  if (server.tls == TlsPolicy::verify) {
    expected.check = net::ExpectedServer::Check::name;
    expected.names = names_to_verify(server, host);
  }
  return std::make_shared<const net::ExpectedServer>(std::move(expected));
}

std::string sentence(const std::string& name, const char* what) {
  return name + " " + what + ".";
}

/// The hosts of an MX answer that come before us, in the order in which they are tried.
Result<std::vector<Host>> choose_hosts(const std::string& domain, const Answer& answer,
                                       std::string_view own_name, std::uint64_t seed) {
  auto shuffled = answer.mail_exchanges;
  std::mt19937_64 random(seed);
  std::ranges::shuffle(shuffled, random);
  // Keeps what is equal in the order in which it comes.
  std::multimap<std::uint16_t, dns::MailExchange> sorted;
  for (const dns::MailExchange& one : shuffled) sorted.emplace(one.preference, one);
  std::vector<dns::MailExchange> exchanges;
  for (const auto& [preference, one] : sorted) exchanges.push_back(one);

  const auto ours = std::ranges::find_if(
      exchanges, [&](const dns::MailExchange& one) { return iequals(one.host, own_name); });
  if (ours != exchanges.end()) {
    const auto preference = ours->preference;
    std::erase_if(exchanges, [&](const auto& one) { return one.preference >= preference; });
    if (exchanges.empty()) {
      return fail("The MX records of " + domain + " lead to this server itself, " +
                  std::string(own_name) + ": mail would go in a circle.");
    }
  }
  // RFC 7505: a null MX beside others makes no sense and is passed over.
  std::erase_if(exchanges, [](const dns::MailExchange& one) { return one.host.empty(); });
  if (exchanges.empty()) return fail(sentence(domain, "takes no mail (null MX, RFC 7505)"));
  std::vector<Host> hosts;
  for (const dns::MailExchange& one : exchanges) {
    if (hosts.size() == max_mail_exchanges) break;
    if (std::ranges::find(hosts, one.host, &Host::name) == hosts.end())
      hosts.push_back({.name = one.host, .secure = answer.secure});
  }
  return hosts;
}

/// Nothing: MX has to be asked for, or its answer is a failure.
Result<std::vector<Host>> find_hosts(const HopServer& server, std::string_view own_name,
                                     std::uint64_t seed, const Answer* mx) {
  if (mx == nullptr) return std::vector<Host>{{.name = server.host, .secure = true}};
  switch (mx->status) {
    case Status::ok:
      return choose_hosts(server.host, *mx, own_name, seed);
    case Status::empty:
      // RFC 5321 section 5.1: the domain itself is its implicit MX.
      return std::vector<Host>{{.name = server.host, .secure = mx->secure}};
    case Status::nxdomain:
      return fail(sentence(server.host, "does not exist"));
    case Status::failure:
      return fail("The MX records of " + server.host + " cannot be found: " + mx->problem + ".");
  }
  std::abort();
}

/// The addresses of one host, or why there are none.
class HostLook {
 public:
  HostLook(const HopServer& server, const Host& host, const dns::AnswerSet& answers)
      : server_(server), host_(host), answers_(answers) {}

  /// Everything that is known allows; the rest is in `open`.
  Result<HopRoute> look(std::vector<Question>& open) {
    const Answer* v6 = find(host_.name, Type::aaaa, open);
    const Answer* v4 = find(host_.name, Type::a, open);
    if (v4 == nullptr || v6 == nullptr) return HopRoute();
    HopRoute route;
    // RFC 6724: IPv6 first; without it the first attempt fails at once.
    for (const Answer* answer : {v6, v4}) {
      for (const IpAddress& address : answer->addresses)
        route.push_back(address_of(server_, host_.name, address));
    }
    if (route.empty()) {
      const Answer* failed = v4->status == Status::failure   ? v4
                             : v6->status == Status::failure ? v6
                                                             : nullptr;
      if (failed == nullptr) return fail(sentence(host_.name, "has no address"));
      return fail("The address of " + host_.name + " cannot be found: " + failed->problem + ".");
    }
    auto expected = whom_to_expect(server_, host_);
    if (server_.tls == TlsPolicy::dane) {
      auto dane = expect_dane(*v4, *v6, open);
      if (!dane) return std::unexpected(dane.error());
      expected = std::move(*dane);
    }
    for (HopAddress& address : route) address.expected = expected;
    return route;
  }

 private:
  const Answer* find(const std::string& name, Type type, std::vector<Question>& open) const {
    Question question{.name = name, .type = type};
    const Answer* answer = answers_.find(question);
    if (answer == nullptr) open.push_back(std::move(question));
    return answer;
  }

  /// RFC 7672 sections 2.2 and 3.2.2. TLSA records are worth what the names are that led to
  /// them: MX and address have to be secure as well. Null: something has to be asked first.
  Result<std::shared_ptr<const net::ExpectedServer>> expect_dane(const Answer& v4, const Answer& v6,
                                                                 std::vector<Question>& open) {
    const auto insecure = [](const Answer& answer) {
      return answer.status == Status::ok && !answer.secure;
    };
    if (!host_.secure) {
      return fail("The MX records of " + server_.host +
                  " are not secured by DNSSEC, which tls=dane needs.");
    }
    if (insecure(v4) || insecure(v6))
      return fail(sentence("The address of " + host_.name,
                           "is not secured by DNSSEC, which tls=dane needs"));
    const Answer& addressed = v4.status == Status::ok ? v4 : v6;
    // Section 2.2.2: first the name at the end of the aliases, then the one they began with.
    std::vector<std::string> bases;
    if (!addressed.cname_chain.empty()) bases.push_back(addressed.cname_chain.back());
    bases.push_back(host_.name);
    std::string problem = "has no TLSA record";
    for (const std::string& base : bases) {
      const std::string name = "_" + std::to_string(server_.port) + "._tcp." + base;
      const Answer* answer = find(name, Type::tlsa, open);
      if (answer == nullptr) return nullptr;
      if (answer->status == Status::failure)
        return fail("The TLSA records " + name + " cannot be found: " + answer->problem + ".");
      if (answer->status != Status::ok) continue;
      if (!answer->secure) return fail("The TLSA records " + name + " are not secured by DNSSEC.");
      net::ExpectedServer expected{.check = net::ExpectedServer::Check::dane,
                                   .server_name = base,
                                   .names = {base},
                                   .tlsa = read_tlsa(*answer)};
      if (server_.is_mx && server_.host != base) expected.names.push_back(server_.host);
      if (std::ranges::any_of(expected.tlsa, net::is_usable))
        return std::make_shared<const net::ExpectedServer>(std::move(expected));
      problem = "has no TLSA record that could be used (RFC 7672 section 3.1)";
      break;
    }
    return fail(sentence(host_.name, problem.c_str()));
  }

  const HopServer& server_;
  const Host& host_;
  const dns::AnswerSet& answers_;
};

}  // namespace

std::string HopAddress::to_string() const {
  if (endpoint.is_unix() || name.empty()) return endpoint.to_string();
  return name + " [" + endpoint.address.to_string() + "]:" + std::to_string(endpoint.port);
}

bool needs_dns(const HopServer& server) {
  return server.is_mx || server.tls == TlsPolicy::dane;
}

Asked find_route(const HopServer& server, std::string_view own_name, std::uint64_t seed,
                 const dns::AnswerSet& answers) {
  const Answer* mx = nullptr;
  if (server.is_mx) {
    Question question{.name = server.host, .type = Type::mx};
    mx = answers.find(question);
    if (mx == nullptr) return {.value = {}, .questions = {std::move(question)}};
  }
  const auto hosts = find_hosts(server, own_name, seed, mx);
  if (!hosts) return {.value = std::unexpected(hosts.error()), .questions = {}};

  Asked asked;
  HopRoute route;
  std::string problems;
  for (const Host& host : *hosts) {
    auto found = HostLook(server, host, answers).look(asked.questions);
    if (!found) {
      problems += (problems.empty() ? "" : " ") + found.error().message;
      continue;
    }
    for (HopAddress& address : *found) {
      if (route.size() < max_route_addresses) route.push_back(std::move(address));
    }
  }
  if (!asked.questions.empty()) return asked;
  if (route.empty()) {
    asked.value = fail(std::move(problems));
  } else {
    asked.value = std::move(route);
  }
  return asked;
}

HopRoute route_to(const HopServer& server, const std::vector<IpAddress>& addresses) {
  const bool is_name = !IpAddress::parse(server.host);
  const auto expected = whom_to_expect(server, {.name = server.host, .secure = true});
  HopRoute route;
  for (const IpAddress& address : addresses) {
    HopAddress made = address_of(server, is_name ? server.host : "", address);
    made.expected = expected;
    route.push_back(std::move(made));
  }
  return route;
}

std::vector<net::TlsaRecord> read_tlsa(const Answer& answer) {
  std::vector<net::TlsaRecord> records;
  for (const std::string& rdata : answer.raw) {
    if (rdata.size() < 4 || records.size() == max_tlsa_records) continue;
    const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(rdata[at]); };
    records.push_back(
        {.usage = byte(0), .selector = byte(1), .matching = byte(2), .data = rdata.substr(3)});
  }
  return records;
}

}  // namespace postern::delivery
