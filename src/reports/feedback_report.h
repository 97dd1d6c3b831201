// Feedback reports about single messages: complaints of readers (RFC 5965) and failures of
// authentication (RFC 6591, with what RFC 7489 section 7.3.1 added for DMARC).
//
// Like all reports it is what a stranger says, also about the message that it quotes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"
#include "base/time.h"

namespace postern::reports {

/// Feedback-Type (RFC 5965 section 7.3, RFC 6430, RFC 6591 section 3.1); unknown: another word.
enum class FeedbackType { unknown, abuse, auth_failure, fraud, not_spam, other, virus };
std::string_view to_string(FeedbackType type);

/// Auth-Failure, RFC 6591 section 3.3; dmarc is RFC 7489's.
enum class AuthFailure { adsp, bodyhash, dmarc, revoked, signature, spf };
std::string_view to_string(AuthFailure failure);

/// Delivery-Result, RFC 6591 section 3.2.2.
enum class DeliveryResult { delivered, other, policy, reject, spam };
std::string_view to_string(DeliveryResult result);

/// Texts are fit to be shown, and empty where the field is absent; addresses are without angle
/// brackets, as the sender wrote them. Nothing in place of a word: absent, or none of the RFC's.
struct FeedbackReport {
  FeedbackType type = FeedbackType::unknown;
  std::string feedback_type;  ///< as written, in lower case
  std::string user_agent;
  std::uint64_t version = 0;

  std::string original_envelope_id;
  std::string original_mail_from;
  std::vector<std::string> original_rcpt_to;
  /// Arrival-Date or, as older programs call it, Received-Date.
  std::optional<Time> arrival_date;
  std::string reporting_mta;  ///< without `dns;`
  std::optional<IpAddress> source_ip;
  std::uint64_t source_port = 0;  ///< RFC 6692
  /// How many messages of this kind are meant.
  std::uint64_t incidents = 1;

  /// Bodies of the fields, one line each, for mail/authentication_results.h.
  std::vector<std::string> authentication_results;
  std::vector<std::string> reported_domains;
  std::vector<std::string> reported_uris;

  // RFC 6591 section 3.2.
  std::optional<AuthFailure> auth_failure;
  std::optional<DeliveryResult> delivery_result;
  std::string identity_alignment;  ///< `dkim, spf` or `none`: what was not aligned, RFC 7489
  std::string dkim_domain;
  std::string dkim_identity;
  std::string dkim_selector;
  /// As DKIM hashed them, without Base64: raw octets of the message, not to be shown as they are.
  std::string dkim_canonicalized_header;
  std::string dkim_canonicalized_body;
  std::string dkim_selector_dns;
  std::string dkim_adsp_dns;
  std::vector<std::string> spf_dns;

  /// What is quoted of the message, raw: all of it, or its header section alone. Set by
  /// read_report (report_message.h), which has the part.
  std::string original;
  bool is_original_whole = false;
};

/// `fields` is the body of the part of type message/feedback-report, its transfer encoding decoded.
/// An error for what has no Feedback-Type.
Result<FeedbackReport> parse_feedback_report(std::string_view fields);

}  // namespace postern::reports
