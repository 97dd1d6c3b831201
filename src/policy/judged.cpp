#include "policy/judged.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "mail/domain_name.h"
#include "policy/attribution_rules.h"
#include "policy/nearest_miss.h"

namespace postern::policy {
namespace {

using directory::AcceptedDomain;
using directory::ConnectorIndex;
using directory::InboundConnector;
using directory::NameKey;
using directory::NameList;
using directory::Organization;
using directory::Snapshot;

/// Those of `list` that concern the message. One is kept of those that do not: a list that is empty
/// means something else.
template <class List, class Concerns>
auto concerned(const List& list, Concerns concerns) {
  std::vector<std::remove_cvref_t<decltype(*list.begin())>> kept;
  for (const auto& one : list) {
    if (concerns(one)) kept.push_back(one);
  }
  if (kept.empty() && !list.empty()) kept.push_back(*list.begin());
  return kept;
}

template <class Concerns>
NameList concerned_names(const NameList& list, Concerns concerns) {
  if (list.empty()) return {};
  std::vector<std::string> names;
  for (const std::string_view one : concerned(list, concerns)) names.emplace_back(one);
  return names;
}

bool covers(std::string_view pattern, std::string_view domain) {
  if (pattern == "*" || pattern == domain) return true;
  return pattern.starts_with(wildcard) &&
         mail::is_below(domain, without_wildcard(pattern), mail::Self::included);
}

/// Gathers what the indexes of attribution and of the nearest miss give for the facts.
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
    const bool has_miss = std::ranges::any_of(verdict.reasons, [](const std::string& reason) {
      return reason.starts_with(nearest_miss_mark);
    });
    if (!has_miss) return;
    if (const auto miss = find_nearest_miss(facts_, directory_, nullptr)) add(*miss->connector);
  }

  std::vector<JudgedOrganization> take() { return std::move(found_); }

 private:
  void by_address(const ConnectorIndex& index) {
    index.for_each_by_address(facts_.client,
                              [&](const InboundConnector& one, unsigned) { add(one); });
  }

  JudgedOrganization& of(const Organization& organization) {
    const auto there = std::ranges::find(organizations_, &organization);
    if (there != organizations_.end())
      return found_[static_cast<std::size_t>(there - organizations_.begin())];
    organizations_.push_back(&organization);
    return found_.emplace_back(
        JudgedOrganization{.name = organization.name(),
                           .config = organization.config(),
                           .composite = organization.spoof_protection()->composite,
                           .domains = {},
                           .connectors = {}});
  }

  void add_domain(const Organization& organization, const AcceptedDomain& domain) {
    auto& domains = of(organization).domains;
    if (std::ranges::find(domains, domain.name, &AcceptedDomain::name) == domains.end())
      domains.push_back(domain);
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
        return add_domain(organization, domain);
    }
  }

  void add(const InboundConnector& connector) {
    if (std::ranges::find(connectors_, &connector) != connectors_.end()) return;
    connectors_.push_back(&connector);
    const Organization& owner = *directory_.peek_organization(connector.organization);
    of(owner).connectors.push_back(slice(connector));
    if (!connector.tls_sender_certificate_name.empty())
      add_backing(owner, connector.tls_sender_certificate_name);
  }

  InboundConnector slice(const InboundConnector& whole) const {
    InboundConnector kept;
    kept.name = whole.name;
    kept.guid = whole.guid;
    kept.type = whole.type;
    kept.enabled = whole.enabled;
    kept.require_tls = whole.require_tls;
    kept.restrict_domains_to_ip_addresses = whole.restrict_domains_to_ip_addresses;
    kept.restrict_domains_to_certificate = whole.restrict_domains_to_certificate;
    kept.tls_sender_certificate_name = whole.tls_sender_certificate_name;
    kept.when_created = whole.when_created;
    kept.sender_domains = concerned_names(whole.sender_domains, [&](std::string_view pattern) {
      return covers(pattern, facts_.sender_domain);
    });
    kept.associated_accepted_domains =
        concerned_names(whole.associated_accepted_domains, [&](std::string_view name) {
          return (facts_.recipient && name == facts_.recipient.domain->name) ||
                 (facts_.sender && name == facts_.sender.domain->name);
        });
    const IpPrefix around(facts_.client, facts_.client.is_v4() ? near_v4_prefix : near_v6_prefix);
    kept.sender_ip_addresses = concerned(whole.sender_ip_addresses, [&](const IpPrefix& prefix) {
      return prefix.contains(facts_.client) || around.contains(prefix);
    });
    return kept;
  }

  const AttributionFacts& facts_;
  const Snapshot& directory_;
  std::vector<const Organization*> organizations_;
  std::vector<const InboundConnector*> connectors_;
  std::vector<JudgedOrganization> found_;
};

