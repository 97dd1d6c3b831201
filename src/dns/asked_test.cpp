#include "dns/asked.h"

#include <doctest/doctest.h>

#include <memory>

using namespace postern;
using namespace postern::dns;

namespace {

AnswerSet set_of(std::size_t count, std::string_view prefix) {
  AnswerSet answers;
  for (std::size_t i = 0; i < count; ++i) {
    answers.add({std::string(prefix) + std::to_string(i) + ".test", Type::a},
                std::make_shared<Answer>());
  }
  return answers;
}

}  // namespace

TEST_CASE("an answer is one line, whatever a stranger has put into it") {
  CHECK(to_text(
            {"contoso.test", Type::txt},
            {.status = Status::ok, .secure = true, .ttl = 60, .texts = {"v=spf1 -all", "a\"\n"}}) ==
        "contoso.test TXT: \"v=spf1 -all\" \"a\\\"\\010\" (secure)");
  CHECK(to_text({"contoso.test", Type::mx},
                {.status = Status::ok, .mail_exchanges = {{10, "mx.contoso.test"}, {0, ""}}}) ==
        "contoso.test MX: 10 mx.contoso.test 0 .");
  CHECK(to_text({"a.test", Type::a}, {.status = Status::ok,
                                      .cname_chain = {"b.test"},
                                      .addresses = {*IpAddress::parse("192.0.2.1")}}) ==
        "a.test A -> b.test: 192.0.2.1");
  CHECK(to_text({"a.test", Type::ptr}, {.status = Status::nxdomain}) == "a.test PTR: no such name");
  CHECK(to_text({"a.test", Type::aaaa}, {.status = Status::empty}) ==
        "a.test AAAA: no such record");
  CHECK(to_text({"a.test", Type::txt}, {.status = Status::failure, .problem = "SERVFAIL"}) ==
        "a.test TXT: no answer: SERVFAIL");
  CHECK(to_text({"a.test", Type::txt}, {.status = Status::ok, .texts = {std::string(60'000, 'x')}})
            .size() == 4000);
}

TEST_CASE("a question is kept once, with its first answer, and not without end") {
  Asked asked;
  asked.add(set_of(3, "a"));
  const auto* first = asked.entries().front().answer.get();
  asked.add(set_of(3, "a"));
  CHECK(asked.entries().size() == 3);
  CHECK(asked.entries().front().answer.get() == first);
  asked.add(set_of(1000, "b"));
  CHECK(asked.entries().size() == Asked::max_answers);
}
