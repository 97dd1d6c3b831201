#include "admin/trace_detail.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/ascii.h"
#include "policy/enhanced_filtering.h"

namespace postern::admin {
namespace {

using policy::JudgedMessage;
using policy::JudgedRecipient;
using policy::MatchedBy;
using store::TraceRecord;
using store::TraceStatus;

std::string yes_or_no(bool value) {
  return value ? "$true" : "$false";
}

/// `a, b`, without what is empty.
std::string join(std::initializer_list<std::string> parts, std::string_view between = ", ") {
  std::string joined;
  for (const std::string& part : parts) {
    if (!part.empty()) joined.append(joined.empty() ? "" : between).append(part);
  }
  return joined;
}

class Steps {
 public:
  Steps(const JudgedRows& rows, std::size_t index)
      : rows_(rows), record_(rows.records[index]), recipient_(rows.recipients[index]) {
    const bool known = rows.is_known[index];
    receive(known);
    if (known && rows.all_known()) {
      const policy::JudgedAgain again = policy::judge_again(rows.recipients, rows.evidence);
      const policy::RecipientAgain& one = again.recipients[index];
      attribution(one.rcpt);
      settings();
      decision(one.rcpt);
      filtering();
      sender();
      if (rows.evidence.message && one.rcpt.decision == policy::Decision::accept &&
          recipient_.facts.refused_by.empty()) {
        message(*rows.evidence.message);
        judgement(again, one);
      }
      for (const std::string& one_of_them : find_contradictions(rows, again, index))
        add("Contradiction", "", one_of_them + ": this posternd judges differently");
    } else {
      add("Decision", record_.decision,
          join({fmt::format("{}", fmt::join(record_.reasons, ", ")),
                "what it was decided on was not kept"},
               "; "));
    }
    ending();
    for (const std::string& answer : record_.answers) add("Dns", "", answer);
  }

  std::vector<Value> take() { return std::move(steps_); }

 private:
  void add(std::string_view event, std::string_view action, std::string detail, Object data = {}) {
    Object object = {{"Date", record_.received},
                     {"MessageTraceId", record_.message_trace_id},
                     {"MessageId", record_.message_id},
                     {"Event", event},
                     {"Action", action},
                     {"Detail", std::move(detail)},
                     {"Data", std::move(data)}};
    object.kind = "MessageTraceDetailV2";
    steps_.emplace_back(std::move(object));
  }

  void receive(bool known) {
    std::vector<std::string> names;
    if (known) names = recipient_.facts.certificate_names;
    if (names.empty() && !record_.certificate.empty()) names.push_back(record_.certificate);
    // Behind a gateway the reverse name is that of the client that the gateway had.
    add("Receive", record_.direction,
        join({fmt::format("from {} as {}", record_.client, record_.hello),
              record_.tls.empty() ? "without TLS" : record_.tls,
              names.empty() ? "" : fmt::format("certificate {}", fmt::join(names, " "))}),
        {{"FromIP", record_.client},
         {"Helo", record_.hello},
         {"Tls", record_.tls},
         {"CertificateNames", names},
         {"SenderAddress", record_.reverse_path.empty() ? "<>" : record_.reverse_path},
         {"RecipientAddress", record_.forward_path},
         {"Session", record_.session}});
  }

  /// By what of itself the connector has the client.
  std::string why_matched(const directory::InboundConnector& connector, MatchedBy by) const {
    switch (by) {
      case MatchedBy::certificate:
        return fmt::format("its TlsSenderCertificateName is {}",
                           connector.tls_sender_certificate_name.view());
      case MatchedBy::address: {
        const IpPrefix* best = nullptr;
        for (const IpPrefix& prefix : connector.sender_ip_addresses) {
          if (!prefix.contains(recipient_.client)) continue;
          if (best == nullptr || prefix.length() > best->length()) best = &prefix;
        }
        return "its SenderIPAddresses have " + (best ? best->to_string() : std::string());
      }
      case MatchedBy::sender_domain:
        return "its SenderDomains cover the sender, which vouches for nobody";
      case MatchedBy::nothing:
        return "";
    }
    std::abort();  // never a MatchedBy
  }

