// Drives what `auth/` leaves open: asks all open questions at once, adds the answers and
// evaluates again, until there is a result.
//
// While answers come at once, as from the cache, all of it happens inside `settle`, without a
// suspension. One conversation has at most the rounds, questions and seconds of dns/ask.h; what
// is open then is answered as a failure, which the evaluations turn into temperror.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "dns/answer.h"
#include "dns/ask.h"
#include "dns/resolver.h"
#include "edge/pending.h"

namespace postern::edge {

class Asker {
 public:
  /// Both outlive the asker and everything it has begun. `limit` is that of one conversation.
  Asker(boost::asio::io_context& io, dns::Resolver& resolver,
        std::chrono::steady_clock::duration limit = dns::max_asking_time)
      : io_(io), resolver_(resolver), limit_(limit) {}

  /// `evaluate` is called again and again with more answers, on this thread.
  template <class T>
  std::shared_ptr<Pending<T>> settle(
      std::function<dns::Asking<T>(const dns::AnswerSet&)> evaluate) {
    auto pending = std::make_shared<Pending<T>>();
    auto conversation = std::make_shared<Conversation>(io_);
    begin(conversation, [pending, evaluate = std::move(evaluate)](const dns::AnswerSet& answers) {
      dns::Asking<T> asking = evaluate(answers);
      if (asking.value) pending->set(std::move(*asking.value));
      return std::move(asking.questions);
    });
    return pending;
  }

  /// Asks without waiting for the answers, so that they are in the cache when they are needed.
  void ask_ahead(std::vector<dns::Question> questions);

 private:
  struct Conversation {
    explicit Conversation(boost::asio::io_context& io) : deadline(io) {}

    dns::AnswerSet answers;
    dns::AskBudget budget;
    /// The questions that are still open; empty: there is a result.
    std::function<std::vector<dns::Question>(const dns::AnswerSet&)> evaluate;
    std::vector<dns::Question> open;
    boost::asio::steady_timer deadline;
    bool is_asking = false;  ///< inside ask_round: answers that come at once do not resume
    bool is_timed = false;
  };

  void begin(const std::shared_ptr<Conversation>& conversation,
             std::function<std::vector<dns::Question>(const dns::AnswerSet&)> evaluate);
  void resume(const std::shared_ptr<Conversation>& conversation);
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
