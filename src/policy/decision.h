// The decision at RCPT: whose mail is this, who vouches for it, may it come in?
//
// A pure function of the facts, the directory and the settings: no socket, clock, file or log.
// Given the same values it says the same, today and when an administrator asks why.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "directory/objects.h"
#include "directory/snapshot.h"
#include "mail/mailbox.h"
#include "mail/reply.h"
#include "policy/attribution.h"
#include "policy/stage.h"

namespace postern::policy {

/// Before the sentence of a NearestMiss, among the reasons.
inline constexpr std::string_view nearest_miss_mark = "NearestMiss: ";

enum class Decision { accept, reject, defer };
std::string_view to_string(Decision decision);

struct RcptVerdict {
  Decision decision = Decision::reject;
  /// Without the bracketed tail; see with_tail. For accept: 250 2.1.5.
  mail::Reply reply;
  /// The owner of the forward-path, or of the connector in an Originating session, or of the
  /// nearest miss; null: none.
  std::shared_ptr<const directory::Organization> organization;
  /// Null: not attributed.
  std::shared_ptr<const directory::InboundConnector> connector;
  MatchedBy matched_by = MatchedBy::nothing;
  Direction direction = Direction::incoming;
  /// The reverse-path claims a domain of the organization and no connector vouches for it,
  /// whether the switch is on or not.
  bool direct_send = false;
  /// Direct Send that would be refused, accepted until the content is there to prove it
  /// (RejectDirectSendAllowAuthenticated; policy/own_claims.h).
  bool to_be_proven = false;
  /// Does the switch hold for this recipient? Asked of Direct Send that the switch is about, and of
  /// all mail without a connector that vouches where RejectDirectSendCheckHeaderFrom is on.
  Stage stage;
  /// The reverse-path has a domain of `organization`, whoever the client is.
  bool own_sender = false;
  /// The canonical recipient address (lower case, alias and +detail resolved); empty if refused.
  std::string recipient;
  /// Detail of `user+detail@…`, without the delimiter.
  std::string detail;
  /// Only a wildcard recipient matched: a stranger may have invented the name.
  bool wildcard = false;
  /// Nobody here accepts mail for the domain, and the client may relay: it goes out.
  bool relay = false;
  /// `maildir:…`, `lmtp:…`, `smtp:…` of the accepted domain; empty: [delivery] default. With
  /// `relay` the organization's RelayNextHop; empty: [delivery] relay.
  std::string next_hop;
  /// AcceptedDomain::junk_detail.
  std::string junk_detail;
  /// Words for the trace, most important first: `RejectDirectSend`, `AmbiguousConnector: A, B`,
  /// `NearestMiss: connector C …`. The client is told none of them.
  std::vector<std::string> reasons;
};

/// Must the edge ask for the reverse name of this client before decide_rcpt? Without it the rule
/// 5.7.25 is not applied.
bool needs_reverse_name(const IpAddress& client);

/// Who accepts mail for the forward-path; for `<Postmaster>` whoever looks after this server.
directory::Snapshot::DomainOwner find_recipient_owner(const RcptFacts& facts,
                                                      const directory::Snapshot& directory);

RcptVerdict decide_rcpt(const RcptFacts& facts, const directory::Snapshot& directory);

/// `… [mx.example.com 2025-01-29T19:07:30.476Z 08DD3FA5DBC8F401]` after the sentence, as real
/// replies of this family have it; only refusals get it.
mail::Reply with_tail(mail::Reply reply, std::string_view server_name, std::string_view time_text,
                      std::string_view session_id);

}  // namespace postern::policy
