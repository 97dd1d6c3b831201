#include "edge/transaction.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/log.h"
#include "edge/stamp.h"
#include "mail/address_list.h"
#include "policy/temp_error.h"

namespace postern::edge {
namespace {

using mail::Reply;

std::int64_t milliseconds_between(Time begin, Time end) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(end - begin).count();
}

}  // namespace

EdgeTransaction::EdgeTransaction(Services& services, SharedSettings settings,
                                 const smtp::SessionFacts& session, const ClientChecks& client,
                                 mail::Mailbox reverse_path, smtp::MailParameters parameters)
    : services_(services),
      settings_(std::move(settings)),
      session_(session),
      iprev_(client.iprev),
      reverse_path_(std::move(reverse_path)),
      parameters_(std::move(parameters)),
      begun_(now()),
      id_(time_ordered_uuid(begun_)),
      asked_(std::make_shared<dns::Asked>()),
      judged_{.facts = {session.client, session.hello},
              .spf = begin_spf(spf_asking(), {session.client, session.hello}, reverse_path_,
                               client.helo, asked_),
              .iprev = iprev_},
      checks_(services.asker, services.dkim_keys, settings_->suffixes) {
  judged_.spf->then([&metrics = services_.metrics](const SpfOutcome& spf) {
    if (const auth::SpfEvaluation* main = spf.main_evaluation())
      metrics.spf.at(to_string(main->result)).add();
  });
}

EdgeTransaction::~EdgeTransaction() {
  // RSET, QUIT or a lost connection: what was accepted came to nothing.
  for (Accepted& accepted : accepted_) {
    accepted.record.status = store::TraceStatus::failed;
    accepted.record.reasons.emplace_back("ClientAborted");
    record_accepted(std::move(accepted));
  }
}

smtp::awaitable<Reply> EdgeTransaction::add_recipient(const mail::Mailbox& forward_path,
                                                      const smtp::RcptParameters& parameters) {
  const Time asked = now();
  Decided decided = co_await decide(forward_path);
  policy::RcptVerdict& verdict = decided.verdict;
  const bool by_policy = verdict.decision != policy::Decision::accept;

  // One transaction, one organization: every organization's verdict has a reply of its own.
  if (verdict.decision == policy::Decision::accept && organization_ &&
      organization_->id() != verdict.organization->id()) {
    verdict.decision = policy::Decision::defer;
    verdict.reply = {452, "4.5.3",
                     "Recipients of another organization go in a transaction of their own"};
    verdict.reasons.insert(verdict.reasons.begin(), "OtherOrganization");
  }
  limit_rate(verdict);
  std::optional<delivery::RecipientOutcome> refusal;
  if (verdict.decision == policy::Decision::accept) {
    refusal = co_await offer_to_hop(forward_path, parameters, verdict);
    if (refusal) {
      verdict.decision =
          refusal->reply.is_permanent() ? policy::Decision::reject : policy::Decision::defer;
      verdict.reply = refusal->reply;
      verdict.reasons.insert(verdict.reasons.begin(), "NextHop");
    }
  } else {
    verdict.reply = policy::with_tail(std::move(verdict.reply), settings_->config.hostname,
                                      format_iso(now()), session_.id);
  }

  const Reply reply = verdict.reply;
  store::TraceRecord record = make_record(forward_path, verdict, decided.time);
  if (refusal) {
    record.next_hop = refusal->next_hop;
    record.to_ip = refusal->hop_address;
  }
  services_.metrics.count_decision(verdict.decision, reply.enhanced, verdict.direct_send);
  if (verdict.direct_send) note_direct_send(verdict, decided.time);
  services_.metrics.rcpt_seconds.observe(now() - asked);
  log_decision(record);
  record.settings = std::move(decided.basis.settings);
  record.settings_revision = decided.revision;
  if (verdict.decision == policy::Decision::accept) {
    organization_ = verdict.organization;
    if (verdict.relay) services_.metrics.relayed.add();
    std::string address = forward_path.domain.empty()
                              ? verdict.recipient
                              : forward_path.local_part + "@" + forward_path.domain;
    accepted_.emplace_back(std::move(verdict), std::move(record), std::move(address),
                           std::move(decided.basis.facts));
  } else {
    if (!by_policy) decided.basis.facts.refused_by = verdict.reasons.front();
    record.facts = policy::to_archive(decided.basis.facts);
    record_when_checked(std::move(record));
  }
  co_return reply;
}

