#include "dns/unbound_resolver.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "dns/ask.h"
#include "dns/zone_server_for_test.h"

using namespace postern::dns;
using postern::IpAddress;
using namespace std::chrono_literals;

namespace {

const char world[] = R"($ORIGIN contoso.test.
@       60 A 192.0.2.1
@       AAAA 2001:db8::1
@       MX 10 mail
@       MX 0 .
@       TXT "v=spf1 " "-all"
@       TXT "other"
www     CNAME web
web     CNAME @
broken  SERVFAIL
silent  TIMEOUT
mail    A 192.0.2.2
1.2.0.192.in-addr.arpa.  PTR mail
1.0.0.10.in-addr.arpa.   PTR mail
1.0.0.127.in-addr.arpa.  PTR mail
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR mail
)";

Zone make_zone() {
  Zone zone = Zone::parse(world, "test").value();
  for (int i = 0; i < 40; ++i)
    zone.add("long.contoso.test",
             {.type = Type::txt, .text = std::to_string(i) + std::string(200, 'x')});
  return zone;
}

struct Fixture {
  ZoneServer server{make_zone()};
  std::unique_ptr<Resolver> resolver = make({});

  std::unique_ptr<Resolver> make(UnboundOptions options) {
    options.servers = {server.address()};
    auto made = make_unbound_resolver(options);
    if (!made) FAIL(made.error().message);
    return std::move(*made);
  }

  Answer ask(Resolver& with, std::string name, Type type) {
    AnswerSet answers;
    const Question question{std::move(name), type};
    fetch(with, {question}, answers, std::chrono::steady_clock::now() + 30s);
    return *answers.find(question);
  }
  Answer ask(std::string name, Type type) { return ask(*resolver, std::move(name), type); }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "libunbound asks a server on loopback for names under .test") {
  const Answer a = ask("contoso.test", Type::a);
  CHECK(a.status == Status::ok);
  CHECK(a.addresses == std::vector{*IpAddress::parse("192.0.2.1")});
  CHECK(a.ttl <= 60);
  CHECK_FALSE(a.secure);
  CHECK(ask("contoso.test", Type::aaaa).addresses == std::vector{*IpAddress::parse("2001:db8::1")});
  CHECK(ask("contoso.test", Type::mx).mail_exchanges.size() == 2);
  auto texts = ask("contoso.test", Type::txt).texts;
  std::ranges::sort(texts);
  CHECK(texts == std::vector<std::string>{"other", "v=spf1 -all"});
}

TEST_CASE_FIXTURE(Fixture, "CNAME chains, negative answers and failures are told apart") {
  const Answer www = ask("www.contoso.test", Type::a);
  CHECK(www.addresses.size() == 1);
  CHECK(www.cname_chain == std::vector<std::string>{"web.contoso.test", "contoso.test"});
  CHECK(ask("contoso.test", Type::tlsa).status == Status::empty);
  CHECK(ask("contoso.test", Type::tlsa).ttl > 0);
  CHECK(ask("gone.contoso.test", Type::a).status == Status::nxdomain);
  const Answer broken = ask("broken.contoso.test", Type::a);
  CHECK(broken.status == Status::failure);
  CHECK(broken.problem == "SERVFAIL");
}

TEST_CASE_FIXTURE(Fixture, "names of private, documentation and loopback addresses are asked") {
  for (const char* name :
       {"1.2.0.192.in-addr.arpa", "1.0.0.10.in-addr.arpa", "1.0.0.127.in-addr.arpa",
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"}) {
    CAPTURE(std::string(name));
    CHECK(ask(name, Type::ptr).names == std::vector<std::string>{"mail.contoso.test"});
  }
}

TEST_CASE_FIXTURE(Fixture, "what does not fit a datagram comes over TCP") {
  CHECK(ask("long.contoso.test", Type::txt).texts.size() == 40);
}

TEST_CASE_FIXTURE(Fixture, "a question that is never answered ends as a time-out") {
  const auto hurried = make({.question_timeout = 200ms});
  const Answer silent = ask(*hurried, "silent.contoso.test", Type::a);
  CHECK(silent.status == Status::failure);
  CHECK(silent.problem == "timeout");
  // The resolver goes on.
  CHECK(ask(*hurried, "mail.contoso.test", Type::a).status == Status::ok);
}

TEST_CASE_FIXTURE(Fixture, "questions in flight are limited") {
  const auto narrow = make({.question_timeout = 200ms, .max_outstanding = 2});
  AnswerSet answers;
  fetch(*narrow,
        {{"silent.contoso.test", Type::a},
         {"silent.contoso.test", Type::mx},
         {"contoso.test", Type::a}},
        answers, std::chrono::steady_clock::now() + 30s);
  CHECK(answers.find({"contoso.test", Type::a})->problem == "too many questions in flight");
  CHECK(answers.find({"silent.contoso.test", Type::mx})->problem == "timeout");
}

TEST_CASE_FIXTURE(Fixture, "a resolver may end with questions open") {
  bool called = false;
  resolver->ask({"silent.contoso.test", Type::a}, [&](auto) { called = true; });
  resolver.reset();
  CHECK_FALSE(called);
}

TEST_CASE("wrong servers and anchors are told") {
  CHECK(to_unbound_address("127.0.0.1:5353") == "127.0.0.1@5353");
  CHECK(to_unbound_address("[::1]:53") == "::1@53");
  CHECK(to_unbound_address("::1") == "::1");
  CHECK(to_unbound_address("192.0.2.53") == "192.0.2.53");
  for (const char* bad : {"", "ns.contoso.test", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536",
                          "[::1", "[::1]53", "127.0.0.1:x"}) {
    CAPTURE(std::string(bad));
    CHECK_FALSE(to_unbound_address(bad));
    CHECK_FALSE(make_unbound_resolver({.servers = {bad}}));
  }
  CHECK_FALSE(
      make_unbound_resolver({.servers = {"127.0.0.1"}, .trust_anchor = "/nowhere/root.key"}));
}
