#include "edge/sender_checks.h"

#include <optional>
#include <utility>

#include "auth/spf_fields.h"

namespace postern::edge {
namespace {

auth::SpfQuery facts_of(const SpfAsking& asking, const ClientFacts& client) {
  return {.client = client.address,
          .helo = client.hello,
          .receiver = asking.server_name,
          .now = asking.now};
}

/// Evaluates `query`, and makes of a result what `finish` makes of it.
template <class T, class Finish>
std::shared_ptr<Pending<T>> begin_check(const SpfAsking& asking,
                                        std::optional<auth::SpfQuery> query,
                                        std::shared_ptr<dns::Asked> asked, Finish finish) {
  if (!query) {
    auto nothing = std::make_shared<Pending<T>>();
    nothing->set(nullptr);
    return nothing;
  }
  return asking.asker.settle<T>(
      [query = *std::move(query), &records = asking.records,
       finish = std::move(finish)](const dns::AnswerSet& answers) {
        auto checked = auth::check_host(query, answers, auth::Steps::none, &records);
        dns::Asking<T> result{.value = {}, .questions = std::move(checked.questions)};
        if (checked.value) result.value = finish({query, *std::move(checked.value)}, answers);
        return result;
      },
      std::move(asked));
}

}  // namespace

std::shared_ptr<Pending<SharedHelo>> begin_helo(const SpfAsking& asking,
                                                const ClientFacts& client) {
  return begin_check<SharedHelo>(asking, auth::helo_query(facts_of(asking, client)), nullptr,
                                 [](auth::SpfCheck spf, const dns::AnswerSet& answers) {
                                   auto check = std::make_shared<HeloCheck>();
                                   check->field =
                                       auth::to_received_spf_field(spf.query, spf.evaluation);
                                   check->spf = std::move(spf);
                                   check->asked.add(answers);
                                   return check;
                                 });
}

bool has_failed(const Pending<SharedHelo>& helo) {
  const SharedHelo* const found = helo.get();
  return found && *found && (*found)->spf.evaluation.result == auth::SpfResult::temperror;
}

bool has_failed(const Pending<auth::Iprev>& iprev) {
  const auth::Iprev* const found = iprev.get();
  return found && found->result == auth::IprevResult::temperror;
}

std::shared_ptr<Pending<SpfOutcome>> begin_spf(const SpfAsking& asking, const ClientFacts& client,
                                               const mail::Mailbox& reverse_path,
                                               std::shared_ptr<Pending<SharedHelo>> helo,
                                               std::shared_ptr<dns::Asked> asked) {
  using SharedSpf = std::shared_ptr<const auth::SpfCheck>;
  const auto mail_from =
      begin_check<SharedSpf>(asking, auth::mail_from_query(facts_of(asking, client), reverse_path),
                             asked, [](auth::SpfCheck spf, const dns::AnswerSet&) {
                               return std::make_shared<const auth::SpfCheck>(std::move(spf));
                             });
  auto outcome = std::make_shared<Pending<SpfOutcome>>();
  // Of a null reverse-path it is HELO that was asked about (RFC 7208 section 2.4).
  const bool by_helo = reverse_path.is_null();
  mail_from->then([outcome, by_helo, helo = std::move(helo),
                   asked = std::move(asked)](const SharedSpf& checked) mutable {
    if (by_helo) return outcome->set({checked, nullptr});
    helo->then([outcome, checked, asked = std::move(asked)](const SharedHelo& found) {
      if (found) asked->add(found->asked);
      outcome->set({checked, found});
    });
  });
  return outcome;
}

std::shared_ptr<Pending<auth::Iprev>> begin_iprev(Asker& asker, const IpAddress& client,
                                                  std::shared_ptr<dns::Asked> asked) {
  return asker.settle<auth::Iprev>(
      [client](const dns::AnswerSet& answers) { return auth::check_iprev(client, answers); },
      std::move(asked));
}

}  // namespace postern::edge
