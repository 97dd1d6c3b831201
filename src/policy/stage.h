// How far RejectDirectSend is in force: of the mail that it is about, what is refused, and what is
// only said to be what would be refused. docs/staged-enforcement.md is the same for administrators.
//
// It is asked in this order, and the first that holds decides:
//
//   the switch   RejectDirectSend of the claimed domain, or where that says Inherit, of the
//                organization. Off: nothing of the rest is asked
//   exception    of the client, the sender and the recipient, not expired: let in
//   schedule     RejectDirectSendEffectiveFrom is still to come: audited
//   mode         RejectDirectSendMode Audit: audited
//   pilot        there are pilot recipients, and this is none of them: audited
//   percentage   the source is not among RejectDirectSendPercentage of all: audited
//
// The domain whose switch counts is the claimed one, that of the sender: what an administrator
// knows when he turns it on is who sends in the name of a domain. Who receives is the pilot's
// question.
//
// Pure: time is one of the facts.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "directory/direct_send_exceptions.h"
#include "directory/objects.h"
#include "mail/mailbox.h"
#include "policy/attribution.h"

namespace postern::policy {

/// Before the words of a stage that audits, first among the reasons.
inline constexpr std::string_view would_reject_mark = "WouldRejectDirectSend";
/// Before the name of an exception, first among the reasons.
inline constexpr std::string_view exception_mark = "DirectSendException ";

struct Stage {
  enum class By : std::uint8_t {
    nothing,  ///< it is in force
    exception,
    effective_from,
    mode,
    pilot_recipients,
    percentage
  };
  By by = By::nothing;
  /// `Audit`, `Percentage 20`, `EffectiveFrom 2026-12-01T06:00:00.000Z`; of an exception its name.
  std::string words;

  bool is_enforced() const { return by == By::nothing; }
  bool is_excepted() const { return by == By::exception; }
  bool is_audited() const { return !is_enforced() && !is_excepted(); }
};
/// As /metrics calls it: `exception`, `effective_from` …
std::string_view to_string(Stage::By by);

/// `WouldRejectDirectSend: Audit`, `DirectSendException Scanner`; not of one that is enforced.
/// `rule` is what would have been the reason of a refusal.
std::string to_reason(const Stage& stage, std::string_view rule = "RejectDirectSend");
/// What an administrator is told, for the reason that to_reason made; empty: it is another reason.
std::string explain_stage(std::string_view reason);

/// Is mail that claims the accepted domain what the switch is about?
bool rejects_direct_send(const directory::AcceptedDomain& claimed,
                         const directory::OrganizationConfig& config);

/// Who counts as one source: the client's network, /24 or with IPv6 /48, since a service sends from
/// several addresses of one.
IpPrefix direct_send_source(const IpAddress& client);
/// From 0 to 99, of an organization and a source always the same, on every machine. The source is
/// among N percent if it is below N; so it stays among them as N grows.
unsigned source_percentile(std::string_view organization, const IpPrefix& source);

/// The recipient as others may have written him down: as in RCPT, and as the directory has him.
struct RecipientNames {
  std::string written;
  std::string canonical;  ///< empty: there is no such recipient

  bool is(std::string_view address) const { return address == written || address == canonical; }
  bool is_in_domain(std::string_view domain) const;
};
/// `recipient` is whose the forward-path is.
RecipientNames recipient_names(const mail::Mailbox& forward_path,
                               const directory::Snapshot::DomainOwner& recipient);

/// Of an organization's exceptions those that have the client, expired ones too. One may come
/// twice.
void for_each_exception_of_client(
    const directory::DirectSendExceptions& exceptions, const AttributionFacts& facts,
    const std::function<void(const directory::DirectSendException&)>& use);

/// Has a list of addresses and domains the address?
bool lists_sender(const directory::NameList& list, const mail::Mailbox& reverse_path);
bool lists_recipient(const directory::NameList& list, const RecipientNames& names);

/// For mail that claims a domain whose switch is on and for whose client no connector vouches.
/// `facts.recipient` is somebody's.
Stage find_stage(const RcptFacts& facts, const AttributionFacts& known);

}  // namespace postern::policy
