#include "dns/ask.h"

#include <doctest/doctest.h>

#include "dns/zone.h"

using namespace postern::dns;

namespace {

/// Asks for a.test, then for b.test, …, and counts the answers that were no failures.
Asking<int> ask_one_after_the_other(const AnswerSet& answers, int count) {
  int good = 0;
  for (int i = 0; i < count; ++i) {
    const Question question{"n" + std::to_string(i) + ".test", Type::a};
    const Answer* answer = answers.find(question);
    if (!answer) return {.questions = {question, question}};
    good += answer->status == Status::nxdomain;
  }
  return {.value = good};
}

}  // namespace

TEST_CASE("an evaluation is called until it has its result") {
  ZoneResolver resolver{Zone()};
  AnswerSet answers;
  AskBudget budget;
  CHECK(ask_until_done(resolver, answers, budget, [](const AnswerSet& known) {
          return ask_one_after_the_other(known, 5);
        }) == 5);
  CHECK(answers.size() == 5);
  CHECK(budget.rounds() == 5);
  CHECK(budget.questions() == 5);
}

TEST_CASE("rounds are limited, what is open then fails") {
  ZoneResolver resolver{Zone()};
  AnswerSet answers;
  AskBudget budget;
  CHECK(ask_until_done(resolver, answers, budget, [](const AnswerSet& known) {
          return ask_one_after_the_other(known, 40);
        }) == max_rounds);
}

TEST_CASE("questions are limited, over all rounds of a message") {
  AnswerSet answers;
  AskBudget budget;
  std::vector<Question> many;
  for (int i = 0; i < max_questions - 1; ++i) many.push_back({std::to_string(i), Type::a});
  CHECK(budget.begin_round(many, answers).size() == max_questions - 1);
  CHECK(budget.begin_round({{"x", Type::a}, {"y", Type::a}}, answers) ==
        std::vector<Question>{{"x", Type::a}});
  REQUIRE(answers.find({"y", Type::a}));
  CHECK(answers.find({"y", Type::a})->status == Status::failure);
}