/// The recipient's policy, as the edge asks for it when the message is accepted.
void choose_policy(const Organization& organization, const RcptFacts& facts, RcptBasis& basis) {
  const mail::Mailbox& forward_path = *facts.forward_path;
  const std::string canonical =
      basis.facts.destination ? basis.facts.destination->recipient : forward_path.text;
  const std::string alias = forward_path.domain.empty()
                                ? to_lower(canonical)
                                : to_lower(forward_path.local_part + "@" + forward_path.domain);
  const directory::RuleRecipient recipient{
      .address = canonical,
      .alias = alias,
      .domain = std::string_view(alias).substr(alias.rfind('@') + 1)};
  const directory::SpoofProtection& protection = *organization.spoof_protection();
  const directory::AntiPhishPolicy& policy = protection.policy_for(recipient);
  basis.settings.policy = policy;
  if (&policy == &protection.default_policy) return;
  for (const directory::AntiPhishRule& rule : protection.rules) {
    if (!rule.enabled || rule.policy != policy.name || !applies_to(rule, recipient)) continue;
    basis.settings.rule = rule.name;
    return;
  }
}

}  // namespace

RcptBasis find_basis(const RcptFacts& facts, const Snapshot& directory,
                     const RcptVerdict& verdict) {
  const AttributionFacts known(facts, directory, find_recipient_owner(facts, directory));
  RcptBasis basis;
  Collector collector(known, directory);
  collector.collect(verdict);
  basis.settings.server_name = facts.server_name;
  basis.settings.has_relay = facts.has_relay;
  basis.settings.several_organizations = directory.organization_count() > 1;
  basis.settings.organizations = collector.take();
  basis.facts.certificate_names = facts.certificate_names;
  basis.facts.reverse_name = facts.reverse_name;
  if (known.recipient) {
    basis.facts.destination = known.recipient.organization->find_destination(
        facts.forward_path->local_part,
        facts.forward_path->domain.empty() ? known.recipient.domain->name
                                           : facts.forward_path->domain,
        *known.recipient.domain);
  }
  if (verdict.organization) choose_policy(*verdict.organization, facts, basis);
  return basis;
}

std::vector<std::string> find_own_domains(const JudgedEvidenceView& evidence,
                                          std::string_view reverse_path_domain,
                                          const OwnDomains& own) {
  std::vector<std::string> found;
  const auto look = [&](std::string_view name) {
    if (!name.empty() && own.has(name) && std::ranges::find(found, name) == found.end())
      found.emplace_back(name);
  };
  const JudgedMessageView& message = *evidence.message;
  for (const std::string& domain : message.author_domains) look(domain);
  look(reverse_path_domain);
  if (const auth::SpfEvaluation* spf = evidence.mail_from ? evidence.mail_from : evidence.helo)
    look(spf->domain);
  for (const auth::DkimResult& one : message.dkim) look(one.domain);
  if (!message.testimony) return found;
  for (const auto& [method, ptype, property] :
       {std::array{"dmarc", "header", "from"}, std::array{"dkim", "header", "d"},
        std::array{"spf", "smtp", "mailfrom"}}) {
    for (const std::string& domain : message.testimony->passed(method, ptype, property))
      look(domain);
  }
  return found;
}

std::vector<std::string> find_suffixes(const auth::PublicSuffixList& list,
                                       const std::vector<std::string>& names) {
  std::vector<std::string> suffixes;
  for (const std::string& name : names) {
    if (name.empty()) continue;
    const auto registrable = list.registrable_domain(name);
    // A public suffix itself has none above it.
    std::string suffix(registrable ? parent_of(*registrable) : std::string_view(name));
    if (!suffix.empty() && std::ranges::find(suffixes, suffix) == suffixes.end())
      suffixes.push_back(std::move(suffix));
  }
  return suffixes;
}

}  // namespace postern::policy
