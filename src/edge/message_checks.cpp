#include "edge/message_checks.h"

#include <iterator>
#include <optional>
#include <utility>

#include "auth/dkim_verify.h"
#include "mail/header_collector.h"

namespace postern::edge {

struct MessageChecks::Message {
  mail::HeaderCollector header;
  mail::HeaderSection section;
  mail::AuthorField authors;
  auth::BodyHashes body;
  std::optional<auth::DkimVerifier> dkim;
  std::optional<auth::ArcValidator> arc;
  bool is_read = false;
};

MessageChecks::MessageChecks(Asker& asker, auth::DkimKeyCache& keys)
    : asker_(asker), keys_(keys), message_(std::make_shared<Message>()) {}

MessageChecks::~MessageChecks() = default;

void MessageChecks::write(std::string_view piece) {
  std::string_view body = message_->header.feed(piece);
  if (!message_->header.is_complete()) return;
  if (!message_->is_read) read_header();
  if (!message_->body.is_empty()) message_->body.update(body);
}

void MessageChecks::finish_content() {
  if (!message_->is_read) read_header();
  message_->body.finish();
}

const mail::HeaderSection& MessageChecks::section() {
  if (!message_->is_read) read_header();
  return message_->section;
}

const mail::AuthorField& MessageChecks::authors() {
  if (!message_->is_read) read_header();
  return message_->authors;
}

void MessageChecks::read_header() {
  Message& message = *message_;
  message.is_read = true;
  message.section = mail::parse_header_section(message.header.text());
  message.authors = mail::find_authors(message.section);
  if (message.section.trouble != mail::HeaderTrouble::none) return;
  message.dkim.emplace(message.header.text(), message.section, message.body);
  message.arc.emplace(message.header.text(), message.section, message.body);

  // While the body is still arriving: what `begin` will need is then in the cache.
  const Time time = now();
  std::vector<dns::Question> questions = message.dkim->questions(keys_, time);
  std::ranges::move(message.arc->questions(keys_, time), std::back_inserter(questions));
  if (!questions.empty()) asker_.ask_ahead(std::move(questions));
}

std::shared_ptr<Pending<MessageEvidence>> MessageChecks::begin(Time now) {
  return asker_.settle<MessageEvidence>(
      [message = message_, &keys = keys_, now](const dns::AnswerSet& answers) {
        dns::Asking<MessageEvidence> asking;
        auto dkim = message->dkim->evaluate(answers, keys, now);
        auto arc = message->arc->evaluate(answers, keys, now);
        if (dkim.value && arc.value) {
          asking.value = MessageEvidence{*std::move(dkim.value), *std::move(arc.value)};
        }
        asking.questions = std::move(dkim.questions);
        std::ranges::move(arc.questions, std::back_inserter(asking.questions));
        return asking;
      });
}

}  // namespace postern::edge
