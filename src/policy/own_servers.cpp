#include "policy/own_servers.h"

#include "policy/attribution_rules.h"

namespace postern::policy {

void for_each_possible_owner(const IpAddress& client,
                             const std::vector<std::string>& certificate_names,
                             const directory::Snapshot& directory,
                             const std::function<bool(const directory::Organization&)>& use) {
  bool go_on = true;
  const auto consider = [&](const directory::InboundConnector& one) {
    if (go_on && one.enabled) go_on = use(*directory.peek_organization(one.organization));
    return go_on;
  };
  directory.on_premises().for_each_overlap(
      IpPrefix(client, client.width()),
      [&](const IpPrefix&, directory::OnPremisesIndex::Candidates candidates) {
        for (const directory::InboundConnector* one : candidates) consider(*one);
        return go_on;
      });

  // Brings the names to the form of the index.
  const mail::Mailbox nobody;
  const AttributionFacts known({.client = client,
                                .certificate_names = certificate_names,
                                .reverse_path = &nobody,
                                .forward_path = &nobody},
                               directory, {});
  for (const std::string& name : known.certificate_names) {
    for_each_certificate_key(name, [&](directory::NameKey key) {
      for (const auto* one : directory.on_premises().by_certificate_name(key)) {
        if (rank_certificate(one->tls_sender_certificate_name, known.certificate_names) > 0)
          consider(*one);
      }
    });
  }
}

}  // namespace postern::policy
