// Driving an evaluation that asks (Asking<T>) until it has its result.
//
// `AskBudget` keeps the accounts of one message: what may still be asked, and what was asked
// already. Whoever drives, waits in their own way: edge/ on its event loop, and
// `ask_until_done` here for callers that may block, such as tests and the command line.
#pragma once

#include <chrono>
#include <utility>
#include <vector>

#include "dns/answer.h"
#include "dns/resolver.h"

namespace postern::dns {

// What one message may cost. Whatever is open then fails, which SPF, DKIM and DMARC call
// temperror.
inline constexpr int max_rounds = 20;
inline constexpr int max_questions = 150;
inline constexpr std::chrono::seconds max_asking_time{20};

/// An answer with Status::failure.
AnswerSet::Shared make_failure(std::string problem);

class AskBudget {
 public:
  /// The questions to ask now: those of `wanted` that have no answer yet, each once. When rounds
  /// or questions are spent, the rest gets failures in `answers` at once.
  std::vector<Question> begin_round(const std::vector<Question>& wanted, AnswerSet& answers);

  int rounds() const { return rounds_; }
  int questions() const { return questions_; }

 private:
  int rounds_ = 0;
  int questions_ = 0;
};

/// Asks all of `questions` at once and adds the answers; what is open at `deadline` fails.
/// Blocks on the resolver's descriptor.
void fetch(Resolver& resolver, const std::vector<Question>& questions, AnswerSet& answers,
           std::chrono::steady_clock::time_point deadline);

/// Calls `evaluate(answers)`, which returns Asking<T>, until it has a value. `evaluate` must come
/// to a value when everything it asks for fails.
template <class Evaluate>
auto ask_until_done(Resolver& resolver, AnswerSet& answers, AskBudget& budget, Evaluate evaluate) {
  const auto deadline = std::chrono::steady_clock::now() + max_asking_time;
  while (true) {
    auto asking = evaluate(std::as_const(answers));
    if (asking.value) return *std::move(asking.value);
    fetch(resolver, budget.begin_round(asking.questions, answers), answers, deadline);
  }
}

}  // namespace postern::dns