  void attribution(const policy::RcptVerdict& rcpt) {
    std::string miss;
    std::vector<std::string> notes;
    for (const std::string& reason : record_.reasons) {
      if (reason.starts_with(policy::nearest_miss_mark))
        miss = reason.substr(policy::nearest_miss_mark.size());
      if (reason.starts_with("AmbiguousConnector") || reason.starts_with("CertificateNotTrusted") ||
          reason.starts_with("CertificateDomainNotAccepted"))
        notes.push_back(reason);
    }
    const std::string about = fmt::format("{}", fmt::join(notes, "; "));
    if (rcpt.connector == nullptr) {
      add("Attribution", "Nothing",
          join({"no connector has the client", miss.empty() ? "" : "nearest miss: " + miss, about},
               "; "),
          {{"NearestMiss", miss}});
      return;
    }
    const std::string name = rcpt.connector->name.str();
    add("Attribution", to_string(rcpt.matched_by),
        join({fmt::format("connector {}, {}", name, why_matched(*rcpt.connector, rcpt.matched_by)),
              miss.empty() ? "" : "nearest miss: " + miss, about},
             "; "),
        {{"Connector", name},
         {"Direction", to_string(rcpt.direction)},
         {"MatchedBy", to_string(rcpt.matched_by)}});
  }

  const policy::JudgedOrganization* own_organization() const {
    const auto found = std::ranges::find_if(
        recipient_.settings.organizations,
        [&](const policy::JudgedOrganization& one) { return one.name == record_.organization; });
    return found == recipient_.settings.organizations.end() ? nullptr : &*found;
  }

  void settings() {
    const policy::JudgedOrganization* const own = own_organization();
    if (own == nullptr) return;
    add("Settings", fmt::format("revision {}", record_.settings_revision),
        fmt::format(
            "RejectDirectSend {}{}{}{}, DeferOnTempError {}, GatewayInFront {}; policy {}{}",
            yes_or_no(own->config.reject_direct_send),
            own->config.reject_direct_send_check_header_from ? " with CheckHeaderFrom" : "",
            own->config.reject_direct_send_allow_authenticated ? " with AllowAuthenticated" : "",
            stages_in_words(*own), yes_or_no(own->config.defer_on_temp_error),
            yes_or_no(own->config.gateway_in_front), recipient_.settings.policy.name,
            recipient_.settings.rule.empty() ? "" : " by rule " + recipient_.settings.rule),
        {{"Revision", record_.settings_revision},
         {"RejectDirectSend", own->config.reject_direct_send},
         {"RejectDirectSendCheckHeaderFrom", own->config.reject_direct_send_check_header_from},
         {"RejectDirectSendAllowAuthenticated", own->config.reject_direct_send_allow_authenticated},
         {"RejectDirectSendMode", directory::to_string(own->config.reject_direct_send_mode)},
         {"RejectDirectSendPercentage", std::int64_t{own->config.reject_direct_send_percentage}},
         {"DeferOnTempError", own->config.defer_on_temp_error},
         {"GatewayInFront", own->config.gateway_in_front},
         {"AntiPhishPolicy", recipient_.settings.policy.name},
         {"AntiPhishRule", recipient_.settings.rule}});
  }

  /// ` (Mode Audit, Percentage 20)`: what of them is set, and what domains and exceptions say.
  std::string stages_in_words(const policy::JudgedOrganization& own) const {
    const directory::OrganizationConfig& config = own.config;
    std::vector<std::string> set;
    if (config.reject_direct_send_mode == directory::EnforcementMode::audit)
      set.emplace_back("Mode Audit");
    if (config.reject_direct_send_effective_from != Time())
      set.push_back("EffectiveFrom " + format_iso(config.reject_direct_send_effective_from));
    // Of the list only those were kept that are this recipient.
    if (!config.reject_direct_send_pilot_recipients.empty()) set.emplace_back("PilotRecipients");
    if (config.reject_direct_send_percentage < 100)
      set.push_back(fmt::format("Percentage {}", config.reject_direct_send_percentage));
    for (const directory::AcceptedDomain& domain : own.domains) {
      if (domain.reject_direct_send != directory::DirectSendSwitch::inherit)
        set.push_back(fmt::format("{} {}", domain.name, to_string(domain.reject_direct_send)));
    }
    for (const directory::DirectSendException& one : own.exceptions)
      set.push_back("exception " + one.name +
                    (one.is_expired(record_.received) ? " (expired)" : ""));
    return set.empty() ? "" : fmt::format(" ({})", fmt::join(set, ", "));
  }

