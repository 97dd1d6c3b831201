#include "edge/message_checks.h"

#include <algorithm>
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
  mail::AuthorDomains author_domains;
  auth::BodyHashes body;
  std::optional<auth::DkimVerifier> dkim;
  std::optional<auth::ArcValidator> arc;
  bool is_read = false;
  bool asked_ahead = false;
};

MessageChecks::MessageChecks(Asker& asker, auth::DkimKeyCache& keys,
                             std::shared_ptr<const auth::PublicSuffixList> suffixes)
    : asker_(asker),
      keys_(keys),
      suffixes_(std::move(suffixes)),
      message_(std::make_shared<Message>()) {}

MessageChecks::~MessageChecks() = default;

void MessageChecks::write(std::string_view piece) {
  std::string_view body = message_->header.feed(piece);
  if (!message_->header.is_complete()) return;
  if (!message_->is_read) {
    read_header();
  } else if (!std::exchange(message_->asked_ahead, true)) {
    // Not with the piece that ends the header: a small message ends with it too, and is asked
    // about at once.
    ask_ahead();
  }
  if (!message_->body.is_empty()) message_->body.update(body);
}

bool MessageChecks::has_header() const {
  return message_->header.is_complete();
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

const mail::AuthorDomains& MessageChecks::author_domains() {
  if (!message_->is_read) read_header();
  return message_->author_domains;
}

void MessageChecks::read_header() {
  Message& message = *message_;
  message.is_read = true;
  message.section = mail::parse_header_section(message.header.text());
  message.authors = mail::find_authors(message.section);
  message.author_domains = mail::author_domains(message.authors);
  if (message.section.trouble != mail::HeaderTrouble::none) return;
  message.dkim.emplace(message.header.text(), message.section, message.body);
  message.arc.emplace(message.header.text(), message.section, message.body);
}

void MessageChecks::ask_ahead() {
  Message& message = *message_;
  if (!message.dkim) return;
  const Time time = now();
  std::vector<dns::Question> questions = message.dkim->questions(keys_, time);
  std::ranges::move(message.arc->questions(keys_, time), std::back_inserter(questions));
  std::ranges::move(
      auth::evaluate_dmarc({.author = message.author_domains, .identifiers = {}}, {}).questions,
      std::back_inserter(questions));
  asker_.ask_ahead(questions);
}

std::shared_ptr<Pending<MessageEvidence>> MessageChecks::begin(const SpfOutcome& spf, Time now,
                                                               std::shared_ptr<dns::Asked> asked) {
  std::vector<auth::DmarcIdentifier> by_spf;
  std::optional<IpAddress> client;
  if (const auth::SpfCheck* main = spf.main()) {
    client = main->query.client;
    if (auto identifier = auth::to_dmarc_identifier(main->evaluation))
      by_spf.push_back(*std::move(identifier));
  }
  return asker_.settle<MessageEvidence>(
      [message = message_, &keys = keys_, suffixes = suffixes_, now, client,
       by_spf = std::move(by_spf)](const dns::AnswerSet& answers) {
        dns::Asking<MessageEvidence> asking;
        const auto take = [&asking](auto from) {
          std::ranges::move(from.questions, std::back_inserter(asking.questions));
          return std::move(from.value);
        };
        auto dkim = take(message->dkim->evaluate(answers, keys, now));
        auto arc = take(message->arc->evaluate(answers, keys, now));
        // Its questions do not depend on the signatures, so they go out in the same round.
        auth::DmarcQuery query{.author = message->author_domains, .identifiers = by_spf};
        if (dkim) {
          for (const auth::DkimResult& one : *dkim) {
            if (auto identifier = auth::to_dmarc_identifier(one))
              query.identifiers.push_back(*std::move(identifier));
          }
        }
        auto dmarc = take(auth::evaluate_dmarc(query, answers, suffixes.get()));
        // Where mail comes from is of no interest if DMARC proves it, or if there is no policy and
        // SPF or a signature speaks for the very author domain.
        std::optional<auth::AuthorHosts> hosts;
        const auto& authors = message->author_domains.domains;
        const auto speaks_for_author = [&](const auth::DmarcIdentifier& one) {
          return one.status == auth::IdentifierStatus::pass && one.domain == authors.front();
        };
        if (dmarc && dmarc->result != auth::DmarcResult::pass && client && authors.size() == 1 &&
            std::ranges::none_of(query.identifiers, speaks_for_author))
          hosts = take(auth::find_author_hosts(authors.front(), *client, answers));
        if (dkim && arc && dmarc && asking.questions.empty())
          asking.value = MessageEvidence{*std::move(dkim), *std::move(arc), *std::move(dmarc),
                                         std::move(hosts)};
        return asking;
      },
      std::move(asked));
}

}  // namespace postern::edge
