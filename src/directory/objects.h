// The directory's objects, with the names and defaults that Exchange Online administrators
// know. Plain values: reading and writing them is store/'s task, checking them validation.h's,
// indexing them snapshot.h's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"
#include "directory/compact.h"
#include "directory/guid.h"

namespace postern::directory {

/// The number of an organization in the store: never given twice.
enum class OrganizationId : std::uint32_t {};

enum class DomainType : std::uint8_t {
  authoritative,  ///< an unknown recipient is refused: 550 5.4.1
  internal_relay  ///< unknown recipients are handed to the next hop, which knows
};

// Words as Exchange writes them; reading ignores case.
std::string_view to_string(DomainType type);
std::optional<DomainType> parse_domain_type(std::string_view word);

/// RejectDirectSend of one accepted domain: as the organization has it, or not.
enum class DirectSendSwitch : std::uint8_t { inherit, on, off };

/// `Inherit`, `True`, `False`.
std::string_view to_string(DirectSendSwitch direct_send);
std::optional<DirectSendSwitch> parse_direct_send_switch(std::string_view word);

struct AcceptedDomain {
  std::string name;  ///< A-label form
  DomainType type = DomainType::authoritative;
  bool match_sub_domains = false;  ///< InternalRelay only
  bool is_default = false;         ///< exactly one of an organization's domains
  std::string next_hop;            ///< `maildir:…`, `lmtp:…`, `smtp:…`; empty: [delivery] default
  /// Junk goes to `user+junk_detail@…` by LMTP, to the folder `.junk_detail` of a Maildir; empty:
  /// header fields alone tell that it is junk.
  std::string junk_detail;
  /// For mail that claims this domain: policy/stage.h.
  DirectSendSwitch reject_direct_send = DirectSendSwitch::inherit;
  OrganizationId organization{};  ///< whose it is; the directory sets it
};

struct Recipient {
  std::string address;  ///< lower-case local-part, `@`, A-label domain; `*@domain` accepts all
  std::vector<std::string> aliases;  ///< the same form
};

enum class ConnectorType : std::uint8_t { partner, on_premises };
enum class ConnectorSource : std::uint8_t { default_, hybrid_wizard, migrated };

std::string_view to_string(ConnectorType type);
std::string_view to_string(ConnectorSource source);
std::optional<ConnectorType> parse_connector_type(std::string_view word);
std::optional<ConnectorSource> parse_connector_source(std::string_view word);

/// The parameters of New-InboundConnector; docs/attribution.md says what each does. There may
/// be a million of them, so lists and texts are of the compact kind.
struct InboundConnector {
  // What is looked at for every recipient comes first, to share a cache line.
  ConnectorType type = ConnectorType::partner;
  ConnectorSource source = ConnectorSource::default_;
  bool enabled : 1 = true;
  bool require_tls : 1 = true;
  bool restrict_domains_to_ip_addresses : 1 = false;
  bool restrict_domains_to_certificate : 1 = false;
  bool cloud_services_mail_enabled : 1 = false;
  bool treat_messages_as_internal : 1 = false;
  bool ef_skip_last_ip : 1 = false;
  OrganizationId organization{};  ///< whose it is; the directory sets it
  // What its clients may send in a minute, policy/rate_limit.h. Zero: as [limits] says.
  std::uint32_t message_rate_limit = 0;
  std::uint32_t recipient_rate_limit = 0;
  /// `*`, `contoso.com`, `*.contoso.com` (that domain and all below); A-label form.
  NameList sender_domains;
  Text tls_sender_certificate_name;  ///< `mail.contoso.com` or `*.contoso.com`
  NameList associated_accepted_domains;
  CompactList<IpPrefix> sender_ip_addresses;

  Guid guid;
  Time when_created;
  Time when_changed;
  Text name;
  NameList ef_skip_ips;  ///< address, prefix, or range `a-b`
  NameList ef_users;
  Text comment;