  /// What the first reason means, for those that are asked about most.
  std::string rule_in_words(const policy::RcptVerdict& rcpt) const {
    const std::string domain = recipient_.reverse_path.domain;
    const std::string own =
        fmt::format("{} is the organization's own and no connector vouches for the client", domain);
    const std::string reason = rcpt.reasons.empty() ? "" : rcpt.reasons.front();
    const std::string stage = policy::explain_stage(reason);
    if (!stage.empty()) return own + "; " + stage;
    const std::string by_domain =
        rcpt.reasons.size() > 1 && rcpt.reasons[1].starts_with("RejectDirectSendOfDomain")
            ? " for this domain"
            : "";
    if (reason == "RejectDirectSend") return own + "; RejectDirectSend is on" + by_domain;
    if (reason == "DirectSend") return own + "; RejectDirectSend is off" + by_domain;
    if (reason == "DirectSendToBeProven")
      return own + "; RejectDirectSend is on, and the content may prove it";
    if (reason == "UnknownRecipient") return "the organization has no such recipient";
    if (reason == "RelayAccessDenied")
      return "nobody here accepts mail for the recipient's domain, and no OnPremises connector has "
             "the client";
    if (reason == "Relay") return "an own server sends to another domain";
    if (rcpt.decision == policy::Decision::accept) {
      if (policy::vouches(rcpt.matched_by)) return "the connector vouches for the client";
      return domain.empty() ? "the reverse-path is null"
                            : domain + " is not the organization's own, so it is no Direct Send";
    }
    return reason;
  }

  void decision(const policy::RcptVerdict& rcpt) {
    add("Decision", to_string(rcpt.decision),
        join({rule_in_words(rcpt),
              rcpt.decision == policy::Decision::accept ? "" : rcpt.reply.to_line()},
             ": "),
        {{"DirectSend", rcpt.direct_send}, {"Reason", rcpt.reasons}});
    if (rcpt.decision == policy::Decision::accept && !recipient_.facts.refused_by.empty())
      add("Refused", record_.decision, recipient_.facts.refused_by + ": " + record_.reply);
  }

  void filtering() {
    for (const std::string& reason : record_.reasons) {
      if (reason.starts_with(policy::filtering_mark))
        add("EnhancedFiltering", "", reason.substr(policy::filtering_mark.size()));
    }
  }

  void spf(const std::optional<auth::SpfEvaluation>& found, std::string_view identity) {
    if (!found) return;
    add("SPF", to_string(found->result),
        fmt::format("{} {}: {}", identity, found->domain,
                    !found->problem.empty()    ? found->problem
                    : found->mechanism.empty() ? "no record"
                                               : "term " + found->mechanism),
        {{"Identity", identity},
         {"Domain", found->domain},
         {"Term", found->mechanism},
         {"Problem", found->problem}});
  }

  void sender() {
    spf(rows_.evidence.mail_from, "MAIL FROM");
    spf(rows_.evidence.helo, "HELO");
    const auth::Iprev& iprev = rows_.evidence.iprev;
    add("ReverseName", to_string(iprev.result),
        !iprev.name.empty() ? iprev.name
        : iprev.has_pointer ? "there is a name, and it does not lead back to the address"
                            : "the address has no name",
        {{"Name", iprev.name}});
  }

  void dkim(const auth::DkimResult& one) {
    add("DKIM", to_string(one.status),
        join({fmt::format("d={} s={}", one.domain, one.selector),
              one.key_bits > 0 ? fmt::format("key of {} bits", one.key_bits) : "",
              join({std::string(to_sentence(one.problem)), one.detail}, ": "),
              one.is_testing ? "the domain tests DKIM (t=y)" : ""}),
        {{"Domain", one.domain},
         {"Selector", one.selector},
         {"Problem", to_sentence(one.problem)},
         {"ProblemDetail", one.detail}});
  }

  void arc(const JudgedMessage& message) {
    if (message.arc.status == auth::ArcStatus::none) return;
    std::string chain;
    for (const auth::ArcHop& hop : message.arc.hops)
      chain += fmt::format("{}i={} {}", chain.empty() ? "" : ", ", hop.instance, hop.seal_domain);
    add("ARC", to_string(message.arc.status),
        join(
            {chain, join({std::string(to_sentence(message.arc.problem)), message.arc.detail}, ": "),
             message.testimony                             ? to_text(*message.testimony)
             : message.arc.status == auth::ArcStatus::pass ? "no sealer is trusted"
                                                           : ""},
            "; "));
  }

  static std::string in_words(const auth::DmarcAlignment& one) {
    std::string_view status = "failed";
    if (one.identifier.status == auth::IdentifierStatus::pass) status = "passed";
    if (one.identifier.status == auth::IdentifierStatus::temperror) status = "temperror";
    return fmt::format(
        "{} {} {}{}", to_string(one.identifier.method), one.identifier.domain, status,
        one.is_aligned ? fmt::format(", aligned ({})", to_string(one.alignment)) : ", not aligned");
  }

