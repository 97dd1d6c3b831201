#include "delivery/hop_route.h"

#include <doctest/doctest.h>

#include <map>
#include <set>

using namespace postern;
using namespace postern::delivery;
using dns::Answer;
using dns::Question;
using dns::Status;
using dns::Type;

namespace {

/// A DNS of a few answers; what is not in it does not exist. Secure, unless it is told otherwise.
struct ToyDns {
  std::map<Question, Answer> answers;

  Answer& add(const std::string& name, Type type, bool secure = true) {
    Answer& answer = answers[{name, type}];
    answer.status = Status::ok;
    answer.secure = secure;
    return answer;
  }
  ToyDns& mx(const std::string& domain, std::uint16_t preference, const std::string& host) {
    add(domain, Type::mx).mail_exchanges.push_back({preference, host});
    return *this;
  }
  ToyDns& host(const std::string& name, const std::string& address) {
    const IpAddress parsed = *IpAddress::parse(address);
    add(name, parsed.is_v4() ? Type::a : Type::aaaa).addresses.push_back(parsed);
    return *this;
  }
  ToyDns& tlsa(const std::string& name, const std::string& rdata) {
    add(name, Type::tlsa).raw.push_back(rdata);
    return *this;
  }
  ToyDns& fails(const std::string& name, Type type) {
    answers[{name, type}] = {.status = Status::failure, .problem = "SERVFAIL"};
    return *this;
  }
  ToyDns& empty(const std::string& name, Type type) {
    answers[{name, type}] = {.status = Status::empty, .secure = true};
    return *this;
  }

  Result<HopRoute> route(const std::string& hop, std::uint64_t seed = 1) const {
    const HopServer server = parse_next_hop(hop).value().servers.front();
    dns::AnswerSet known;
    for (int round = 0; round < 10; ++round) {
      auto asked = find_route(server, "mx.contoso.test", seed, known);
      if (asked.value) return *asked.value;
      REQUIRE_FALSE(asked.questions.empty());
      for (const Question& question : asked.questions) {
        const auto found = answers.find(question);
        known.add(question,
                  std::make_shared<const Answer>(
                      found == answers.end() ? Answer{.status = Status::nxdomain, .secure = true}
                                             : found->second));
      }
    }
    FAIL("it asks without end");
    return {};
  }
  std::string order(const std::string& hop, std::uint64_t seed = 1) const {
    const auto found = route(hop, seed);
    if (!found) return found.error().message;
    std::string text;
    for (const HopAddress& one : *found) text += (text.empty() ? "" : ", ") + one.to_string();
    return text;
  }
};

const std::string ee_record("\x03\x01\x01" + std::string(32, 'k'));

}  // namespace

TEST_CASE("hosts are tried by preference, those of equal preference in any order") {
  ToyDns dns;
  dns.mx("a.test", 20, "third.test").mx("a.test", 10, "one.test").mx("a.test", 10, "two.test");
  dns.host("one.test", "192.0.2.1").host("two.test", "192.0.2.2").host("third.test", "192.0.2.3");
  std::set<std::string> orders;
  for (std::uint64_t seed = 0; seed < 100; ++seed) orders.insert(dns.order("smtp:mx:a.test", seed));
  CHECK(orders ==
        std::set<std::string>{
            "one.test [192.0.2.1]:25, two.test [192.0.2.2]:25, third.test [192.0.2.3]:25",
            "two.test [192.0.2.2]:25, one.test [192.0.2.1]:25, third.test [192.0.2.3]:25"});
  CHECK(dns.order("smtp:mx:a.test:2525").contains("[192.0.2.1]:2525"));

  dns.host("third.test", "2001:db8::3");
  CHECK(dns.order("smtp:mx:a.test")
            .ends_with("third.test [2001:db8::3]:25, third.test [192.0.2.3]:25"));
}

TEST_CASE("a domain without MX is its own, one with a null MX takes no mail") {
  ToyDns dns;
  dns.empty("plain.test", Type::mx).host("plain.test", "192.0.2.9");
  CHECK(dns.order("smtp:mx:plain.test") == "plain.test [192.0.2.9]:25");
  dns.mx("null.test", 0, "").host("null.test", "192.0.2.9");
  CHECK(dns.order("smtp:mx:null.test") == "null.test takes no mail (null MX, RFC 7505).");
  CHECK(dns.order("smtp:mx:nowhere.test") == "nowhere.test does not exist.");
  dns.fails("broken.test", Type::mx).host("broken.test", "192.0.2.9");
  CHECK(dns.order("smtp:mx:broken.test") ==
        "The MX records of broken.test cannot be found: SERVFAIL.");
}

TEST_CASE("mail does not go in a circle: only hosts that are preferred to us are left") {
  ToyDns dns;
  dns.mx("a.test", 10, "best.test").mx("a.test", 20, "MX.contoso.test").mx("a.test", 20, "b.test");
  dns.mx("a.test", 30, "c.test");
  for (const char* name : {"best.test", "mx.contoso.test", "b.test", "c.test"})
    dns.host(name, "192.0.2.1");
  CHECK(dns.order("smtp:mx:a.test") == "best.test [192.0.2.1]:25");
  dns.mx("ours.test", 10, "mx.contoso.test").mx("ours.test", 20, "b.test");
  CHECK(dns.order("smtp:mx:ours.test") ==
        "The MX records of ours.test lead to this server itself, mx.contoso.test: mail would go "
        "in a circle.");
}

