#include "edge/sender_checks.h"

namespace postern::edge {

std::shared_ptr<Pending<SpfOutcome>> begin_spf(Asker& asker, auth::SpfRecordCache& records,
                                               const ClientFacts& client,
                                               const mail::Mailbox& reverse_path,
                                               const std::string& server_name, Time now,
                                               std::shared_ptr<dns::Asked> asked) {
  auth::SpfIdentities identities = auth::spf_identities(
      {.client = client.address, .helo = client.hello, .receiver = server_name, .now = now},
      &reverse_path);
  return asker.settle<SpfOutcome>(
      [identities = std::move(identities), &records](const dns::AnswerSet& answers) {
        dns::Asking<SpfOutcome> asking;
        SpfOutcome outcome;
        const auto evaluate = [&](const std::optional<auth::SpfQuery>& identity,
                                  std::optional<auth::SpfCheck>& out) {
          if (!identity) return;
          auto checked = auth::check_host(*identity, answers, auth::Steps::none, &records);
          if (checked.value) out = auth::SpfCheck{*identity, *std::move(checked.value)};
          std::ranges::move(checked.questions, std::back_inserter(asking.questions));
        };
        evaluate(identities.mail_from, outcome.mail_from);
        evaluate(identities.helo, outcome.helo);
        if (asking.questions.empty()) asking.value = std::move(outcome);
        return asking;
      },
      std::move(asked));
}

std::shared_ptr<Pending<auth::Iprev>> begin_iprev(Asker& asker, const IpAddress& client,
                                                  std::shared_ptr<dns::Asked> asked) {
  return asker.settle<auth::Iprev>(
      [client](const dns::AnswerSet& answers) { return auth::check_iprev(client, answers); },
      std::move(asked));
}

}  // namespace postern::edge
