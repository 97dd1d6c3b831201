// One mail transaction at the edge: the decision for every recipient, the evidence, the stamp
// and the hand-off. Reading `finish` is reading what Postern does with a message.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/judged_client.h"
#include "edge/message_checks.h"
#include "edge/sender_checks.h"
#include "edge/services.h"
#include "edge/settings.h"
#include "policy/arc_trust.h"
#include "policy/composite.h"
#include "policy/decision.h"
#include "policy/header_trust.h"
#include "policy/impersonation.h"
#include "policy/judged.h"
#include "policy/listed_pair.h"
#include "policy/own_claims.h"
#include "policy/sending_source.h"
#include "policy/traffic_history.h"
#include "smtp/receiver.h"
#include "store/spoof_intelligence.h"
#include "store/trace_record.h"

namespace postern::edge {

class EdgeTransaction final : public smtp::Transaction {
 public:
  /// `session` lives as long as the session, which outlives its transactions.
  EdgeTransaction(Services& services, SharedSettings settings, const smtp::SessionFacts& session,
                  const ClientChecks& client, mail::Mailbox reverse_path,
                  smtp::MailParameters parameters);
  ~EdgeTransaction() override;

  smtp::awaitable<mail::Reply> add_recipient(const mail::Mailbox& forward_path,
                                             const smtp::RcptParameters& parameters) override;
  smtp::awaitable<std::optional<mail::Reply>> begin_content() override;
  smtp::awaitable<void> write(std::string_view bytes) override;
  smtp::awaitable<mail::Reply> finish() override;
  smtp::awaitable<void> replied(bool client_got_it) override;
  void content_refused(const mail::Reply& reply) override;

 private:
  struct Accepted {
    policy::RcptVerdict verdict;
    store::TraceRecord record;
    std::string address;  ///< as EFUsers has addresses
    policy::JudgedFacts facts;
  };
  struct Decided {
    policy::RcptVerdict verdict;
    policy::RcptTexts basis;
    std::uint64_t revision = 0;  ///< of the directory
    Time time;
  };

  smtp::awaitable<Decided> decide(const mail::Mailbox& forward_path);
  /// Counts what an accepted recipient's connector sends; beyond its limits it is deferred.
  void limit_rate(policy::RcptVerdict& verdict);
  Result<delivery::NextHop> next_hop_of(const policy::RcptVerdict& verdict) const;
  smtp::awaitable<std::optional<delivery::RecipientOutcome>> offer_to_hop(
      const mail::Mailbox& forward_path, const smtp::RcptParameters& parameters,
      const policy::RcptVerdict& verdict);
  delivery::Envelope envelope(const policy::RcptVerdict& verdict) const;
  std::shared_ptr<const delivery::Introduction> introduction() const;
  SpfAsking spf_asking() const;
  JudgedClient begin_judging(ClientFacts client) const;
  Gateway gateway() const;
  /// Enhanced Filtering, if it is still to be done. The header section must be complete.
  void look_behind_gateway();
  smtp::awaitable<mail::Reply> judge_and_deliver(Time arrived);
  std::optional<mail::Reply> refuse_content();
  /// What the organization wants to wait for before the message is judged.
  std::optional<mail::Reply> defer_content(const SpfOutcome& spf, const MessageEvidence& message);
  /// For the records, so that the message can be judged again.
  void keep_evidence(const SpfOutcome& spf, const auth::Iprev& iprev,
                     const MessageEvidence& message,
                     const std::optional<policy::ArcTestimony>& testimony);
  /// The record of an accepted recipient, as soon as it is complete. `answers`: all that the DNS
  /// said, if nothing more is asked.
  void record_accepted(Accepted&& accepted, std::shared_ptr<const dns::Asked> answers = nullptr);
  /// The extensions of RejectDirectSend that need the content. Where a connector vouches for the
  /// client to some recipients only, or a stage or an exception lets it in, these get the message,
  /// and `claim_` says what of the rest.
  std::optional<mail::Reply> refuse_claims(const SpfOutcome& spf, const auth::Iprev& iprev,
                                           const MessageEvidence& message,
                                           const std::optional<policy::ArcTestimony>& testimony);
  /// Counts what lets it in, or, for edge/return_to_audit.h, a refused message whose source turns
  /// out to authenticate.
  void note_direct_send(const policy::RcptVerdict& verdict, Time decided);
  bool has_authenticated(directory::OrganizationId organization, Time decided) const;
  /// After act_on_spoof: what refuse_claims has left for quarantine.
  void keep_refused_copies();
  /// Marks authors that may be taken for own ones.
  void note_impersonation();
  /// What the organization knows beyond the message: signals_, and what it may be counted by.
  void gather_signals(const auth::Iprev& iprev, const MessageEvidence& message, Time arrived);
  policy::BouncedMail find_bounced(const policy::SpoofedAuthor& author, Time arrived);
  /// What its fate teaches about its author and where it came from.
  void learn(const SpfOutcome& spf, const MessageEvidence& message, const mail::Reply& reply,
             Time arrived);
  /// Nothing: it is no case of a forged author.
  std::optional<store::SpoofOutcome> spoof_outcome() const;
  void learn_sent(Time arrived);
  /// Composite authentication, the same for all recipients.
  policy::CompositeAuthentication authenticate(
      const SpfOutcome& spf, const auth::Iprev& iprev, const MessageEvidence& message,
      const std::optional<policy::ArcTestimony>& testimony);
  /// What the recipients' policies make of it: a refusal, or each one's treatment.
  std::optional<mail::Reply> act_on_spoof(const MessageEvidence& message);
  delivery::Edit make_edit(const SpfOutcome& spf, const auth::Iprev& iprev,
                           const MessageEvidence& message,
                           const std::optional<policy::ArcTestimony>& testimony);
  /// What is believed of the fields that the client sent.
  policy::HeaderTrust header_trust() const;
  void note_content();
  void note_filtering();
  void note_evidence(const MessageEvidence& message,
                     const std::optional<policy::ArcTestimony>& testimony);
  void note_refusal(const mail::Reply& reply, const std::string& reason);
  void apply(const delivery::Outcome& outcome);