  /// Is mail of `sender_domains` refused unless the client is this connector's?
  bool restricts() const {
    return restrict_domains_to_ip_addresses || restrict_domains_to_certificate;
  }
};
// With its count of owners one takes 128 bytes, the allocator's class; the next is 160.
static_assert(sizeof(InboundConnector) <= 112);

/// How often recipients are told what lies in quarantine for them.
enum class DigestInterval : std::uint8_t { off, daily, weekly };

std::string_view to_string(DigestInterval interval);
std::optional<DigestInterval> parse_digest_interval(std::string_view word);

/// What is done with Direct Send that the switch is about.
enum class EnforcementMode : std::uint8_t {
  enforce,
  audit  ///< it is let in, and said to be what would be refused
};

std::string_view to_string(EnforcementMode mode);
std::optional<EnforcementMode> parse_enforcement_mode(std::string_view word);

struct OrganizationConfig {
  bool reject_direct_send = false;
  // Extensions of that switch, without effect where it is off: policy/own_claims.h.
  /// An own domain in the From field counts as well.
  bool reject_direct_send_check_header_from = false;
  /// Mail that SPF or DKIM proves to be the organization's is let through.
  bool reject_direct_send_allow_authenticated = false;
  /// What the DNS could not say now is asked again later: policy/temp_error.h.
  bool defer_on_temp_error = false;
  /// Results also under the names that Exchange gives them: policy/header_trust.h.
  bool stamp_exchange_headers = false;
  /// The MX records lead to another service: DMARC cannot be applied (policy/composite.h).
  bool gateway_in_front = false;
  // Stages of RejectDirectSend, policy/stage.h. Set like this, they change nothing.
  EnforcementMode reject_direct_send_mode = EnforcementMode::enforce;
  /// Of the sources that are enforced; the others are audited.
  std::uint8_t reject_direct_send_percentage = 100;
  /// Where mail of its own servers to other domains goes: `smtp:…`; empty: [delivery] relay.
  Text relay_next_hop;
  /// Before, all is audited. The epoch: it is in force.
  Time reject_direct_send_effective_from{};
  /// Addresses. Not empty: only mail to them is enforced, the rest audited.
  NameList reject_direct_send_pilot_recipients;
  /// More refused messages an hour from sources that authenticate make the mode audit again
  /// (edge/return_to_audit.h). Zero: never.
  std::uint32_t reject_direct_send_return_to_audit_above = 0;
  DigestInterval quarantine_digest = DigestInterval::off;
  /// Of the day, UTC; weekly on Mondays.
  std::uint8_t quarantine_digest_hour = 7;
};

/// Whose ARC seals an organization believes: policy/arc_trust.h.
struct ArcConfig {
  /// d= of ARC-Seal and ARC-Message-Signature: lower-case A-labels, sorted, each once.
  NameList trusted_sealers;
};

// What one organization may have. The store refuses what goes beyond.
inline constexpr std::size_t max_connectors = 10'000;
inline constexpr std::size_t max_accepted_domains = 10'000;
inline constexpr std::size_t max_arc_trusted_sealers = 1'000;
inline constexpr std::size_t max_aliases = 1'000;  ///< of one recipient
inline constexpr std::size_t max_junk_detail = 30;
/// Prefixes of all its connectors together.
inline constexpr std::size_t max_sender_ip_addresses = 100'000;
/// Of MessageRateLimit and RecipientRateLimit.
inline constexpr std::uint32_t max_rate_limit = 10'000'000;
inline constexpr std::uint32_t max_return_to_audit_above = 1'000'000;
/// Entries of one list parameter of a connector.
inline constexpr std::size_t max_list_entries = 1'000;
/// Connectors that share one certificate name, prefix or sender domain: attribution looks at all.
inline constexpr std::size_t max_connectors_per_key = 100;

}  // namespace postern::directory
