#include "directory/validation.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "mail/domain_name.h"
#include "mail/mailbox.h"
#include "mail/utf8.h"

namespace postern::directory {
namespace {

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return is_ascii(c) && (c < ' ' || c == '\x7f'); });
}

/// What somebody gave, for an error; a whole file may come as one name.
std::string quote(std::string_view text) {
  constexpr std::size_t max_quoted = 80;
  std::string quoted(text.substr(0, max_quoted));
  if (text.size() > max_quoted) quoted += "…";
  return quoted;
}

Result<void> check_next_hop(std::string_view next_hop) {
  constexpr std::array kinds = {"maildir:", "lmtp:", "smtp:"};
  if (next_hop.empty()) return {};
  const auto kind = std::ranges::find_if(
      kinds, [&](std::string_view start) { return next_hop.starts_with(start); });
  if (kind == kinds.end() || next_hop.size() == std::string_view(*kind).size() ||
      next_hop.size() > max_next_hop || has_control(next_hop)) {
    return fail("NextHop: " + std::string(next_hop) +
                " is no delivery; write maildir:PATH, lmtp:HOST:PORT, lmtp:unix:PATH, "
                "smtp:HOST:PORT or smtp:mx:DOMAIN.");
  }
  return {};
}

Result<NameList> check_pilot_recipients(const NameList& given) {
  const std::string start = "RejectDirectSendPilotRecipients: ";
  std::vector<std::string> addresses;
  for (const std::string_view text : given) {
    auto address = check_address(trim(text));
    if (!address) return fail(start + address.error().message);
    if (address->starts_with("*@"))
      return fail(start + quote(text) + " stands for many; list single addresses.");
    addresses.push_back(*std::move(address));
  }
  std::ranges::sort(addresses);
  const auto repeated = std::ranges::unique(addresses);
  addresses.erase(repeated.begin(), repeated.end());
  if (addresses.size() > max_list_entries)
    return fail(start + "at most " + std::to_string(max_list_entries) + " addresses are allowed.");
  return NameList(addresses);
}

}  // namespace

Result<void> check_name(std::string_view parameter, std::string_view name) {
  const std::string start = std::string(parameter) + ": ";
  if (name.empty()) return fail(start + "a name is needed.");
  if (name.size() > max_name) {
    return fail(start + "a name has at most " + std::to_string(max_name) + " octets.");
  }
  if (!mail::is_utf8(name) || has_control(name) || name.contains('/') || name.contains('\\')) {
    return fail(start + "a name is printable text without / and \\.");
  }
  if (name != trim(name)) return fail(start + "a name neither begins nor ends with a blank.");
  if (Guid::parse(name)) return fail(start + "a name must not have the form of a GUID.");
  return {};
}

Result<AcceptedDomain> check_domain(AcceptedDomain domain) {
  auto name = mail::to_a_label(domain.name);
  if (!name) return fail("DomainName: " + domain.name + " is not a domain name.");
  domain.name = *std::move(name);
  if (domain.match_sub_domains && domain.type != DomainType::internal_relay) {
    return fail("MatchSubDomains: only a domain of DomainType InternalRelay can match subdomains.");
  }
  if (auto next_hop = check_next_hop(domain.next_hop); !next_hop) {
    return std::unexpected(next_hop.error());
  }
  // It becomes part of an address and of a folder's name.
  const auto is_plain = [](char c) { return is_alnum(c) || c == '-' || c == '_'; };
  if (domain.junk_detail.size() > max_junk_detail ||
      !std::ranges::all_of(domain.junk_detail, is_plain)) {
    return fail("JunkDelivery: " + quote(domain.junk_detail) +
                " is no detail; write header or detail:Junk, with at most 30 letters, digits, "
                "hyphens and underscores.");
  }
  return domain;
}

