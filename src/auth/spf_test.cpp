// Few worlds, looked at closely: what is asked when, what is reported. The breadth of RFC 7208 is
// in tests/conformance.
#include "auth/spf.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "auth/spf_fields.h"
#include "dns/ask.h"
#include "dns/zone.h"

using namespace postern;
using namespace postern::auth;
using dns::Question;
using dns::Type;

namespace {

dns::Zone zone(std::string_view text) {
  return dns::Zone::parse(text, "test.zone").value();
}

const dns::Zone contoso = zone(R"($ORIGIN contoso.test.
@        TXT "v=spf1 a mx include:_spf.fabrikam.test -all"
@        A   192.0.2.1
@        MX  10 mx1
@        MX  20 mx2
mx1      A   192.0.2.11
mx2      A   192.0.2.12
_spf.fabrikam.test.  TXT "v=spf1 ip4:198.51.100.0/24 a:out.fabrikam.test ?all"
out.fabrikam.test.   A   203.0.113.5
)");

SpfQuery query(std::string_view client) {
  return {.client = *IpAddress::parse(client),
          .helo = "mail.contoso.test",
          .local_part = "ann",
          .domain = "contoso.test",
          .receiver = "mx.example.com"};
}

/// Drives an evaluation and remembers the questions of each round.
SpfEvaluation evaluate(const dns::Zone& world, const SpfQuery& query,
                       std::vector<std::vector<Question>>* rounds = nullptr,
                       Steps steps = Steps::none) {
  dns::AnswerSet answers;
  for (int i = 0; i < dns::max_rounds; ++i) {
    auto asking = check_host(query, answers, steps);
    if (asking.value) return *asking.value;
    REQUIRE_FALSE(asking.questions.empty());
    if (rounds) rounds->push_back(asking.questions);
    for (const Question& question : asking.questions) {
      CHECK_FALSE(answers.find(question));
      answers.add(question, std::make_shared<const dns::Answer>(world.answer(question)));
    }
  }
  FAIL("the evaluation does not end");
  return {};
}

}  // namespace

TEST_CASE("everything that the known records lead to is asked at once") {
  std::vector<std::vector<Question>> rounds;
  const auto evaluation = evaluate(contoso, query("203.0.113.5"), &rounds);
  CHECK(evaluation.result == SpfResult::pass);
  REQUIRE(rounds.size() == 3);
  CHECK(rounds[0] == std::vector<Question>{{"contoso.test", Type::txt}});
  CHECK(rounds[1] == std::vector<Question>{{"contoso.test", Type::a},
                                           {"contoso.test", Type::mx},
                                           {"_spf.fabrikam.test", Type::txt}});
  CHECK(rounds[2] == std::vector<Question>{{"mx1.contoso.test", Type::a},
                                           {"mx2.contoso.test", Type::a},
                                           {"out.fabrikam.test", Type::a}});
}

TEST_CASE("the deciding directive is named, with its domain if it was included") {
  CHECK(evaluate(contoso, query("192.0.2.12")).mechanism == "mx");
  CHECK(evaluate(contoso, query("198.51.100.9")).mechanism ==
        "ip4:198.51.100.0/24 of _spf.fabrikam.test");
  const auto fail = evaluate(contoso, query("203.0.113.99"));
  CHECK(fail.result == SpfResult::fail);
  CHECK(fail.mechanism == "-all");
  CHECK(fail.lookups == 4);
  CHECK(fail.problem.empty());
}

TEST_CASE("a term behind the match changes nothing, though it was asked for") {
  dns::Zone world = contoso;
  world.add_failure("_spf.fabrikam.test", Type::txt, "SERVFAIL");
  CHECK(evaluate(world, query("192.0.2.1")).result == SpfResult::pass);
  const auto evaluation = evaluate(world, query("203.0.113.5"));
  CHECK(evaluation.result == SpfResult::temperror);
  CHECK(evaluation.problem == "TXT of _spf.fabrikam.test: SERVFAIL");
}

TEST_CASE("asking everything in advance gives what asking one by one gives") {
  for (const char* client :
       {"192.0.2.1", "192.0.2.12", "198.51.100.9", "203.0.113.5", "2001:db8::1"}) {
    const SpfQuery asked = query(client);
    const auto expected = evaluate(contoso, asked);
    dns::AnswerSet answers;
    while (true) {
      const auto asking = check_host(asked, answers);
      if (asking.value) {
        CHECK(asking.value->result == expected.result);
        CHECK(asking.value->mechanism == expected.mechanism);
        CHECK(asking.value->lookups == expected.lookups);
        break;
      }
      const Question& first = asking.questions.front();
      answers.add(first, std::make_shared<const dns::Answer>(contoso.answer(first)));
    }
  }
}

