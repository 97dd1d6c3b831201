// What a transaction tells the trace and the log: a record for each recipient, which fills as more
// becomes known.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "base/log.h"
#include "edge/transaction.h"

namespace postern::edge {
namespace {

/// As /metrics calls it.
std::string_view metric_word(delivery::Fate fate) {
  switch (fate) {
    case delivery::Fate::delivered:
      return "delivered";
    case delivery::Fate::deferred:
      return "temporary";
    case delivery::Fate::refused:
    case delivery::Fate::quarantined:
      return "permanent";
  }
  std::abort();  // A number that was never a Fate: our bug.
}

/// `fail d=contoso.com s=s1: body hash did not verify`
std::string trace_text(const auth::DkimResult& result) {
  std::string text(to_string(result.status));
  if (!result.domain.empty()) text += " d=" + result.domain;
  if (!result.selector.empty()) text += " s=" + result.selector;
  if (result.problem != auth::DkimProblem::none)
    text.append(": ").append(to_sentence(result.problem));
  return text;
}

/// The text of a field for the trace: unfolded, bounded.
std::string trace_text(const mail::HeaderSection& section, std::string_view name) {
  const mail::HeaderField* field = section.first(name);
  return field == nullptr ? "" : mail::unfold(field->body).substr(0, 500);
}

void note(store::TraceRecord& record, const SpfOutcome& spf) {
  const auth::SpfEvaluation* main = spf.main_evaluation();
  if (main == nullptr) return;
  record.spf = to_string(main->result);
  record.spf_domain = main->domain;
}

void note(store::TraceRecord& record, const auth::Iprev& iprev) {
  record.iprev = to_string(iprev.result);
  record.ptr = iprev.name;
}

policy::JudgedEvidenceView evidence_of(const SpfOutcome& spf, const auth::Iprev& iprev) {
  return {.mail_from = spf.mail_from ? &spf.mail_from->evaluation : nullptr,
          .helo = spf.helo ? &spf.helo->spf.evaluation : nullptr,
          .iprev = iprev};
}

void keep(store::TraceRecord& record, const policy::EvidenceTexts& texts) {
  record.origin = texts.origin;
  record.evidence = texts.evidence;
}

/// What RejectDirectSend would have refused, with all that became known of it: whoever audits reads
/// this line.
void log_would_reject(const store::TraceRecord& record) {
  const auto reason = std::ranges::find_if(record.reasons, [](const std::string& one) {
    return one.starts_with(policy::would_reject_mark);
  });
  if (reason == record.reasons.end()) return;
  const auto or_none = [](std::string_view text) { return text.empty() ? "none" : text; };
  log_info("would_reject",
           {{"session", record.session},
            {"id", record.message_trace_id},
            {"reason", *reason},
            {"organization", record.organization},
            {"connector", or_none(record.connector)},
            {"reverse_path", record.reverse_path},
            {"reverse_path_domain",
             std::string_view(record.reverse_path).substr(record.reverse_path.rfind('@') + 1)},
            {"forward_path", record.forward_path},
            {"client", record.client},
            {"ptr", record.ptr},
            {"hello", record.hello},
            {"spf", or_none(record.spf)},
            {"dkim", record.dkim.empty() ? "none" : fmt::format("{}", fmt::join(record.dkim, ","))},
            {"dmarc", or_none(record.dmarc)},
            {"compauth", or_none(record.compauth)},
            {"decision", record.decision}});
}

void note(store::TraceRecord& record, const SpfOutcome& spf, const auth::Iprev& iprev) {
  note(record, spf);
  note(record, iprev);
  // Of a message whose content was judged it has been kept already.
  if (record.origin.empty()) keep(record, policy::to_archive(evidence_of(spf, iprev)));
}

}  // namespace

store::TraceRecord EdgeTransaction::make_record(const mail::Mailbox& forward_path,
                                                const policy::RcptVerdict& verdict,
                                                Time decided) const {
  store::TraceRecord record;
  record.message_trace_id = id_;
  record.forward_path = forward_path.text;
  record.received = decided;
  record.session = session_.id;
  record.client = session_.client.to_string();
  record.hello = session_.hello;
  if (session_.tls) {
    record.tls = session_.tls->version + " " + session_.tls->cipher;
    if (session_.tls->certificate && !session_.tls->certificate->names.empty()) {
      record.certificate = session_.tls->certificate->names.front();
    }
  }
  record.reverse_path = reverse_path_.text;
  if (verdict.organization) record.organization = verdict.organization->name();
  if (verdict.connector) record.connector = verdict.connector->name.view();
  record.direction = to_string(verdict.direction);
  record.direct_send = verdict.direct_send;
  record.own_sender = verdict.own_sender;
  record.decision = to_string(verdict.decision);
  record.reply = verdict.decision == policy::Decision::accept ? "" : verdict.reply.to_line();
  record.reasons = verdict.reasons;
  if (session_.tls && !session_.tls->certificate_problem.empty() &&
      !policy::vouches(verdict.matched_by)) {
    record.reasons.push_back("CertificateNotTrusted: " + session_.tls->certificate_problem);
  }
  record.status = verdict.decision == policy::Decision::reject ? store::TraceStatus::failed
                                                               : store::TraceStatus::pending;
  return record;
}

void EdgeTransaction::log_decision(const store::TraceRecord& record) const {
  log_info("rcpt", {{"session", record.session},
                    {"client", record.client},
                    {"hello", record.hello},
                    {"reverse_path", record.reverse_path},
                    {"forward_path", record.forward_path},
                    {"organization", record.organization},
                    {"connector", record.connector},
                    {"direct_send", record.direct_send ? "true" : "false"},
                    {"decision", record.decision},
                    {"reasons", fmt::format("{}", fmt::join(record.reasons, ","))},
                    {"reply", record.reply}});
}

void EdgeTransaction::note_content() {
  const mail::HeaderSection& section = checks_.section();
  const auto& authors = checks_.authors().addresses;
  for (Accepted& accepted : accepted_) {
    accepted.record.subject = trace_text(section, "Subject");
    accepted.record.message_id = trace_text(section, "Message-ID");
    if (!authors.empty())
      accepted.record.author = authors.front().local_part + "@" + authors.front().domain;
    accepted.record.size = size_;
  }
}

void EdgeTransaction::note_evidence(const MessageEvidence& message,
                                    const std::optional<policy::ArcTestimony>& testimony) {
  std::vector<std::string> dkim;
  for (const auth::DkimResult& one : message.dkim) dkim.push_back(trace_text(one));
  std::string arc;
  if (message.arc.status != auth::ArcStatus::none) arc = to_string(message.arc.status);
  if (testimony) arc += ", " + policy::to_text(*testimony);
  for (Accepted& accepted : accepted_) {
    accepted.record.dkim = dkim;
    accepted.record.arc = arc;
    accepted.record.dmarc = to_string(message.dmarc.result);
    if (!message.dmarc.policy_tag.empty())
      accepted.record.dmarc_policy = to_string(message.dmarc.policy);
    if (!message.dmarc.suffix_list_domain.empty()) {
      accepted.record.reasons.push_back(
          fmt::format("OrganizationalDomain: {}, by the public suffix list {}",
                      message.dmarc.organizational_domain, message.dmarc.suffix_list_domain));
    }
  }
}

void EdgeTransaction::keep_evidence(const SpfOutcome& spf, const auth::Iprev& iprev,
                                    const MessageEvidence& message,
                                    const std::optional<policy::ArcTestimony>& testimony) {
  std::vector<std::string> own_domains;
  std::vector<directory::DirectSendSwitch> own_switches;
  std::optional<std::vector<std::string>> suffixes;
  if (settings_->suffixes) {
    // Nothing is compared by it where DMARC passes.
    std::vector<std::string> names;
    if (message.dmarc.result != auth::DmarcResult::pass) {
      names = {message.dmarc.author_domain, iprev.name};
      if (message.hosts)
        std::ranges::copy(message.hosts->mail_exchangers, std::back_inserter(names));
    }
    suffixes = policy::find_suffixes(*settings_->suffixes, names);
  }
  const policy::JudgedMessageView found{.client = judged_.facts.address,
                                        .filtered = filtering_ && filtering_->client(),
                                        .author_domains = checks_.author_domains().domains,
                                        .own_domains = own_domains,
                                        .dkim = message.dkim,
                                        .arc = message.arc,
                                        .testimony = testimony,
                                        .dmarc = message.dmarc,
                                        .hosts = message.hosts,
                                        .suffixes = suffixes,
                                        .own_switches = own_switches};
  policy::JudgedEvidenceView evidence = evidence_of(spf, iprev);
  evidence.message = &found;
  own_domains =
      policy::find_own_domains(evidence, reverse_path_.domain, {*directory_, organization_->id()});
  own_switches = policy::find_own_switches(own_domains, {*directory_, organization_->id()});
  const policy::EvidenceTexts texts = policy::to_archive(evidence);
  for (Accepted& accepted : accepted_) keep(accepted.record, texts);
}

void EdgeTransaction::record_accepted(Accepted&& accepted,
                                      std::shared_ptr<const dns::Asked> answers) {
  accepted.facts.signals = signals_;
  accepted.record.facts = policy::to_archive(accepted.facts);
  record_when_checked(std::move(accepted.record), std::move(answers));
}

/// The content, not a recipient, is why the message is not taken.
void EdgeTransaction::note_refusal(const mail::Reply& reply, const std::string& reason) {
  const bool for_good = reply.is_permanent();
  for (Accepted& accepted : accepted_) {
    store::TraceRecord& record = accepted.record;
    record.decision = to_string(for_good ? policy::Decision::reject : policy::Decision::defer);
    record.status = for_good ? store::TraceStatus::failed : store::TraceStatus::pending;
    record.reply = reply.to_line();
    record.reasons.insert(record.reasons.begin(), reason);
  }
}

void EdgeTransaction::apply(const delivery::Outcome& outcome) {
  // The hand-off keeps the order of the recipients it took.
  for (std::size_t i = 0; i < accepted_.size() && i < outcome.recipients.size(); ++i) {
    const delivery::RecipientOutcome& recipient = outcome.recipients[i];
    store::TraceRecord& record = accepted_[i].record;
    record.reply = recipient.reply.to_line();
    record.next_hop = recipient.next_hop;
    record.to_ip = recipient.hop_address;
    const std::string_view kind =
        std::string_view(recipient.next_hop).substr(0, recipient.next_hop.find(':'));
    services_.metrics.deliveries.at(kind, metric_word(recipient.fate)).add();
    switch (recipient.fate) {
      case delivery::Fate::delivered:
        // By milter, the one copy of all is junk where only some should be kept.
        record.status = treatments_.of(i) == delivery::Treatment::deliver
                            ? store::TraceStatus::delivered
                            : store::TraceStatus::filtered_as_spam;
        break;
      case delivery::Fate::deferred:
        record.status = store::TraceStatus::pending;
        break;
      case delivery::Fate::refused:
        record.status = store::TraceStatus::failed;
        break;
      case delivery::Fate::quarantined:
        record.status = store::TraceStatus::quarantined;
        if (treatments_.of(i) != delivery::Treatment::quarantine)
          record.reasons.insert(record.reasons.begin(), "NextHopRefused");
        break;
    }
  }
}

void EdgeTransaction::record_when_checked(store::TraceRecord&& record,
                                          std::shared_ptr<const dns::Asked> answers) {
  // Mostly both are known, and a record is too large to be handed about.
  if (judged_.spf->is_ready() && judged_.iprev->is_ready()) {
    note(record, *judged_.spf->get(), *judged_.iprev->get());
    log_would_reject(record);
    record.asked = std::move(answers);
    // A copy: this transaction may go on asking, and the trace is written on another thread.
    if (!record.asked) record.asked = std::make_shared<const dns::Asked>(*asked_);
    services_.trace.record(std::move(record));
    return;
  }
  judged_.spf->then([&trace = services_.trace, iprev = judged_.iprev, asked = asked_,
                     record = std::move(record)](const SpfOutcome& spf) mutable {
    iprev->then([&trace, spf, asked, record = std::move(record)](const auth::Iprev& found) mutable {
      note(record, spf, found);
      log_would_reject(record);
      record.asked = std::make_shared<const dns::Asked>(*asked);
      trace.record(std::move(record));
    });
  });
}

}  // namespace postern::edge
