#include "edge/asker.h"

#include <doctest/doctest.h>

#include <deque>
#include <string>

using namespace postern;
using namespace postern::edge;
using namespace std::chrono_literals;

namespace {

using dns::Answer;
using dns::AnswerSet;
using dns::Asking;
using dns::Question;

/// Answers when the test says so; those whose name begins with `now` at once.
class SlowResolver final : public dns::Resolver {
 public:
  void ask(const Question& question, Callback callback) override {
    asked += question.name + " ";
    if (question.name.starts_with("now")) {
      callback(positive());
    } else {
      waiting.push_back(std::move(callback));
    }
  }
  std::shared_ptr<const Answer> known(dns::QuestionView question) override {
    return question.name.starts_with("known") ? positive() : nullptr;
  }
  int descriptor() const override { return -1; }
  void process() override {}

  void answer_one() {
    Callback callback = std::move(waiting.front());
    waiting.pop_front();
    callback(positive());
  }

  static std::shared_ptr<const Answer> positive() {
    return std::make_shared<Answer>(Answer{.status = dns::Status::ok});
  }

  std::string asked;
  std::deque<Callback> waiting;
};

/// Asks in each round for all names of it; the value says what became of each: `+` or `-`.
std::function<Asking<std::string>(const AnswerSet&)> in_rounds(
    std::vector<std::vector<std::string>> rounds) {
  return [rounds](const AnswerSet& answers) {
    Asking<std::string> asking;
    std::string value;
    for (const auto& names : rounds) {
      for (const std::string& name : names) {
        const Answer* answer = answers.find({name, dns::Type::a});
        if (answer == nullptr) {
          asking.questions.push_back({name, dns::Type::a});
        } else {
          value += answer->status == dns::Status::ok ? '+' : '-';
        }
      }
      if (!asking.questions.empty()) return asking;
    }
    asking.value = value;
    return asking;
  };
}

}  // namespace

TEST_CASE("answers that come at once need no suspension, round after round") {
  boost::asio::io_context io(1);
  SlowResolver resolver;
  Asker asker(io, resolver);
  const auto pending = asker.settle<std::string>(in_rounds({{"now1", "now2"}, {"now3"}, {"now4"}}));
  REQUIRE(pending->is_ready());
  CHECK(*pending->get() == "++++");
  CHECK(io.poll() == 0);  // nothing is left behind, no timer either
}

TEST_CASE("what is known is not asked for") {
  boost::asio::io_context io(1);
  SlowResolver resolver;
  Asker asker(io, resolver);
  const auto warm = asker.settle<std::string>(in_rounds({{"known1"}, {"known2", "known3"}}));
  REQUIRE(warm->is_ready());
  CHECK(*warm->get() == "+++");
  CHECK(resolver.asked.empty());

  const auto half = asker.settle<std::string>(in_rounds({{"known1", "a"}, {"known2", "b"}}));
  resolver.answer_one();
  resolver.answer_one();
  REQUIRE(half->is_ready());
  CHECK(*half->get() == "++++");
  CHECK(resolver.asked == "a b ");

  asker.ask_ahead({{"known4", dns::Type::a}, {"c", dns::Type::a}});
  CHECK(resolver.asked == "a b c ");
}

TEST_CASE("all questions of a round are asked before any is answered") {
  boost::asio::io_context io(1);
  SlowResolver resolver;
  Asker asker(io, resolver);
  std::string told;
  const auto pending = asker.settle<std::string>(in_rounds({{"a", "now1", "b"}, {"c"}}));
  pending->then([&](const std::string& value) { told = value; });
  CHECK(resolver.asked == "a now1 b ");
  resolver.answer_one();
  CHECK(resolver.asked == "a now1 b ");
  resolver.answer_one();
  CHECK(resolver.asked == "a now1 b c ");
  CHECK_FALSE(pending->is_ready());
  resolver.answer_one();
  CHECK(told == "++++");
  io.run();  // ends: the deadline was given up
}

TEST_CASE("at the deadline what is open fails, and so does all that is asked later") {
  boost::asio::io_context io(1);
  SlowResolver resolver;
  Asker asker(io, resolver, 1ms);
  const auto pending = asker.settle<std::string>(in_rounds({{"now1", "a"}, {"now2", "b"}}));
  io.run();
  REQUIRE(pending->is_ready());
  CHECK(*pending->get() == "+---");
  CHECK(resolver.asked == "now1 a ");
  // The answer that comes too late disturbs nobody.
  resolver.answer_one();
  CHECK(*pending->get() == "+---");
}

TEST_CASE("a thread that ends in the midst of a conversation takes it along") {
  // In the order in which a worker destroys them: AddressSanitizer looks on.
  bool told = false;
  {
    boost::asio::io_context io(1);
    SlowResolver resolver;
    Asker asker(io, resolver);
    const auto pending = asker.settle<std::string>(in_rounds({{"a", "b"}}));
    pending->then([&](const std::string&) { told = true; });
    resolver.answer_one();
    io.poll();
  }
  CHECK_FALSE(told);
}
