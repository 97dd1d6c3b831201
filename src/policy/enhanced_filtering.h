// Enhanced Filtering: who sent a message that came through a gateway.
//
// Behind a gateway every client is the gateway: SPF would judge its address, DMARC its right to
// send for the author. But the gateway wrote a Received field on top of the message that names the
// client it had. An organization that trusts the gateway to write the truth says so in the
// connector, and this walks down from the connection, one field a step. The connection is known;
// as long as the host that a step has reached is trusted, it wrote the next field, and what this
// field says leads to the host before it. The first host that is not trusted is the true client.
// The walk ends there, and so whatever stands below is never looked at: that is what a stranger
// may have written, trusted addresses included. For the same reason a field that cannot be read
// ends the walk without an answer. To leave it out would be to believe the next one, and who wrote
// that one is what the unread field would have said. No answer means that the message is judged by
// the address that connected, as without Enhanced Filtering.
//
// Trusted are, as Set-InboundConnector has it: with EFSkipLastIP the connecting address, whatever
// it is; else what EFSkipIPs lists; and always private addresses, which nobody outside can have.
// Trust is in a host with all that runs on it: a field that names no client is the host's handing
// over to itself.
//
// Pure; what becomes of the answer is decided elsewhere.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "directory/objects.h"
#include "mail/header_fields.h"

namespace postern::policy {

/// Received fields that are read at most: what a server must bear before it sees a loop (RFC 5321
/// section 6.3).
inline constexpr std::size_t max_filtered_hops = 100;

enum class FilteringEnd {
  off,            ///< the connector sets neither EFSkipLastIP nor EFSkipIPs
  not_skipped,    ///< the connecting address is not trusted: it is the true client
  found,          ///< behind `fields` Received fields
  out_of_fields,  ///< the last field, or the connection without any, leads to a trusted host
  unreadable,     ///< the field number `fields` is not understood
  hidden,         ///< the field number `fields` keeps secret who its client was
  too_many_hops,
};

struct TrueClient {
  IpAddress address;
  std::string helo;          ///< as the field has it: anything; empty: it does not say
  std::string reverse_name;  ///< as the field has it; the DNS was not asked

  bool operator==(const TrueClient&) const = default;
};

struct FilteringResult {
  FilteringEnd end = FilteringEnd::off;
  std::size_t fields = 0;            ///< Received fields that were looked at
  std::optional<TrueClient> client;  ///< there with `found`, and only then
};

/// `header` is the message as the client sent it, without a Received field of ours.
FilteringResult find_true_client(const IpAddress& client, const mail::HeaderSection& header,
                                 const directory::InboundConnector& connector);

/// Is it on?
bool has_enhanced_filtering(const directory::InboundConnector& connector);

/// Does the answer count for a message to these recipients, or is it only noted? All must be listed
/// in EFUsers, by the address that the message uses; an empty list stands for everybody. Case makes
/// no difference. Recipients are `local-part@domain` with the domain as A-labels, as EFUsers has
/// them.
bool filters_for(const directory::InboundConnector& connector,
                 std::span<const std::string> recipients);

/// What a message has of it: the answer, and whether it counts.
struct Filtering {
  FilteringResult result;
  bool for_all_recipients = true;

  /// By whom the message is judged instead of the client that connected; null: by that.
  const TrueClient* client() const {
    return for_all_recipients && result.client ? &*result.client : nullptr;
  }
};

/// RFC 1918 and its like: loopback, link-local and unique local addresses (RFC 4193), and 6to4
/// addresses of private ones, which Google has inside.
bool is_private(const IpAddress& address);

/// For the trace: `true client 203.0.113.9 (mail.example.net) behind 2 Received fields`, or why it
/// is not known.
std::string to_text(const FilteringResult& result);
/// The same; `not for all recipients: …` if it does not count.
std::string to_text(const Filtering& filtering);

// Before what stands among the reasons of the trace: to_text, and the address of the true client
// where it counts.
inline constexpr std::string_view filtering_mark = "EnhancedFiltering: ";
inline constexpr std::string_view true_client_mark = "TrueClient: ";

/// Body of X-MS-Exchange-SkipListedInternetSender and -ExternalOriginalInternetSender:
/// `ip=[203.0.113.9];domain=mail.example.net`. What cannot stand in a field becomes `?`, and a name
/// that is longer than names are is cut.
std::string to_sender_body(const TrueClient& client);

}  // namespace postern::policy
