#include "policy/judged.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "mail/domain_name.h"
#include "policy/attribution_rules.h"
#include "policy/nearest_miss.h"
#include "policy/participants.h"
#include "policy/settings_texts.h"

namespace postern::policy {
namespace {

using directory::AcceptedDomain;
using directory::DirectSendException;
using directory::InboundConnector;
using directory::NameList;
using directory::Organization;
using directory::OrganizationConfig;
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

/// Copies what of the participants has to do with the client and the envelope.
class Slicer {
 public:
  Slicer(const RcptFacts& envelope, const AttributionFacts& facts)
      : envelope_(envelope), facts_(facts) {}

  std::vector<JudgedOrganization> slice(const Participants& all) {
    std::vector<JudgedOrganization> slices;
    for (const Organization* organization : all.organizations) {
      JudgedOrganization& slice = slices.emplace_back(
          JudgedOrganization{.name = organization->name(),
                             .config = this->slice(organization->config()),
                             .composite = organization->spoof_protection()->composite,
                             .domains = {},
                             .connectors = {},
                             .exceptions = {}});
      for (const auto& [owner, domain] : all.domains)
        if (owner == organization) slice.domains.push_back(*domain);
      for (const auto& [owner, connector] : all.connectors)
        if (owner == organization) slice.connectors.push_back(this->slice(*connector));
    }
    for (const DirectSendException* one : all.exceptions)
      slices.front().exceptions.push_back(slice(*one));
    return slices;
  }

 private:
  const RecipientNames& names() {
    if (!names_) names_ = recipient_names(*envelope_.forward_path, facts_.recipient);
    return *names_;
  }

  OrganizationConfig slice(OrganizationConfig config) {
    NameList& pilots = config.reject_direct_send_pilot_recipients;
    if (!pilots.empty() && facts_.recipient)
      pilots = concerned_names(pilots, [&](std::string_view one) { return names().is(one); });
    return config;
  }

  DirectSendException slice(const DirectSendException& whole) {
    DirectSendException kept;
    kept.name = whole.name;
    kept.sender_ip_addresses = concerned(whole.sender_ip_addresses, [&](const IpPrefix& prefix) {
      return prefix.contains(facts_.client);
    });
    kept.sender_certificate_name = whole.sender_certificate_name;
    kept.senders = concerned_names(whole.senders, [&](std::string_view one) {
      return lists_sender(NameList{std::string(one)}, *envelope_.reverse_path);
    });
    kept.recipients = concerned_names(whole.recipients, [&](std::string_view one) {
      return lists_recipient(NameList{std::string(one)}, names());
    });
    kept.expires = whole.expires;
    return kept;
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

  const RcptFacts& envelope_;
  const AttributionFacts& facts_;
  std::optional<RecipientNames> names_;
};

JudgedFacts find_facts(const RcptFacts& facts, const AttributionFacts& known) {
  JudgedFacts found;
  found.certificate_names = facts.certificate_names;
  found.reverse_name = facts.reverse_name;
  if (known.recipient) {
    found.destination = known.recipient.organization->find_destination(
        facts.forward_path->local_part,
        facts.forward_path->domain.empty() ? known.recipient.domain->name
                                           : facts.forward_path->domain,
        *known.recipient.domain);
  }
  return found;
}

JudgedSettings slice(const RcptFacts& facts, const AttributionFacts& known,
                     const Snapshot& directory, const Participants& all) {
  JudgedSettings settings;
  settings.server_name = facts.server_name;
  settings.has_relay = facts.has_relay;
  settings.several_organizations = directory.organization_count() > 1;
  settings.organizations = Slicer(facts, known).slice(all);
  if (all.policy != nullptr) settings.policy = *all.policy;
  if (all.rule != nullptr) settings.rule = all.rule->name;
  return settings;
}

}  // namespace

RcptBasis find_basis(const RcptFacts& facts, const Snapshot& directory,
                     const RcptVerdict& verdict) {
  const AttributionFacts known(facts, directory, find_recipient_owner(facts, directory));
  RcptBasis basis;
  basis.facts = find_facts(facts, known);
  const Participants all =
      find_participants(facts, known, directory, verdict, basis.facts.destination);
  basis.settings = slice(facts, known, directory, all);
  return basis;
}

RcptTexts find_basis(const RcptFacts& facts, const Snapshot& directory, const RcptVerdict& verdict,
                     SettingsTexts& texts) {
  const AttributionFacts known(facts, directory, find_recipient_owner(facts, directory));
  RcptTexts basis{.settings = {}, .facts = find_facts(facts, known)};
  const Participants all =
      find_participants(facts, known, directory, verdict, basis.facts.destination);
  const auto key = SettingsTexts::key_of(all);
  const std::string* const text = key ? texts.find(*key, facts, directory) : nullptr;
  if (text != nullptr) {
    basis.settings = *text;
    return basis;
  }
  basis.settings = to_archive(slice(facts, known, directory, all));
  if (key) texts.keep(*key, basis.settings);
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

std::vector<directory::DirectSendSwitch> find_own_switches(
    const std::vector<std::string>& own_domains, const OwnDomains& own) {
  std::vector<directory::DirectSendSwitch> switches;
  for (const std::string& name : own_domains) {
    const AcceptedDomain* const domain = own.find(name);
    switches.push_back(domain ? domain->reject_direct_send : directory::DirectSendSwitch::inherit);
  }
  const bool all_inherit = std::ranges::all_of(switches, [](directory::DirectSendSwitch one) {
    return one == directory::DirectSendSwitch::inherit;
  });
  if (all_inherit) switches.clear();
  return switches;
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
