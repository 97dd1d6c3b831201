#include "edge/asker.h"

namespace postern::edge {

void Asker::ask_ahead(const std::vector<dns::Question>& questions) {
  for (const dns::Question& question : questions) {
    if (!resolver_.known(question)) resolver_.ask(question, [](const auto&) {});
  }
}

void Asker::begin(dns::AnswerSet answers, std::vector<dns::Question> wanted, Evaluate evaluate) {
  advance(std::make_shared<Conversation>(io_, std::move(answers), std::move(evaluate)),
          std::move(wanted));
}

void Asker::advance(const std::shared_ptr<Conversation>& conversation,
                    std::vector<dns::Question> wanted) {
  while (!wanted.empty()) {
    ask_round(conversation, conversation->budget.begin_round(wanted, conversation->answers));
    if (!conversation->open.empty()) {
      if (!conversation->is_timed) start_timer(conversation);
      return;
    }
    wanted = conversation->evaluate(conversation->answers);
  }
  // There is a result. The evaluation holds whoever waits for it: let go.
  conversation->evaluate = nullptr;
  conversation->deadline.cancel();
}

void Asker::ask_round(const std::shared_ptr<Conversation>& conversation,
                      std::vector<dns::Question> questions) {
  conversation->open = questions;
  conversation->is_asking = true;
  for (const dns::Question& question : questions) {
    resolver_.ask(question,
                  [this, conversation, question](std::shared_ptr<const dns::Answer> answer) {
                    answered(conversation, question, std::move(answer));
                  });
  }
  conversation->is_asking = false;
}

void Asker::answered(const std::shared_ptr<Conversation>& conversation,
                     const dns::Question& question, std::shared_ptr<const dns::Answer> answer) {
  // After the deadline nobody wants to know any more.
  if (std::erase(conversation->open, question) == 0) return;
  conversation->answers.add(question, std::move(answer));
  if (conversation->open.empty() && !conversation->is_asking)
    advance(conversation, conversation->evaluate(conversation->answers));
}

void Asker::start_timer(const std::shared_ptr<Conversation>& conversation) {
  conversation->is_timed = true;
  conversation->deadline.expires_after(limit_);
  conversation->deadline.async_wait([this, conversation](const boost::system::error_code& error) {
    if (error || !conversation->evaluate) return;
    const auto failure = dns::make_failure("timeout");
    for (const dns::Question& question : std::exchange(conversation->open, {})) {
      conversation->answers.add(question, failure);
    }
    // From here on every further question fails at once.
    conversation->budget.exhaust();
    advance(conversation, conversation->evaluate(conversation->answers));
  });
}

}  // namespace postern::edge
