#include "dns/answer_cache.h"

#include <doctest/doctest.h>

#include <deque>

using namespace postern::dns;
using namespace std::chrono_literals;

namespace {

const AnswerCache::Clock::time_point start{};

AnswerSet::Shared text_answer(std::uint32_t ttl, std::string text = "x") {
  return std::make_shared<const Answer>(
      Answer{.status = Status::ok, .ttl = ttl, .texts = {std::move(text)}});
}

AnswerSet::Shared negative(Status status, std::uint32_t ttl) {
  return std::make_shared<const Answer>(Answer{.status = status, .ttl = ttl});
}

const Question a{"a.test", Type::txt};
const Question b{"b.test", Type::txt};
const Question c{"c.test", Type::txt};

/// Keeps questions until the test answers them.
class SlowResolver final : public Resolver {
 public:
  void ask(const Question& question, Callback callback) override {
    open.emplace_back(question, std::move(callback));
  }
  int descriptor() const override { return -1; }
  void process() override {}

  void answer_first(AnswerSet::Shared answer) {
    auto callback = std::move(open.front().second);
    open.pop_front();
    callback(std::move(answer));
  }

  std::deque<std::pair<Question, Callback>> open;
};

}  // namespace

TEST_CASE("a set of answers takes what is known once, and not without end") {
  int looked_up = 0;
  const AnswerSet answers([&](QuestionView question) {
    ++looked_up;
    return question.name.starts_with("known") ? text_answer(60) : nullptr;
  });
  const Answer* first = answers.find({"known", Type::txt});
  REQUIRE(first);
  CHECK(answers.find({"known", Type::txt}) == first);
  CHECK(looked_up == 1);
  CHECK(answers.find({"other", Type::txt}) == nullptr);

  for (int i = 0; i < 1000; ++i) (void)answers.find({"known" + std::to_string(i), Type::txt});
  CHECK(answers.size() == 150);
  CHECK(answers.find({"known", Type::txt}) == first);
}

TEST_CASE("answers live for their time to live") {
  AnswerCache cache;
  const auto answer = text_answer(60);
  cache.add(a, answer, start);
  CHECK(cache.find(a, start + 59s) == answer);
  CHECK(cache.find({"a.test", Type::a}, start) == nullptr);
  CHECK(cache.find(a, start + 60s) == nullptr);
  CHECK(cache.size() == 0);
  CHECK(cache.bytes() == 0);
  CHECK(cache.hits() == 1);
  CHECK(cache.misses() == 2);
}

TEST_CASE("lifetimes have a floor and caps, failures are kept shortly") {
  AnswerCache cache;
  cache.add(a, text_answer(0), start);
  CHECK(cache.find(a, start + 4s));
  cache.add(a, text_answer(1'000'000), start);
  CHECK(cache.find(a, start + 3599s));
  CHECK_FALSE(cache.find(a, start + 3600s));
  cache.add(a, negative(Status::nxdomain, 1'000'000), start);
  CHECK(cache.find(a, start + 899s));
  CHECK_FALSE(cache.find(a, start + 900s));
  cache.add(a, negative(Status::failure, 1'000'000), start);
  CHECK_FALSE(cache.find(a, start + 5s));
}

TEST_CASE("entries and bytes are limited, the oldest that is not used goes") {
  AnswerCache cache({.entries = 2});
  cache.add(a, text_answer(60), start);
  cache.add(b, text_answer(60), start);
  CHECK(cache.find(a, start));
  cache.add(c, text_answer(60), start);
  CHECK(cache.find(a, start));
  CHECK_FALSE(cache.find(b, start));
  CHECK(cache.find(c, start));

  AnswerCache small({.bytes = 20'000});
  for (int i = 0; i < 100; ++i)
    small.add({std::to_string(i), Type::txt}, text_answer(60, std::string(1000, 'x')), start);
  CHECK(small.bytes() <= 20'000);
  CHECK(small.size() > 5);
  small.add(a, text_answer(60, std::string(10'000, 'x')), start);
  CHECK_FALSE(small.find(a, start));
  small.clear();
  CHECK(small.bytes() == 0);
}

TEST_CASE("identical questions in flight are asked once") {
  SlowResolver inner;
  CachingResolver resolver(inner);
  int answered = 0;
  for (int i = 0; i < 3; ++i) resolver.ask(a, [&](auto) { ++answered; });
  resolver.ask(b, [&](auto) { ++answered; });
  CHECK(inner.open.size() == 2);
  inner.answer_first(text_answer(60));
  CHECK(answered == 3);
  resolver.ask(a, [&](auto) { ++answered; });
  CHECK(answered == 4);
  CHECK(inner.open.size() == 1);
}

TEST_CASE("a callback may ask again") {
  SlowResolver inner;
  CachingResolver resolver(inner, {.failures = 0s});
  bool again = false;
  resolver.ask(a, [&](auto) { resolver.ask(a, [&](auto) { again = true; }); });
  inner.answer_first(negative(Status::failure, 0));
  CHECK(inner.open.size() == 1);
  inner.answer_first(text_answer(60));
  CHECK(again);
}