smtp::awaitable<EdgeTransaction::Decided> EdgeTransaction::decide(
    const mail::Mailbox& forward_path) {
  using ReverseNameFact = policy::RcptFacts::ReverseName;
  policy::RcptFacts facts{.client = session_.client,
                          .hello = session_.hello,
                          .tls = session_.tls.has_value(),
                          .reverse_path = &reverse_path_,
                          .forward_path = &forward_path,
                          .server_name = settings_->config.hostname,
                          .has_relay = services_.courier.relay().has_value()};
  if (session_.tls && session_.tls->certificate)
    facts.certificate_names = session_.tls->certificate->names;
  if (policy::needs_reverse_name(session_.client)) {
    const auth::Iprev* iprev = co_await Pending<auth::Iprev>::wait(iprev_);
    const bool unknown = iprev->result == auth::IprevResult::temperror;
    facts.reverse_name = iprev->has_pointer ? ReverseNameFact::present
                         : unknown          ? ReverseNameFact::temporary_failure
                                            : ReverseNameFact::absent;
  }
  facts.time = now();
  const directory::SharedSnapshot directory = services_.directory.snapshot();
  Decided decided{.verdict = policy::decide_rcpt(facts, *directory),
                  .basis = {},
                  .revision = directory->revision(),
                  .time = facts.time};
  decided.basis = policy::find_basis(facts, *directory, decided.verdict, services_.settings_texts);
  if (decided.verdict.matched_by == policy::MatchedBy::certificate) {
    const net::PeerCertificate& certificate = *session_.tls->certificate;
    services_.certificates.note(decided.verdict.connector->guid, certificate.names.front(),
                                certificate.not_after);
  }
  co_return decided;
}

smtp::awaitable<std::optional<Reply>> EdgeTransaction::begin_content() {
  content_ = std::make_unique<delivery::Content>(services_.contents);
  content_begun_ = now();
  if (const Gateway found = gateway(); found.connector != nullptr) gateway_ = found;
  co_return std::nullopt;
}

smtp::awaitable<void> EdgeTransaction::write(std::string_view bytes) {
  if (content_trouble_) co_return;
  // First, since append may suspend, and then `bytes` is gone.
  checks_.write(bytes);
  if (checks_.has_header()) look_behind_gateway();
  size_ += bytes.size();
  if (hand_off_->needs_content()) content_trouble_ = co_await content_->append(bytes);
}

smtp::awaitable<Reply> EdgeTransaction::finish() {
  const Time arrived = now();
  const Reply reply = co_await judge_and_deliver(arrived);
  const Time ended = now();

  // Whoever still asks for this transaction, at a deadline, adds to an empty list.
  std::shared_ptr<const dns::Asked> answers;
  if (judged_.spf->is_ready() && judged_.iprev->is_ready())
    answers = std::make_shared<const dns::Asked>(std::exchange(*asked_, {}));
  for (Accepted& accepted : accepted_) {
    accepted.record.content_milliseconds = milliseconds_between(content_begun_, arrived);
    accepted.record.delivery_milliseconds = milliseconds_between(arrived, ended);
    if (accepted.record.reply.empty()) accepted.record.reply = reply.to_line();
    record_accepted(std::move(accepted), answers);
  }
  accepted_.clear();
  if (reply.is_success()) {
    services_.metrics.messages.add();
    services_.metrics.message_bytes.add(size_);
  }
  services_.metrics.message_seconds.observe(ended - arrived);
  log_info("message", {{"session", session_.id},
                       {"id", id_},
                       {"client", session_.client.to_string()},
                       {"reverse_path", reverse_path_.text},
                       {"size", size_},
                       {"reply", reply.to_line()}});
  co_return reply;
}

smtp::awaitable<Reply> EdgeTransaction::judge_and_deliver(Time arrived) {
  checks_.finish_content();
  note_content();

  std::optional<Reply> refused = content_trouble_;
  if (!refused) refused = refuse_content();
  if (refused) {
    note_refusal(*refused, "Content");
    co_return *refused;
  }

  look_behind_gateway();
  const SpfOutcome* spf = co_await Pending<SpfOutcome>::wait(judged_.spf);
  const auto evidence = checks_.begin(*spf, arrived, asked_);
  co_await Pending<auth::Iprev>::wait(iprev_);
  const auth::Iprev* iprev = co_await Pending<auth::Iprev>::wait(judged_.iprev);
  const MessageEvidence* message = co_await Pending<MessageEvidence>::wait(evidence);
  directory_ = services_.directory.snapshot();
  const auto testimony = policy::find_arc_testimony(message->arc, organization_->arc_config());
  note_evidence(*message, testimony);
  keep_evidence(*spf, *iprev, *message, testimony);
  note_impersonation();
  if (const auto claimed = refuse_claims(*spf, *iprev, *message, testimony)) co_return *claimed;
  if (const auto deferred = defer_content(*spf, *message)) co_return *deferred;
  gather_signals(*iprev, *message, arrived);
  composite_ = authenticate(*spf, *iprev, *message, testimony);
  if (const auto spoofed = act_on_spoof(*message)) {
    learn(*spf, *message, *spoofed, arrived);
    co_return *spoofed;
  }
  keep_refused_copies();
  const delivery::Edit edit = make_edit(*spf, *iprev, *message, testimony);

  hand_off_->treat(treatments_);
  const Time handed = now();
  const delivery::Outcome outcome = co_await hand_off_->deliver(*content_, edit);
  services_.metrics.delivery_seconds.observe(now() - handed);
  apply(outcome);
  learn(*spf, *message, outcome.reply, arrived);
  co_return outcome.reply;
}