TEST_CASE("faults of a record are told") {
  const auto problem = [](std::string_view record) {
    const auto world = zone("contoso.test. TXT \"" + std::string(record) + "\"");
    const auto evaluation = evaluate(world, query("192.0.2.1"));
    CHECK(evaluation.result == SpfResult::permerror);
    return evaluation.problem;
  };
  CHECK(problem("v=spf1 a:192.0.2.1 -all") ==
        "record of contoso.test, `a:192.0.2.1`: the last label of the domain is a number; for "
        "addresses use ip4:");
  CHECK(problem("v=spf1 include:gone.test -all") == "gone.test has no SPF record");
  CHECK(problem("v=spf1 a:x1.test a:x2.test a:x3.test -all") ==
        "more than 2 names without records were asked for");
  CHECK(problem("v=spf1 redirect=contoso.test") == "more than 10 terms ask the DNS");
}

TEST_CASE("steps tell the way, on request") {
  const auto evaluation = evaluate(contoso, query("198.51.100.9"), nullptr, Steps::record);
  REQUIRE(evaluation.steps.size() == 6);
  CHECK(evaluation.steps[0].text == "v=spf1 a mx include:_spf.fabrikam.test -all");
  CHECK(evaluation.steps[1].text == "a");
  CHECK(evaluation.steps[1].outcome == "no match");
  CHECK(evaluation.steps[4].domain == "_spf.fabrikam.test");
  CHECK(evaluation.steps[4].outcome == "match");
  CHECK(evaluation.steps[5].text == "include:_spf.fabrikam.test");
  CHECK(evaluate(contoso, query("198.51.100.9")).steps.empty());
}

TEST_CASE("a null reverse-path is checked as postmaster at the HELO name") {
  auto null_sender = query("192.0.2.1");
  null_sender.local_part = null_sender.domain = "";
  null_sender.helo = "Contoso.TEST";
  const auto evaluation = evaluate(contoso, null_sender);
  CHECK(evaluation.result == SpfResult::pass);
  CHECK(evaluation.domain == "contoso.test");
  null_sender.helo = "[192.0.2.1]";
  CHECK(evaluate(contoso, null_sender).result == SpfResult::none);
  null_sender.helo = "printer";
  CHECK(evaluate(contoso, null_sender).result == SpfResult::none);
}

TEST_CASE("a hostile chain of records comes to an end within the limits") {
  // Each record includes two more, every one of ten has ten MX names.
  dns::Zone world;
  for (int i = 0; i < 12; ++i) {
    const std::string name = "d" + std::to_string(i) + ".test";
    world.add(i == 0 ? "contoso.test" : name,
              {.type = Type::txt,
               .text = "v=spf1 mx:m" + std::to_string(i) + ".test include:d" +
                       std::to_string(i + 1) + ".test -all"});
    for (int k = 0; k < 11; ++k)
      world.add("m" + std::to_string(i) + ".test",
                {.type = Type::mx,
                 .name = "h" + std::to_string(k) + ".m" + std::to_string(i) + ".test",
                 .preference = 1});
    for (int k = 0; k < 11; ++k)
      world.add("h" + std::to_string(k) + ".m" + std::to_string(i) + ".test",
                {.type = Type::a, .address = *IpAddress::parse("203.0.113.1")});
  }
  dns::ZoneResolver resolver(world);
  dns::AnswerSet answers;
  dns::AskBudget budget;
  const SpfQuery asked = query("192.0.2.1");
  const auto evaluation =
      dns::ask_until_done(resolver, answers, budget,
                          [&](const dns::AnswerSet& known) { return check_host(asked, known); });
  CHECK(evaluation.result == SpfResult::permerror);
  CHECK(budget.questions() <= dns::max_questions);
}

TEST_CASE("results in header fields") {
  const auto passed = evaluate(contoso, query("192.0.2.1"));
  CHECK(
      to_received_spf_field(query("192.0.2.1"), passed) ==
      "Received-SPF: pass\r\n"
      "\t(mx.example.com: domain of ann@contoso.test designates 192.0.2.1 as permitted sender)\r\n"
      "\tidentity=mailfrom; client-ip=192.0.2.1; helo=mail.contoso.test;\r\n"
      "\tenvelope-from=\"ann@contoso.test\"; receiver=mx.example.com; mechanism=a;\r\n");
  CHECK(mail::to_authentication_results_body(
            {.authserv_id = "mx.example.com",
             .results = {to_authentication_result(query("192.0.2.1"), passed)}}) ==
        " mx.example.com;\r\n"
        "\tspf=pass\r\n"
        "\t(domain of ann@contoso.test designates 192.0.2.1 as permitted sender)\r\n"
        "\tsmtp.mailfrom=ann@contoso.test");
  auto null_sender = query("192.0.2.1");
  null_sender.local_part = null_sender.domain = "";
  const auto result = to_authentication_result(null_sender, evaluate(contoso, null_sender));
  CHECK(result.properties ==
        std::vector<mail::AuthenticationProperty>{{"smtp", "helo", "mail.contoso.test"}});
}