Result<OrganizationConfig> check_config(OrganizationConfig config) {
  constexpr int hours = 24;
  if (auto pilots = check_pilot_recipients(config.reject_direct_send_pilot_recipients)) {
    config.reject_direct_send_pilot_recipients = *std::move(pilots);
  } else {
    return std::unexpected(pilots.error());
  }
  if (config.reject_direct_send_percentage > 100)
    return fail("RejectDirectSendPercentage: expected a whole number from 0 to 100.");
  if (config.reject_direct_send_return_to_audit_above > max_return_to_audit_above) {
    return fail(
        "RejectDirectSendReturnToAuditAbove: expected a whole number from 0, which is never, to " +
        std::to_string(max_return_to_audit_above) + ".");
  }
  if (config.quarantine_digest_hour >= hours)
    return fail("QuarantineDigestHour: expected an hour of the day from 0 to 23.");
  const std::string_view hop = config.relay_next_hop;
  if (hop.empty()) return config;
  if ((!hop.starts_with("smtp:") && !hop.starts_with("lmtp:")) || hop.size() > max_next_hop ||
      has_control(hop)) {
    return fail("RelayNextHop: " + quote(hop) +
                " is no server for outgoing mail; write smtp:HOST:PORT or smtp:mx:DOMAIN.");
  }
  return config;
}

Result<ArcConfig> check_arc_config(const ArcConfig& config) {
  std::vector<std::string> sealers;
  for (const std::string_view text : config.trusted_sealers) {
    auto name = mail::to_a_label(trim(text));
    if (!name) return fail("ArcTrustedSealers: " + quote(text) + " is not a domain name.");
    sealers.push_back(*std::move(name));
  }
  std::ranges::sort(sealers);
  const auto repeated = std::ranges::unique(sealers);
  sealers.erase(repeated.begin(), repeated.end());
  if (sealers.size() > max_arc_trusted_sealers) {
    return fail("ArcTrustedSealers: an organization has at most " +
                std::to_string(max_arc_trusted_sealers) + " of them.");
  }
  return ArcConfig{.trusted_sealers = sealers};
}

Result<std::string> check_address_or_domain(std::string_view text) {
  if (!text.contains('@')) {
    if (auto domain = mail::to_a_label(text)) return *std::move(domain);
    return fail(quote(text) + " is neither an address nor a domain.");
  }
  auto address = check_address(text);
  if (address && address->starts_with("*@")) return address->substr(2);
  return address;
}

Result<std::string> check_address(std::string_view text) {
  const auto mailbox =
      mail::parse_mailbox(text.starts_with('@') ? '*' + std::string(text) : std::string(text));
  if (!mailbox || mailbox->has_literal()) {
    return fail(quote(text) + " is not an address of the form user@domain.");
  }
  return mail::to_address(to_lower(mailbox->local_part), mailbox->domain);
}

Result<Recipient> check_recipient(Recipient recipient, const Snapshot& directory,
                                  const Organization& organization) {
  const auto check = [&](std::string_view parameter, std::string& address) -> Result<void> {
    const std::string start = std::string(parameter) + ": ";
    auto checked = check_address(address);
    if (!checked) return fail(start + checked.error().message);
    address = *std::move(checked);

    const std::string domain = address.substr(address.rfind('@') + 1);
    const auto accepted = directory.find_domain(domain);
    if (!accepted || accepted.organization->id() != organization.id()) {
      return fail(start + address + " is not in an accepted domain of " + organization.name() +
                  ".");
    }
    if (const auto there = organization.find_recipient(address)) {
      return fail(start + address + " is taken" +
                  (there->address == address ? "" : " as an alias of " + there->address) + ".");
    }
    return {};
  };

  if (auto address = check("EmailAddress", recipient.address); !address) {
    return std::unexpected(address.error());
  }
  if (recipient.aliases.size() > max_aliases) {
    return fail("Aliases: a recipient has at most " + std::to_string(max_aliases) + " aliases.");
  }
  for (std::string& alias : recipient.aliases) {
    if (auto checked = check("Aliases", alias); !checked) {
      return std::unexpected(checked.error());
    }
  }
  // The address itself and repetitions are no aliases.
  std::erase(recipient.aliases, recipient.address);
  std::ranges::sort(recipient.aliases);
  const auto repeated = std::ranges::unique(recipient.aliases);
  recipient.aliases.erase(repeated.begin(), repeated.end());
  return recipient;
}

}  // namespace postern::directory
