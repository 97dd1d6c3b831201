// What a message was judged on, as the trace keeps it, so that it can be explained and judged again
// (judge_again.h).
//
// Four texts, since they repeat differently and the trace keeps equal texts once:
//
//   settings  of the directory what took part: of the organizations their switches, the domains
//             and connectors that were looked at, the recipient's policy. Much the same for all
//             mail of an organization.
//   facts     of the client and the recipient what the row itself does not say, and the signals.
//   origin    what was found about the client: iprev, SPF of its HELO. The same for all its mail.
//   evidence  of the envelope and the message what SPF, DKIM, ARC and DMARC found. Much the same
//             for all mail of one sender, whichever of his servers brings it.
//
// From a connector, an exception or the pilot recipients only those list entries are kept that have
// to do with the client and the envelope, and one of every list that has others only: whether a
// list is empty decides, too. So the texts stay small with any number of connectors, and the
// decision comes out the same.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/arc_validate.h"
#include "auth/author_hosts.h"
#include "auth/dkim_result.h"
#include "auth/dmarc.h"
#include "auth/iprev.h"
#include "auth/public_suffix_list.h"
#include "auth/spf.h"
#include "directory/snapshot.h"
#include "policy/arc_trust.h"
#include "policy/decision.h"
#include "policy/own_domains.h"
#include "policy/signals.h"

namespace postern::policy {

struct JudgedOrganization {
  std::string name;
  directory::OrganizationConfig config;
  directory::CompositeAuthConfig composite;
  std::vector<directory::AcceptedDomain> domains;
  std::vector<directory::InboundConnector> connectors;
  /// Those that have the client.
  std::vector<directory::DirectSendException> exceptions;
};

struct JudgedSettings {
  std::string server_name;
  bool has_relay = false;
  /// There were others beside those that took part.
  bool several_organizations = false;
  /// The recipient's first, if somebody accepts mail for him.
  std::vector<JudgedOrganization> organizations;
  /// The recipient's, with the name of the rule that chose it; no rule: it is the default.
  directory::AntiPhishPolicy policy;
  std::string rule;
};

struct JudgedFacts {
  /// Of a certificate that counts.
  std::vector<std::string> certificate_names;
  RcptFacts::ReverseName reverse_name = RcptFacts::ReverseName::unknown;
  /// Where the directory leads mail for the forward-path; nothing: it knows no such recipient.
  std::optional<directory::Destination> destination;
  /// What refused or deferred a recipient that the policies accept, as the trace's reasons name it:
  /// `NextHop`, `OtherOrganization`, a rate limit. Empty: nothing did.
  std::string refused_by;
  Signals signals;
};

/// What was found about the content; without it the message came not so far.
struct JudgedMessage {
  IpAddress client;       ///< by whom it is judged
  bool filtered = false;  ///< that is one behind a gateway
  std::vector<std::string> author_domains;
  /// Of all names that the rules may ask about, those that are domains of the recipients'
  /// organization: find_own_domains.
  std::vector<std::string> own_domains;
  std::vector<auth::DkimResult> dkim;
  auth::ArcResult arc;
  std::optional<ArcTestimony> testimony;
  auth::DmarcEvaluation dmarc;
  std::optional<auth::AuthorHosts> hosts;
  /// Of the public suffix list what was asked: the suffixes of the author domain, the reverse name
  /// and the mail exchangers. Nothing: there was no list.
  std::optional<std::vector<std::string>> suffixes;
  /// RejectDirectSend of each of own_domains; empty: all inherit it.
  std::vector<directory::DirectSendSwitch> own_switches;
};

struct JudgedEvidence {
  std::optional<auth::SpfEvaluation> mail_from;
  std::optional<auth::SpfEvaluation> helo;
  auth::Iprev iprev;
  std::optional<JudgedMessage> message;

