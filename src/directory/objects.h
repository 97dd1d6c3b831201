// The directory's objects, with the names and defaults that Exchange Online administrators
// know. Plain values: reading and writing them is store/'s task, indexing them snapshot.h's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"

namespace postern::directory {

enum class DomainType {
  authoritative,  ///< an unknown recipient is refused: 550 5.4.1
  internal_relay  ///< unknown recipients are handed to the next hop, which knows
};

struct AcceptedDomain {
  std::string name;  ///< A-label form
  DomainType type = DomainType::authoritative;
  bool match_sub_domains = false;  ///< InternalRelay only
  bool is_default = false;
  std::string next_hop;  ///< `maildir:…`, `lmtp:…`, `smtp:…`; empty: [delivery] default
};

struct Recipient {
  std::string address;  ///< lower-case local-part, `@`, A-label domain; `*@domain` accepts all
  std::vector<std::string> aliases;  ///< the same form
};

enum class ConnectorType { partner, on_premises };
enum class ConnectorSource { default_, hybrid_wizard, migrated };

/// domain/direct-send.md calls this the connector object; parameters of New-InboundConnector.
struct InboundConnector {
  std::string guid;
  std::string name;
  ConnectorType type = ConnectorType::partner;
  ConnectorSource source = ConnectorSource::default_;
  bool enabled = true;
  /// `*`, `contoso.com`, `*.contoso.com` (that domain and all below); A-label form.
  std::vector<std::string> sender_domains;
  std::vector<IpPrefix> sender_ip_addresses;
  std::string tls_sender_certificate_name;  ///< `mail.contoso.com` or `*.contoso.com`
  bool require_tls = true;
  bool restrict_domains_to_ip_addresses = false;
  bool restrict_domains_to_certificate = false;
  bool cloud_services_mail_enabled = false;
  bool treat_messages_as_internal = false;
  std::vector<std::string> associated_accepted_domains;
  bool ef_skip_last_ip = false;
  std::vector<std::string> ef_skip_ips;  ///< address, prefix, or range `a-b`
  std::vector<std::string> ef_users;
  std::string comment;
  Time when_created;
  Time when_changed;
};

struct OrganizationConfig {
  bool reject_direct_send = false;
};

}  // namespace postern::directory