  void dmarc(const auth::DmarcEvaluation& it) {
    std::string identifiers;
    for (const auth::DmarcAlignment& one : it.identifiers)
      identifiers += (identifiers.empty() ? "" : "; ") + in_words(one);
    add("DMARC", to_string(it.result),
        join({"author domain " + (it.author_domain.empty() ? "unknown" : it.author_domain),
              it.record_domain.empty()
                  ? it.problem
                  : fmt::format("{}={} of {}{}", it.policy_tag, to_string(it.policy),
                                it.record_domain, it.is_testing ? ", t=y" : ""),
              identifiers},
             "; "),
        {{"AuthorDomain", it.author_domain},
         {"OrganizationalDomain", it.organizational_domain},
         {"RecordDomain", it.record_domain},
         {"Record", it.record},
         {"AppliedPolicy", to_string(it.applied_policy)},
         {"Problem", it.problem}});
  }

  void message(const JudgedMessage& message) {
    if (message.dkim.empty()) add("DKIM", "none", "the message is not signed");
    for (const auth::DkimResult& one : message.dkim) dkim(one);
    arc(message);
    dmarc(message.dmarc);
  }

  void claim(const policy::JudgedAgain& again, const policy::RecipientAgain& one) {
    for (const std::string& reason : record_.reasons) {
      if (reason.starts_with("LookAlikeDomain") || reason.starts_with("DisplayNameCarries"))
        add("Impersonation", "", reason);
    }
    if (again.claim.reason.empty() || policy::vouches(one.rcpt.matched_by)) return;
    const mail::Reply& reply = again.claim.reply;
    const bool is_let_in = !again.claim_decides && !reply.is_success() && !one.claim.is_kept;
    add("Claim",
        one.claim.is_kept                 ? "Quarantine"
        : reply.is_success() || is_let_in ? "Accept"
        : reply.is_permanent()            ? "Reject"
                                          : "Defer",
        join({again.claim.reason,
              one.claim.is_kept ? "kept in quarantine, because other recipients get it" : "",
              is_let_in ? policy::explain_stage(one.claim.reason) : "",
              reply.is_success() || is_let_in ? "" : reply.to_line()},
             "; "));
  }

  void judgement(const policy::JudgedAgain& again, const policy::RecipientAgain& one) {
    claim(again, one);
    if (again.deferral) {
      add("DeferOnTempError", "Defer", again.deferral->reason);
      return;
    }
    if (!again.composite || !one.is_judged) return;
    const policy::CompositeAuthentication& composite = *again.composite;
    std::string signals = again.signals;
    if (const auto* own = own_organization(); own != nullptr && !signals.empty()) {
      signals = fmt::format("signals {} = {}; pass from {}, softpass from {}", signals,
                            composite.implicit.weight, own->composite.pass_threshold,
                            own->composite.soft_pass_threshold);
    }
    add("CompAuth", policy::to_text(composite),
        join({fmt::format("rule {}", composite.rule), signals}, "; "),
        {{"Result", to_string(composite.result)},
         {"Reason", policy::reason_text(composite.reason)},
         {"Rule", composite.rule},
         {"Signals", again.signals}});
    if (again.claim_decides) return;
    const policy::JudgedSettings& settings = recipient_.settings;
    const std::string policy =
        settings.rule.empty()
            ? fmt::format("policy {}", settings.policy.name)
            : fmt::format("policy {} by rule {}", settings.policy.name, settings.rule);
    const bool kept = one.spoof.action == directory::SpoofAction::reject && !again.is_refused;
    add("Policy", to_string(one.spoof.action),
        join({policy,
              one.spoof.setting.empty() ? "it has nothing to do" : std::string(one.spoof.setting),
              kept ? "kept in quarantine, because other recipients get it" : ""}),
        {{"AntiPhishPolicy", settings.policy.name},
         {"AntiPhishRule", settings.rule},
         {"Setting", one.spoof.setting}});
  }

  void ending() {
    std::string_view event;
    switch (record_.status) {
      case TraceStatus::delivered:
        event = "Deliver";
        break;
      case TraceStatus::failed:
        event = "Fail";
        break;
      case TraceStatus::pending:
        event = "Defer";
        break;
      case TraceStatus::quarantined:
        event = "Quarantine";
        break;
      case TraceStatus::filtered_as_spam:
        event = "Spam";
        break;
    }
    add(event, trace_status_word(record_.status), join({record_.next_hop, record_.reply}, ": "),
        {{"NextHop", record_.next_hop}, {"ToIP", record_.to_ip}, {"Reply", record_.reply}});
  }

  const JudgedRows& rows_;
  const TraceRecord& record_;
  const JudgedRecipient& recipient_;
  std::vector<Value> steps_;
};

}  // namespace

std::vector<Value> tell_steps(const JudgedRows& rows, std::size_t index) {
  return Steps(rows, index).take();
}

}  // namespace postern::admin
