#include "directory/connector_validation.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <vector>

#include "base/ascii.h"
#include "base/cursor.h"
#include "directory/validation.h"
#include "mail/domain_name.h"
#include "mail/utf8.h"

namespace postern::directory {
namespace {

constexpr std::string_view wildcard = "*.";

/// `contoso.com` or `*.contoso.com` as A-label.
std::optional<std::string> to_domain_pattern(std::string_view text) {
  Cursor in(text);
  const bool is_wildcard = in.take(wildcard);
  auto name = mail::to_a_label(in.rest());
  if (name && is_wildcard) name->insert(0, wildcard);
  return name;
}

template <class T>
void drop_repetitions(std::vector<T>& values) {
  std::vector<T> seen;
  for (T& value : values) {
    if (std::ranges::find(seen, value) == seen.end()) seen.push_back(std::move(value));
  }
  values = std::move(seen);
}

Result<void> check_length(std::string_view parameter, std::size_t entries) {
  if (entries <= max_list_entries) return {};
  return fail(std::string(parameter) + ": at most " + std::to_string(max_list_entries) +
              " entries are allowed.");
}

Result<void> check_sender_domains(InboundConnector& connector) {
  if (connector.sender_domains.empty()) {
    return fail("SenderDomains: needed; * stands for all domains.");
  }
  if (auto length = check_length("SenderDomains", connector.sender_domains.size()); !length) {
    return length;
  }
  std::vector<std::string> domains;
  for (const std::string_view text : connector.sender_domains) {
    auto domain = parse_sender_domain(text);
    if (!domain) return fail("SenderDomains: " + domain.error().message);
    domains.push_back(*std::move(domain));
  }
  drop_repetitions(domains);
  connector.sender_domains = domains;
  return {};
}

bool lists(const InboundConnector* connector, const IpPrefix& prefix) {
  return connector != nullptr && std::ranges::find(connector->sender_ip_addresses, prefix) !=
                                     connector->sender_ip_addresses.end();
}

bool is_wide(const IpPrefix& prefix) {
  return prefix.length() < (prefix.network().is_v4() ? widest_v4_prefix : widest_v6_prefix);
}

Result<void> check_addresses(InboundConnector& connector, const InboundConnector* replaced,
                             Force force) {
  if (auto length = check_length("SenderIPAddresses", connector.sender_ip_addresses.size());
      !length) {
    return length;
  }
  std::vector<IpPrefix> prefixes(connector.sender_ip_addresses.begin(),
                                 connector.sender_ip_addresses.end());
  drop_repetitions(prefixes);
  connector.sender_ip_addresses = prefixes;
  for (const IpPrefix& prefix : prefixes) {
    if (force == Force::no && !lists(replaced, prefix) && is_wide(prefix)) {
      return fail("SenderIPAddresses: " + prefix.to_string() + " is wider than /" +
                  std::to_string(prefix.network().is_v4() ? widest_v4_prefix : widest_v6_prefix) +
                  ". List smaller blocks, or add -Force.");
    }
  }
  return {};
}

Result<void> check_certificate(InboundConnector& connector) {
  if (connector.tls_sender_certificate_name.empty()) return {};
  auto name =
      check_certificate_name("TlsSenderCertificateName", connector.tls_sender_certificate_name);
  if (!name) return std::unexpected(name.error());
  connector.tls_sender_certificate_name = *name;
  return {};
}

Result<void> check_associated_domains(InboundConnector& connector,
                                      const Organization& organization) {
  std::vector<std::string> names;
  for (const std::string_view text : connector.associated_accepted_domains) {
    const auto name = mail::to_a_label(text);
    if (!name || organization.find_domain(*name) == nullptr) {
      return fail("AssociatedAcceptedDomains: " + std::string(text) +
                  " is not an accepted domain of " + organization.name() + ".");
    }
    names.push_back(*name);
  }
  drop_repetitions(names);
  connector.associated_accepted_domains = names;
  return check_length("AssociatedAcceptedDomains", names.size());
}

/// An address, a prefix, or a range `a-b` of one family in order.
bool is_skip_entry(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return IpPrefix::parse(text).has_value();
  const auto first = IpAddress::parse(text.substr(0, dash));
  const auto last = IpAddress::parse(text.substr(dash + 1));
  return first && last && first->is_v4() == last->is_v4() && *first <= *last;
}

Result<void> check_enhanced_filtering(InboundConnector& connector) {
  if (auto length = check_length("EFSkipIPs", connector.ef_skip_ips.size()); !length) return length;
  if (auto length = check_length("EFUsers", connector.ef_users.size()); !length) return length;
  for (const std::string_view entry : connector.ef_skip_ips) {
    if (!is_skip_entry(entry)) {
      return fail("EFSkipIPs: " + std::string(entry) +
                  " is neither an address, nor a prefix, nor a range such as "
                  "192.0.2.1-192.0.2.9.");
    }
  }
  std::vector<std::string> users;
  for (const std::string_view user : connector.ef_users) {
    auto address = check_address(user);
    if (!address) return fail("EFUsers: " + address.error().message);
    users.push_back(*std::move(address));
  }
  connector.ef_users = users;
  return {};
}

Result<void> check_rate_limit(std::string_view parameter, std::uint32_t limit) {
  if (limit <= max_rate_limit) return {};
  return fail(std::string(parameter) + ": at most " + std::to_string(max_rate_limit) +
              " a minute.");
}

/// What parameters mean together.
Result<void> check_combination(const InboundConnector& connector) {
  const bool has_addresses = !connector.sender_ip_addresses.empty();
  const bool has_certificate = !connector.tls_sender_certificate_name.empty();
  switch (connector.type) {
    case ConnectorType::partner:
      if (connector.treat_messages_as_internal) {
        return fail("TreatMessagesAsInternal: only for connectors of ConnectorType OnPremises.");
      }
      if (connector.restrict_domains_to_ip_addresses && !has_addresses) {
        return fail(
            "RestrictDomainsToIPAddresses: needs SenderIPAddresses; without them all mail "
            "of the sender domains would be refused.");
      }
      if (connector.restrict_domains_to_certificate && !has_certificate) {
        return fail(
            "RestrictDomainsToCertificate: needs TlsSenderCertificateName; without it all "
            "mail of the sender domains would be refused.");
      }
      return {};
    case ConnectorType::on_premises:
      if (connector.treat_messages_as_internal && connector.cloud_services_mail_enabled) {
        return fail("TreatMessagesAsInternal: not together with CloudServicesMailEnabled.");
      }
      if (!has_addresses && !has_certificate) {
        return fail(
            "SenderIPAddresses: a connector of ConnectorType OnPremises needs them, or "
            "TlsSenderCertificateName, to know its servers.");
      }
      return {};
  }
  std::abort();  // never a ConnectorType
}

/// Attribution looks at every connector of a key, so there must not be too many.
Result<void> check_crowding(std::string_view parameter, std::string_view key, std::size_t others) {
  if (others < max_connectors_per_key) return {};
  return fail(std::string(parameter) + ": " + std::string(key) + " is in " +
              std::to_string(others) + " connectors already, which is the limit.");
}

std::size_t count_others(std::span<const NameEntry> there, const InboundConnector* replaced) {
  return there.size() -
         static_cast<std::size_t>(std::ranges::count(there, replaced, &NameEntry::connector));
}
std::size_t count_others(OnPremisesIndex::Candidates there, const InboundConnector* replaced) {
  return there.size() - static_cast<std::size_t>(std::ranges::count(there, replaced));
}

Result<void> check_indexes(const InboundConnector& connector, const Snapshot& directory,
                           const Organization& organization, const InboundConnector* replaced) {
  const ConnectorIndex& index = organization.connector_index();
  const bool is_on_premises = connector.type == ConnectorType::on_premises;
  Result<void> checked;
  if (const std::string_view name = connector.tls_sender_certificate_name; !name.empty()) {
    std::size_t others =
        count_others(index.by_certificate_name(NameKey::certificate(name)), replaced);
    if (is_on_premises) {
      others = std::max(
          others,
          count_others(directory.on_premises().by_certificate_name(NameKey::certificate(name)),
                       replaced));
    }
    checked = check_crowding("TlsSenderCertificateName", name, others);
  }
  for (const IpPrefix& prefix : connector.sender_ip_addresses) {
    std::size_t others = index.count(prefix) - (lists(replaced, prefix) ? 1 : 0);
    if (is_on_premises) {
      others = std::max(others, count_others(directory.on_premises().by_prefix(prefix), replaced));
    }
    if (checked) checked = check_crowding("SenderIPAddresses", prefix.to_string(), others);
  }
  for (const std::string_view domain : connector.sender_domains) {
    const std::size_t others = count_others(index.by_sender_domain(NameKey(domain)), replaced);
    if (checked) checked = check_crowding("SenderDomains", domain, others);
  }
  const std::size_t replaced_prefixes =
      replaced == nullptr ? 0 : replaced->sender_ip_addresses.size();
  const std::size_t prefixes =
      index.prefix_count() - replaced_prefixes + connector.sender_ip_addresses.size();
  if (checked && prefixes > max_sender_ip_addresses) {
    checked = fail("SenderIPAddresses: the connectors of an organization list at most " +
                   std::to_string(max_sender_ip_addresses) + " addresses together.");
  }
  return checked;
}

/// One address, two organizations: whose mail is it? Only the reverse-path could tell.
Result<void> check_shared_addresses(const InboundConnector& connector, const Snapshot& directory,
                                    const Organization& organization,
                                    const InboundConnector* replaced) {
  for (const IpPrefix& prefix : connector.sender_ip_addresses) {
    // Somebody has decided that before.
    if (lists(replaced, prefix) && replaced->type == ConnectorType::on_premises) continue;
    const InboundConnector* other = nullptr;
    directory.on_premises().for_each_overlap(
        prefix, [&](const IpPrefix&, OnPremisesIndex::Candidates candidates) {
          for (const InboundConnector* candidate : candidates) {
            if (candidate->organization != organization.id()) other = candidate;
          }
          return other == nullptr;
        });
    if (other != nullptr) {
      return fail("SenderIPAddresses: " + prefix.to_string() +
                  " is an address of the organization " +
                  directory.find_organization(other->organization)->name() + ", too (connector " +
                  other->name.str() + "). Give each its own, or add -Force.");
    }
  }
  return {};
}

}  // namespace

Result<std::string> check_certificate_name(std::string_view parameter, std::string_view text) {
  const std::string start(std::string(parameter) + ": ");
  auto name = to_domain_pattern(text);
  if (!name) {
    return fail(start + std::string(text) +
                " is neither a name such as mail.contoso.com nor *.contoso.com.");
  }
  if (name->starts_with(wildcard) && !name->substr(wildcard.size()).contains('.'))
    return fail(start + *name + " stands for a whole top-level domain.");
  return *std::move(name);
}

Result<std::string> parse_sender_domain(std::string_view text) {
  // smtp:contoso.com;1: the kind of address space, and a cost that means nothing inbound.
  Cursor in(text);
  in.take_word("smtp:");
  const std::string_view domain = in.take_while([](char c) { return c != ';'; });
  const bool has_cost = in.take(';');
  const std::string_view cost = in.take_while(is_digit);
  const bool decorated_well = in.at_end() && has_cost == !cost.empty();

  if (decorated_well && domain == "*") return std::string(domain);
  auto pattern = to_domain_pattern(domain);
  if (!decorated_well || !pattern) {
    const bool inner = domain.find('*', domain.starts_with('*') ? 1 : 0) != std::string_view::npos;
    return fail(std::string(text) +
                (inner ? " has a wildcard inside; only *.contoso.com and * are allowed."
                       : " is neither a domain, nor *.domain, nor *."));
  }
  return *std::move(pattern);
}

std::string print_sender_domain(std::string_view domain) {
  return "smtp:" + std::string(domain) + ";1";
}

Result<InboundConnector> check_connector(InboundConnector connector, const Snapshot& directory,
                                         const Organization& organization,
                                         const InboundConnector* replaced, Force force) {
  Result<void> checked = check_name("Name", connector.name);
  if (checked) {
    const SharedConnector there = organization.find_connector(connector.name);
    if (there != nullptr && there.get() != replaced) {
      checked = fail("Name: " + organization.name() + " has a connector " + there->name.str() +
                     " already.");
    }
  }
  if (checked && replaced == nullptr && organization.connector_count() >= max_connectors) {
    checked = fail("Name: an organization has at most " + std::to_string(max_connectors) +
                   " connectors.");
  }
  if (checked &&
      (connector.comment.view().size() > max_comment || !mail::is_utf8(connector.comment))) {
    checked = fail("Comment: at most " + std::to_string(max_comment) + " octets of UTF-8 text.");
  }
  if (checked) checked = check_sender_domains(connector);
  if (checked) checked = check_addresses(connector, replaced, force);
  if (checked) checked = check_certificate(connector);
  if (checked) checked = check_associated_domains(connector, organization);
  if (checked) checked = check_enhanced_filtering(connector);
  if (checked) checked = check_rate_limit("MessageRateLimit", connector.message_rate_limit);
  if (checked) checked = check_rate_limit("RecipientRateLimit", connector.recipient_rate_limit);
  if (checked) checked = check_combination(connector);
  if (checked) checked = check_indexes(connector, directory, organization, replaced);
  if (checked && connector.type == ConnectorType::on_premises && force == Force::no) {
    checked = check_shared_addresses(connector, directory, organization, replaced);
  }
  if (!checked) return std::unexpected(checked.error());
  return connector;
}

}  // namespace postern::directory
