#include "dns/ask.h"

#include <poll.h>

#include <algorithm>

namespace postern::dns {

AnswerSet::Shared make_failure(std::string problem) {
  return std::make_shared<const Answer>(Answer{.problem = std::move(problem)});
}

std::vector<Question> AskBudget::begin_round(const std::vector<Question>& wanted,
                                             AnswerSet& answers) {
  std::vector<Question> now;
  for (const Question& question : wanted) {
    if (answers.find(question) || std::ranges::find(now, question) != now.end()) continue;
    if (rounds_ == max_rounds || questions_ == max_questions) {
      answers.add(question, make_failure("too many questions"));
    } else {
      ++questions_;
      now.push_back(question);
    }
  }
  if (!now.empty()) ++rounds_;
  return now;
}

void fetch(Resolver& resolver, const std::vector<Question>& questions, AnswerSet& answers,
           std::chrono::steady_clock::time_point deadline) {
  // Answers that come after the deadline find this, not a frame that is gone.
  struct Arrived {
    AnswerSet answers;
    std::size_t open = 0;
  };
  const auto arrived = std::make_shared<Arrived>();
  arrived->open = questions.size();
  for (const Question& question : questions) {
    resolver.ask(question, [arrived, question](AnswerSet::Shared answer) {
      arrived->answers.add(question, std::move(answer));
      --arrived->open;
    });
  }

  while (arrived->open > 0) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) break;
    pollfd descriptor{.fd = resolver.descriptor(), .events = POLLIN, .revents = 0};
    if (poll(&descriptor, 1, static_cast<int>(left.count())) > 0) resolver.process();
  }
  for (const auto& [question, answer] : arrived->answers) answers.add(question, answer);
  for (const Question& question : questions)
    if (!answers.find(question)) answers.add(question, make_failure("timeout"));
}

}  // namespace postern::dns