  /// The one that speaks for the transaction; null: neither was checked.
  const auth::SpfEvaluation* main_spf() const {
    return mail_from ? &*mail_from : helo ? &*helo : nullptr;
  }
};

/// The same where it is found, so that it can be written without being copied.
struct JudgedMessageView {
  const IpAddress& client;
  bool filtered = false;
  const std::vector<std::string>& author_domains;
  const std::vector<std::string>& own_domains;
  const std::vector<auth::DkimResult>& dkim;
  const auth::ArcResult& arc;
  const std::optional<ArcTestimony>& testimony;
  const auth::DmarcEvaluation& dmarc;
  const std::optional<auth::AuthorHosts>& hosts;
  const std::optional<std::vector<std::string>>& suffixes;
  const std::vector<directory::DirectSendSwitch>& own_switches;
};
struct JudgedEvidenceView {
  const auth::SpfEvaluation* mail_from = nullptr;  ///< null: not checked
  const auth::SpfEvaluation* helo = nullptr;
  const auth::Iprev& iprev;
  const JudgedMessageView* message = nullptr;
};

/// Calls `use` with a view of the whole.
template <class Use>
auto with_view(const JudgedEvidence& evidence, Use use) {
  JudgedEvidenceView view{.mail_from = evidence.mail_from ? &*evidence.mail_from : nullptr,
                          .helo = evidence.helo ? &*evidence.helo : nullptr,
                          .iprev = evidence.iprev};
  if (!evidence.message) return use(view);
  const JudgedMessage& it = *evidence.message;
  const JudgedMessageView message{it.client, it.filtered, it.author_domains, it.own_domains,
                                  it.dkim,   it.arc,      it.testimony,      it.dmarc,
                                  it.hosts,  it.suffixes, it.own_switches};
  view.message = &message;
  return use(view);
}

/// Longest text of each kind. What is longer is not kept, and the row cannot be judged again.
inline constexpr std::size_t max_judged_text = 64 * 1024;
/// Of a text in the evidence that decides nothing: a DMARC record, the detail of a problem.
inline constexpr std::size_t max_judged_words = 500;
/// Hops of an ARC chain that are told; which of them is believed is in the testimony.
inline constexpr std::size_t max_judged_hops = 10;

/// What of `directory` took part in decide_rcpt for `facts`, which came to `verdict`, and where it
/// leads mail for the forward-path.
struct RcptBasis {
  JudgedSettings settings;
  JudgedFacts facts;
};
RcptBasis find_basis(const RcptFacts& facts, const directory::Snapshot& directory,
                     const RcptVerdict& verdict);

/// The same with the settings as their text. `known` remembers it for the mail that comes next.
struct RcptTexts {
  std::string settings;
  JudgedFacts facts;
};
class SettingsTexts;
RcptTexts find_basis(const RcptFacts& facts, const directory::Snapshot& directory,
                     const RcptVerdict& verdict, SettingsTexts& known);

/// What JudgedMessage::own_domains is. `evidence` has a message.
std::vector<std::string> find_own_domains(const JudgedEvidenceView& evidence,
                                          std::string_view reverse_path_domain,
                                          const OwnDomains& own);

/// What JudgedMessage::own_switches is of these domains.
std::vector<directory::DirectSendSwitch> find_own_switches(
    const std::vector<std::string>& own_domains, const OwnDomains& own);

/// What JudgedMessage::suffixes is of these names.
std::vector<std::string> find_suffixes(const auth::PublicSuffixList& list,
                                       const std::vector<std::string>& names);

// Empty if it would be too long. Reading: nothing, if the text is not one of these.
std::string to_archive(const JudgedSettings& settings);
std::string to_archive(const JudgedFacts& facts);
struct EvidenceTexts {
  std::string origin;
  std::string evidence;
};
EvidenceTexts to_archive(const JudgedEvidenceView& evidence);
EvidenceTexts to_archive(const JudgedEvidence& evidence);
std::optional<JudgedSettings> read_settings(std::string_view text);
std::optional<JudgedFacts> read_facts(std::string_view text);
std::optional<JudgedEvidence> read_evidence(const EvidenceTexts& texts);

}  // namespace postern::policy
