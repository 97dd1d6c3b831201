// What a transaction makes of a message that came through a gateway or from an own server: by whom
// it is judged, and whose header fields are believed.
#include <algorithm>
#include <utility>

#include "edge/transaction.h"

namespace postern::edge {

SpfAsking EdgeTransaction::spf_asking() const {
  return {services_.asker, services_.spf_records, settings_->config.hostname, begun_};
}

JudgedClient EdgeTransaction::begin_judging(ClientFacts client) const {
  const SpfAsking asking = spf_asking();
  auto spf = begin_spf(asking, client, reverse_path_, begin_helo(asking, client), asked_);
  auto iprev = begin_iprev(services_.asker, client.address, asked_);
  return {.facts = std::move(client), .spf = std::move(spf), .iprev = std::move(iprev)};
}

Gateway EdgeTransaction::gateway() const {
  std::vector<FilteredRecipient> recipients;
  recipients.reserve(accepted_.size());
  for (const Accepted& accepted : accepted_)
    recipients.push_back({&accepted.verdict, accepted.address});
  return find_gateway(recipients);
}

void EdgeTransaction::look_behind_gateway() {
  if (!gateway_) return;
  const Gateway gateway = *std::exchange(gateway_, std::nullopt);
  const mail::HeaderSection& section = checks_.section();
  // It is refused, and what cannot be read to its end is not believed.
  if (section.trouble != mail::HeaderTrouble::none) return;

  filtering_ = policy::Filtering{
      .result = policy::find_true_client(session_.client, section, *gateway.connector),
      .for_all_recipients = gateway.for_all_recipients};
  note_filtering();
  if (const policy::TrueClient* client = filtering_->client())
    judged_ = begin_judging({client->address, client->helo});
}

void EdgeTransaction::note_filtering() {
  const std::string text = std::string(policy::filtering_mark) + policy::to_text(*filtering_);
  const policy::TrueClient* client = filtering_->client();
  for (Accepted& accepted : accepted_) {
    accepted.record.reasons.push_back(text);
    if (client == nullptr) continue;
    accepted.record.reasons.push_back(std::string(policy::true_client_mark) +
                                      client->address.to_string());
  }
}

policy::HeaderTrust EdgeTransaction::header_trust() const {
  // One copy for all: what only some recipients' connectors say does not count.
  const policy::HeaderTrust first = policy::find_header_trust(accepted_.front().verdict);
  const bool is_same = std::ranges::all_of(accepted_, [&](const Accepted& one) {
    return policy::find_header_trust(one.verdict) == first;
  });
  return is_same ? first : policy::HeaderTrust::none;
}

}  // namespace postern::edge
