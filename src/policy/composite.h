// Composite authentication: is the author who he says he is, all things taken together?
//
// SPF, DKIM and DMARC answer for the domains that publish records. For the rest, and for mail that
// lists and forwarders have changed, Exchange Online takes other evidence into account and writes
// what came out as `compauth=pass reason=130`. This is that, with every rule in one table: the
// first rule that applies gives result and reason. docs/composite-authentication.md is the same
// table for administrators.
//
// Pure: the same evidence, signals and settings give the same verdict. What becomes of the message
// is not decided here (policy/spoof_verdict.h): fail is a finding, not a refusal.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "auth/author_hosts.h"
#include "auth/dkim_result.h"
#include "auth/dmarc.h"
#include "auth/iprev.h"
#include "auth/public_suffix_list.h"
#include "auth/spf.h"
#include "directory/spoof_protection.h"
#include "policy/arc_trust.h"
#include "policy/implicit_signals.h"
#include "policy/own_claims.h"
#include "policy/signals.h"

namespace postern::policy {

enum class CompositeResult { none, fail, softpass, pass };
std::string_view to_string(CompositeResult result);

/// Who handed the message in.
enum class Bringer {
  stranger,
  connector,   ///< a Partner connector vouches for the client, by certificate or address
  own_servers  ///< an OnPremises connector does
};

/// What is known of one message. What is pointed to outlives the call; null: not known, but for
/// `dmarc`, which must be there.
struct CompositeFacts {
  const auth::DmarcEvaluation* dmarc = nullptr;
  /// Of the MAIL FROM identity, or of HELO where there is none.
  const auth::SpfEvaluation* spf = nullptr;
  std::span<const auth::DkimResult> dkim;
  /// Of MAIL FROM, an A-label; empty: null reverse-path.
  std::string_view reverse_path_domain;
  /// How many author domains there are; implicit evidence can only speak for one.
  std::size_t author_domains = 0;
  /// One of them is an accepted domain of the recipients' organization.
  bool own_author = false;
  /// By own domains, aligned with the author's or not: policy/own_claims.h.
  OwnMarks own_marks;
  Bringer bringer = Bringer::stranger;
  /// The organization said that a gateway stands in front, and nobody knows the gateway's client.
  bool hidden_client = false;
  const ArcTestimony* testimony = nullptr;
  IpAddress client;
  const auth::Iprev* iprev = nullptr;
  const auth::AuthorHosts* hosts = nullptr;
  const auth::PublicSuffixList* suffixes = nullptr;
};

struct CompositeAuthentication {
  CompositeResult result = CompositeResult::none;
  int reason = 0;
  /// Of the rule that applied: `AlignedPass`.
  std::string_view rule;
  /// The implicit signals, if the rules came so far as to ask for them.
  ImplicitFinding implicit;

  /// A forged author of one's own, or one that an administrator forbids: 002, 010, 601.
  bool is_spoof() const { return reason == 2 || reason == 10 || reason == 601; }
};

class CompositeEvidence;

/// One row of the table. For ImplicitPass and ImplicitSoftPass the reason is that of the heaviest
/// signal (implicit_signals.h), and 0 stands here.
struct CompositeRule {
  std::string_view name;
  CompositeResult result;
  int reason;
  bool (*applies)(const CompositeEvidence& evidence);
};
/// In the order in which they are tried. The last applies always.
std::span<const CompositeRule> composite_rules();

CompositeAuthentication authenticate(const CompositeFacts& facts, const Signals& signals,
                                     const directory::CompositeAuthConfig& config);

/// `010`: three digits, as everybody writes it.
std::string reason_text(int reason);
/// `fail 601`, for the trace.
std::string to_text(const CompositeAuthentication& composite);
/// `compauth=fail reason=601 header.from=contoso.com`. RFC 8601 section 2.7 knows no such method;
/// readers skip what they do not know.
mail::AuthenticationResult to_authentication_result(const CompositeAuthentication& composite,
                                                    std::string_view author_domain);

/// Organizational domain of the author: as the tree walk of DMARC found it if there is a record,
/// else by the public suffix list, else the domain itself.
std::string author_organization(const auth::DmarcEvaluation& dmarc,
                                const auth::PublicSuffixList* suffixes);

}  // namespace postern::policy