TEST_CASE("hosts that cannot be found are passed over, and only then spoken of") {
  ToyDns dns;
  dns.mx("a.test", 10, "gone.test").mx("a.test", 20, "broken.test").mx("a.test", 30, "here.test");
  dns.fails("broken.test", Type::a).fails("broken.test", Type::aaaa).host("here.test", "192.0.2.1");
  CHECK(dns.order("smtp:mx:a.test") == "here.test [192.0.2.1]:25");
  dns.answers.erase({"here.test", Type::a});
  CHECK(dns.order("smtp:mx:a.test") ==
        "gone.test has no address. The address of broken.test cannot be found: SERVFAIL. "
        "here.test has no address.");
}

TEST_CASE("a domain with endless MX records costs a bounded number of questions") {
  ToyDns dns;
  for (int i = 0; i < 100; ++i) {
    const std::string host = "h" + std::to_string(i) + ".test";
    dns.mx("a.test", 10, host);
    for (int n = 0; n < 50; ++n) dns.host(host, "192.0.2." + std::to_string(n));
  }
  CHECK(dns.route("smtp:mx:a.test")->size() == max_route_addresses);
  const HopServer server = parse_next_hop("smtp:mx:a.test")->servers.front();
  dns::AnswerSet known;
  known.add({"a.test", Type::mx},
            std::make_shared<const Answer>(dns.answers[{"a.test", Type::mx}]));
  CHECK(find_route(server, "us.test", 1, known).questions.size() == 2 * max_mail_exchanges);
}

TEST_CASE("DANE holds only where every answer on the way is secure") {
  ToyDns dns;
  dns.mx("a.test", 10, "h.test").host("h.test", "192.0.2.1").tlsa("_25._tcp.h.test", ee_record);
  const auto route = dns.route("smtp:mx:a.test?tls=dane");
  REQUIRE(route);
  const net::ExpectedServer& expected = *route->front().expected;
  CHECK(route->front().tls == TlsPolicy::dane);
  CHECK(expected.check == net::ExpectedServer::Check::dane);
  CHECK(expected.names == std::vector<std::string>{"h.test", "a.test"});
  CHECK(expected.tlsa ==
        std::vector<net::TlsaRecord>{
            {.usage = 3, .selector = 1, .matching = 1, .data = std::string(32, 'k')}});
  CHECK(dns.order("smtp:h.test:25?tls=dane") == "h.test [192.0.2.1]:25");
  CHECK(dns.order("smtp:h.test:26?tls=dane") == "h.test has no TLSA record.");

  for (const Question& question : {Question{"a.test", Type::mx}, Question{"h.test", Type::a},
                                   Question{"_25._tcp.h.test", Type::tlsa}}) {
    CAPTURE(question.name);
    ToyDns insecure = dns;
    insecure.answers[question].secure = false;
    CHECK(insecure.order("smtp:mx:a.test?tls=dane").contains("secured by DNSSEC"));
    ToyDns broken = dns;
    broken.fails(question.name, question.type);
    CHECK(broken.order("smtp:mx:a.test?tls=dane").contains("cannot be found: SERVFAIL"));
  }
  dns.answers[{"_25._tcp.h.test", Type::tlsa}].raw = {std::string("\x01\x01\x01kkkk", 7), "\x03"};
  CHECK(dns.order("smtp:mx:a.test?tls=dane").contains("no TLSA record that could be used"));
}

TEST_CASE("DANE follows a secure alias to the name that has the records") {
  ToyDns dns;
  dns.host("alias.test", "192.0.2.1");
  dns.answers[{"alias.test", Type::a}].cname_chain = {"between.test", "real.test"};
  dns.tlsa("_25._tcp.real.test", ee_record);
  CHECK(dns.route("smtp:alias.test:25?tls=dane")->front().expected->names ==
        std::vector<std::string>{"real.test"});
  dns.answers.erase({"_25._tcp.real.test", Type::tlsa});
  dns.tlsa("_25._tcp.alias.test", ee_record);
  CHECK(dns.route("smtp:alias.test:25?tls=dane")->front().expected->names ==
        std::vector<std::string>{"alias.test"});
}

TEST_CASE("what the certificate must name, and where TLS is tried unasked") {
  const auto expect = [](const char* hop, const char* address) {
    return route_to(parse_next_hop(hop)->servers.front(), {*IpAddress::parse(address)}).front();
  };
  CHECK(expect("smtp:a.test:25", "192.0.2.1").tls == TlsPolicy::opportunistic);
  CHECK(expect("smtp:a.test:25", "127.0.0.9").tls == TlsPolicy::none);
  CHECK(expect("smtp:a.test:25?tls=required", "::1").tls == TlsPolicy::required);
  CHECK(expect("smtp:a.test:25", "192.0.2.1").expected->check ==
        net::ExpectedServer::Check::nobody);
  using Names = std::vector<std::string>;
  CHECK(expect("smtp:a.test:25?tls=verify", "192.0.2.1").expected->names == Names{"a.test"});
  CHECK(expect("smtp:a.test:25?tls=verify&name=b.test", "192.0.2.1").expected->names ==
        Names{"b.test"});
  CHECK(expect("smtp:192.0.2.1:25?tls=verify", "192.0.2.1").expected->server_name.empty());

  // Whoever forges an MX record chooses the host, not the domain.
  ToyDns dns;
  dns.mx("a.test", 10, "h.test").host("h.test", "192.0.2.1");
  CHECK(dns.route("smtp:mx:a.test?tls=verify")->front().expected->names ==
        Names{"a.test", "h.test"});
  dns.answers[{"a.test", Type::mx}].secure = false;
  CHECK(dns.route("smtp:mx:a.test?tls=verify")->front().expected->names == Names{"a.test"});
}