std::optional<Reply> EdgeTransaction::refuse_content() {
  const mail::HeaderSection& section = checks_.section();
  if (section.trouble != mail::HeaderTrouble::none) {
    return refusal(552, "5.3.4", std::string(to_sentence(section.trouble)));
  }
  // RFC 5321 section 6.3: a message that has been everywhere is in a loop.
  if (section.count("Received") > static_cast<std::size_t>(settings_->config.limits.max_hops)) {
    return refusal(554, "5.4.6",
                   "Too many hops: this message has more Received fields than an honest route has");
  }
  if (!checks_.authors().is_compliant()) {
    return refusal(550, "5.7.512",
                   "Access denied, message must be RFC 5322 section 3.6.2 compliant");
  }
  return std::nullopt;
}

std::optional<Reply> EdgeTransaction::defer_content(const SpfOutcome& spf,
                                                    const MessageEvidence& message) {
  // A gateway has a queue, and vouches for itself only, not for the client behind it.
  const bool is_filtered = filtering_ && filtering_->client() != nullptr;
  const bool vouched = !is_filtered && std::ranges::all_of(accepted_, [](const Accepted& one) {
    return policy::vouches(one.verdict.matched_by);
  });
  auto deferral =
      policy::defer_on_temp_error({.spf = spf.mail_from ? &spf.mail_from->evaluation : nullptr,
                                   .dkim = message.dkim,
                                   .dmarc = &message.dmarc,
                                   .vouched = vouched},
                                  organization_->config());
  if (!deferral) return std::nullopt;
  Reply& reply = deferral->reply;
  reply = refusal(reply.code, reply.enhanced, reply.text);
  note_refusal(reply, deferral->reason);
  for (std::size_t i = 0; i < accepted_.size(); ++i)
    services_.metrics.count_decision(policy::Decision::defer, reply.enhanced, false);
  return reply;
}

delivery::Edit EdgeTransaction::make_edit(const SpfOutcome& spf, const auth::Iprev& iprev,
                                          const MessageEvidence& message,
                                          const std::optional<policy::ArcTestimony>& testimony) {
  const std::string& server_name = settings_->config.hostname;
  const policy::Promotion promotion = policy::promote(checks_.section(), header_trust());
  const StampFacts facts{
      .server_name = server_name,
      .session = &session_,
      .reverse_path = reverse_path_.text,
      .forward_path =
          accepted_.size() == 1 ? std::string_view(accepted_[0].record.forward_path) : "",
      .smtp_utf8 = parameters_.smtp_utf8,
      .received = begun_,
      .reverse_name = iprev_->get()->name,
      .judged_client = judged_.facts.address,
      .spf = &spf,
      .iprev = &iprev,
      .message = &message,
      .testimony = testimony ? &*testimony : nullptr,
      .composite = &composite_,
      .origin = {.server_name = server_name,
                 .transaction_id = id_,
                 .verdict = &accepted_.front().verdict,
                 .promotion = &promotion,
                 .filtering = filtering_ ? &*filtering_ : nullptr,
                 .impersonation = &impersonation_,
                 .exchange_names = organization_->config().stamp_exchange_headers}};
  return {.prepend = fields_to_prepend(facts),
          .removed = fields_to_remove(checks_.section(), server_name)};
}

void EdgeTransaction::content_refused(const Reply& reply) {
  note_content();
  note_refusal(reply, "Content");
  for (Accepted& accepted : accepted_) record_accepted(std::move(accepted));
  accepted_.clear();
}

smtp::awaitable<void> EdgeTransaction::replied(bool client_got_it) {
  if (hand_off_) co_await hand_off_->replied(client_got_it);
}

Reply EdgeTransaction::refusal(int code, std::string enhanced, std::string text) const {
  return policy::with_tail({code, std::move(enhanced), std::move(text)}, settings_->config.hostname,
                           format_iso(now()), session_.id);
}

}  // namespace postern::edge
