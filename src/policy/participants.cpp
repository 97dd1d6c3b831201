#include "policy/participants.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "mail/domain_name.h"
#include "policy/attribution_rules.h"
#include "policy/nearest_miss.h"
#include "policy/stage.h"

namespace postern::policy {
namespace {

using directory::AcceptedDomain;
using directory::ConnectorIndex;
using directory::InboundConnector;
using directory::NameKey;
using directory::Organization;
using directory::Snapshot;

class Collector {
 public:
  Collector(const AttributionFacts& facts, const Snapshot& directory)
      : facts_(facts), directory_(directory) {}

  void collect(const RcptVerdict& verdict) {
    if (facts_.recipient) {
      add_domain(*facts_.recipient.organization, *facts_.recipient.domain);
      const ConnectorIndex& index = facts_.recipient.organization->connector_index();
      by_address(index);
      for_each_sender_domain_key(facts_.sender_domain, [&](NameKey key) {
        for (const auto& [its_key, one] : index.by_sender_domain(key)) add(*one);
      });
    }
    if (facts_.sender) {
      add_domain(*facts_.sender.organization, *facts_.sender.domain);
      if (facts_.sender.organization != facts_.recipient.organization)
        by_address(facts_.sender.organization->connector_index());
    }
    for (const std::string& name : facts_.certificate_names) {
      for_each_certificate_key(name, [&](NameKey key) {
        for (const InboundConnector* one : directory_.on_premises().by_certificate_name(key))
          add(*one);
        for (const Organization* own :
             {facts_.recipient.organization, facts_.sender.organization}) {
          if (own == nullptr) continue;
          for (const auto& [its_key, one] : own->connector_index().by_certificate_name(key))
            add(*one);
        }
      });
    }
    if (facts_.recipient && !vouches(verdict.matched_by)) add_exceptions();
    const bool has_miss = std::ranges::any_of(verdict.reasons, [](const std::string& reason) {
      return reason.starts_with(nearest_miss_mark);
    });
    if (!has_miss) return;
    if (const auto miss = find_nearest_miss(facts_, directory_, nullptr)) add(*miss->connector);
  }

  Participants take() { return std::move(found_); }

 private:
  void by_address(const ConnectorIndex& index) {
    index.for_each_by_address(facts_.client,
                              [&](const InboundConnector& one, unsigned) { add(one); });
  }

  void add_organization(const Organization& organization) {
    auto& all = found_.organizations;
    if (std::ranges::find(all, &organization) == all.end()) all.push_back(&organization);
  }

  void add_exceptions() {
    const auto& exceptions = facts_.recipient.organization->direct_send_exceptions();
    if (exceptions == nullptr) return;
    for_each_exception_of_client(
        *exceptions, facts_, [&](const directory::DirectSendException& one) {
          if (std::ranges::find(found_.exceptions, &one) == found_.exceptions.end())
            found_.exceptions.push_back(&one);
        });
  }

  void add_domain(const Organization& organization, const AcceptedDomain& domain) {
    add_organization(organization);
    if (std::ranges::find(found_.domains, &domain, &Participants::Domain::domain) ==
        found_.domains.end())
      found_.domains.push_back({&organization, &domain});
  }

  /// The domain by which backs_certificate is true, if it is.
  void add_backing(const Organization& organization, std::string_view wanted) {
    const std::string_view name = without_wildcard(wanted);
    for (std::string_view above = name; !above.empty(); above = parent_of(above)) {
      if (const AcceptedDomain* domain = organization.find_domain(above))
        return add_domain(organization, *domain);
    }
    if (name.size() == wanted.size() || !organization.has_domain_below(name)) return;
    for (const AcceptedDomain& domain : organization.accepted_domains()) {
      if (mail::is_below(domain.name, name, mail::Self::excluded))
        return add_domain(organization, *organization.find_domain(domain.name));
    }
  }

  void add(const InboundConnector& connector) {
    if (std::ranges::find(found_.connectors, &connector, &Participants::Connector::connector) !=
        found_.connectors.end())
      return;
    const Organization& owner = *directory_.peek_organization(connector.organization);
    add_organization(owner);
    found_.connectors.push_back({&owner, &connector});
    if (!connector.tls_sender_certificate_name.empty())
      add_backing(owner, connector.tls_sender_certificate_name);
  }

  const AttributionFacts& facts_;
  const Snapshot& directory_;
  Participants found_;
};

/// The recipient's policy, as the edge asks for it when the message is accepted.
void choose_policy(const Organization& organization, const mail::Mailbox& forward_path,
                   const std::optional<directory::Destination>& destination, Participants& found) {
  const directory::SpoofProtection& protection = *organization.spoof_protection();
  // Mostly there is no choice, and then no need for the recipient's names.
  if (protection.rules.empty()) {
    found.policy = &protection.default_policy;
    return;
  }
  const std::string canonical = destination ? destination->recipient : forward_path.text;
  const std::string alias = forward_path.domain.empty()
                                ? to_lower(canonical)
                                : to_lower(forward_path.local_part + "@" + forward_path.domain);
  const directory::RuleRecipient recipient{
      .address = canonical,
      .alias = alias,
      .domain = std::string_view(alias).substr(alias.rfind('@') + 1)};
  found.policy = &protection.policy_for(recipient);
  if (found.policy == &protection.default_policy) return;
  for (const directory::AntiPhishRule& rule : protection.rules) {
    if (!rule.enabled || rule.policy != found.policy->name || !applies_to(rule, recipient))
      continue;
    found.rule = &rule;
    return;
  }
}

}  // namespace

Participants find_participants(const RcptFacts& envelope, const AttributionFacts& facts,
                               const Snapshot& directory, const RcptVerdict& verdict,
                               const std::optional<directory::Destination>& destination) {
  Collector collector(facts, directory);
  collector.collect(verdict);
  Participants found = collector.take();
  if (verdict.organization)
    choose_policy(*verdict.organization, *envelope.forward_path, destination, found);
  return found;
}

}  // namespace postern::policy
