#include "edge/sender_checks.h"

#include "mail/domain_name.h"

namespace postern::edge {

std::shared_ptr<Pending<SpfOutcome>> begin_spf(Asker& asker, const smtp::SessionFacts& session,
                                               const mail::Mailbox& reverse_path,
                                               const std::string& server_name, Time now) {
  auth::SpfQuery query{
      .client = session.client, .helo = session.hello, .receiver = server_name, .now = now};
  std::optional<auth::SpfQuery> mail_from;
  std::optional<auth::SpfQuery> helo;
  if (!reverse_path.is_null() && !reverse_path.has_literal()) {
    mail_from = query;
    mail_from->local_part = reverse_path.local_part;
    mail_from->domain = reverse_path.domain;
  }
  // RFC 7208 section 2.3: HELO can be checked where it is a name with more than one label.
  if (const auto name = mail::to_a_label(session.hello); name && name->contains('.')) {
    helo = std::move(query);
    helo->identity = auth::SpfIdentity::helo;
    helo->local_part = "postmaster";
    helo->domain = *name;
  }

  return asker.settle<SpfOutcome>(
      [mail_from = std::move(mail_from), helo = std::move(helo)](const dns::AnswerSet& answers) {
        dns::Asking<SpfOutcome> asking;
        SpfOutcome outcome;
        const auto evaluate = [&](const std::optional<auth::SpfQuery>& identity,
                                  std::optional<SpfCheck>& out) {
          if (!identity) return;
          auto checked = auth::check_host(*identity, answers);
          if (checked.value) out = SpfCheck{*identity, *std::move(checked.value)};
          std::ranges::move(checked.questions, std::back_inserter(asking.questions));
        };
        evaluate(mail_from, outcome.mail_from);
        evaluate(helo, outcome.helo);
        if (asking.questions.empty()) asking.value = std::move(outcome);
        return asking;
      });
}

std::shared_ptr<Pending<auth::Iprev>> begin_iprev(Asker& asker, const IpAddress& client) {
  return asker.settle<auth::Iprev>(
      [client](const dns::AnswerSet& answers) { return auth::check_iprev(client, answers); });
}

}  // namespace postern::edge