  mail::Reply refusal(int code, std::string enhanced, std::string text) const;
  store::TraceRecord make_record(const mail::Mailbox& forward_path,
                                 const policy::RcptVerdict& verdict, Time decided) const;
  void log_decision(const store::TraceRecord& record) const;
  /// As soon as the DNS has said what it knows of the client and the envelope.
  void record_when_checked(store::TraceRecord&& record,
                           std::shared_ptr<const dns::Asked> answers = nullptr);

  Services& services_;
  const SharedSettings settings_;
  const smtp::SessionFacts& session_;
  const std::shared_ptr<Pending<auth::Iprev>> iprev_;
  const mail::Mailbox reverse_path_;
  const smtp::MailParameters parameters_;
  const Time begun_;
  const std::string id_;
  /// What the DNS answered so far, for the records.
  const std::shared_ptr<dns::Asked> asked_;
  JudgedClient judged_;

  /// The first accepted recipient's; all others have the same.
  directory::SharedOrganization organization_;
  std::vector<Accepted> accepted_;
  /// By which the content is judged; null before.
  directory::SharedSnapshot directory_;
  /// Connectors for whose rate limits this message has been counted; mostly one.
  std::vector<directory::Guid> counted_;
  std::unique_ptr<delivery::HandOff> hand_off_;
  policy::CompositeAuthentication composite_;
  policy::Signals signals_;
  policy::Impersonation impersonation_;
  /// What an unproven claim comes to for each accepted recipient, if some get the message.
  policy::ClaimEffect claim_;
  /// For whom this message has been counted as refused.
  std::optional<directory::OrganizationId> refusal_counted_;
  policy::SendingSource source_;
  /// Of the author who is worst off; no user: there is none.
  policy::SpoofPairName spoofed_;
  policy::TrafficKeys traffic_;
  /// The entry of the Tenant Allow/Block List that counts, for the trace; empty: none.
  std::string listed_;
  /// As many as accepted recipients; empty: all just get the message.
  delivery::Treatments treatments_;

  /// While Enhanced Filtering is still to be done.
  std::optional<Gateway> gateway_;
  std::optional<policy::Filtering> filtering_;
  MessageChecks checks_;
  std::unique_ptr<delivery::Content> content_;
  std::optional<mail::Reply> content_trouble_;
  std::uint64_t size_ = 0;  ///< octets that were written
  Time content_begun_;
};

}  // namespace postern::edge
