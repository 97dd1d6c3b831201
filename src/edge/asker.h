// Drives what `auth/` leaves open: asks all open questions at once, adds the answers and
// evaluates again, until there is a result.
//
// What the cache knows, an evaluation sees without asking: then all of it happens inside `settle`,
// in one evaluation, without a suspension. One conversation has at most the rounds, questions and
// seconds of dns/ask.h; what is open then is answered as a failure, which the evaluations turn into
// temperror.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "dns/answer.h"
#include "dns/ask.h"
#include "dns/asked.h"
#include "dns/resolver.h"
#include "edge/pending.h"

namespace postern::edge {

class Asker {
 public:
  /// Both outlive the asker and everything it has begun. `limit` is that of one conversation.
  Asker(boost::asio::io_context& io, dns::Resolver& resolver,
        std::chrono::steady_clock::duration limit = dns::max_asking_time)
      : io_(io), resolver_(resolver), limit_(limit) {}

  /// `evaluate` is called again and again with more answers, on this thread. What it had been
  /// answered in the end is added to `asked`, if given, before the result is there.
  template <class T>
  std::shared_ptr<Pending<T>> settle(std::function<dns::Asking<T>(const dns::AnswerSet&)> evaluate,
                                     std::shared_ptr<dns::Asked> asked = nullptr) {
    auto pending = std::make_shared<Pending<T>>();
    dns::AnswerSet answers(
        [this](dns::QuestionView question) { return resolver_.known(question); });
    dns::Asking<T> first = evaluate(answers);
    if (first.value) {
      if (asked) asked->add(answers);
      pending->set(std::move(*first.value));
      return pending;
    }
    begin(std::move(answers), std::move(first.questions),
          [pending, evaluate = std::move(evaluate),
           asked = std::move(asked)](const dns::AnswerSet& more) {
            dns::Asking<T> asking = evaluate(more);
            if (asking.value && asked) asked->add(more);
            if (asking.value) pending->set(std::move(*asking.value));
            return std::move(asking.questions);
          });
    return pending;
  }

  /// Asks without waiting for the answers, so that they are in the cache when they are needed.
  void ask_ahead(const std::vector<dns::Question>& questions);

 private:
  /// The questions that are missing; empty: there is a result, and it was handed on.
  using Evaluate = std::function<std::vector<dns::Question>(const dns::AnswerSet&)>;

  struct Conversation {
    Conversation(boost::asio::io_context& io, dns::AnswerSet answers, Evaluate evaluate)
        : answers(std::move(answers)), evaluate(std::move(evaluate)), deadline(io) {}

    dns::AnswerSet answers;
    dns::AskBudget budget;
    Evaluate evaluate;
    std::vector<dns::Question> open;
    boost::asio::steady_timer deadline;
    bool is_asking = false;  ///< inside ask_round: answers that come at once do not advance
    bool is_timed = false;
  };

  void begin(dns::AnswerSet answers, std::vector<dns::Question> wanted, Evaluate evaluate);
  void advance(const std::shared_ptr<Conversation>& conversation,
               std::vector<dns::Question> wanted);
  void ask_round(const std::shared_ptr<Conversation>& conversation,
                 std::vector<dns::Question> questions);
  void answered(const std::shared_ptr<Conversation>& conversation, const dns::Question& question,
                std::shared_ptr<const dns::Answer> answer);
  void start_timer(const std::shared_ptr<Conversation>& conversation);

  boost::asio::io_context& io_;
  dns::Resolver& resolver_;
  const std::chrono::steady_clock::duration limit_;
};

}  // namespace postern::edge
