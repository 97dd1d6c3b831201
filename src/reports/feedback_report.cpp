#include "reports/feedback_report.h"

#include <charconv>
#include <cstdlib>
#include <utility>

#include "base/cursor.h"
#include "mail/date.h"
#include "mail/header_fields.h"
#include "mail/lexical.h"
#include "mail/transfer_encoding.h"
#include "reports/words.h"

namespace postern::reports {
namespace {

/// The first word of a body, without comments around it.
std::string_view first_word(std::string_view body) {
  Cursor in(body);
  mail::skip_cfws(in);
  return in.take_while([](char c) { return !mail::is_fws(c) && c != '('; });
}

std::uint64_t to_number(std::string_view body) {
  const std::string_view word = first_word(body);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc{} && end == word.data() + word.size() ? number : 0;
}

std::string to_text(std::string_view body) {
  return clean_text(mail::unfold(body));
}

/// `<ann@contoso.com>`
std::string to_address(std::string_view body) {
  std::string text = to_text(body);
  if (text.starts_with('<') && text.ends_with('>')) return text.substr(1, text.size() - 2);
  return text;
}

/// `dns; mail.contoso.com`
std::string to_name_of_mta(std::string_view body) {
  const std::size_t semicolon = body.find(';');
  return to_text(semicolon == std::string_view::npos ? body : body.substr(semicolon + 1));
}

FeedbackType to_feedback_type(std::string_view word) {
  using enum FeedbackType;
  return find_word(word, {abuse, auth_failure, fraud, not_spam, other, virus}).value_or(unknown);
}

using Report = FeedbackReport;

/// One field, and where its body goes.
struct Field {
  std::string_view name;
  void (*set)(Report&, std::string_view);
};

constexpr Field known_fields[] = {
    {"Feedback-Type",
     [](Report& r, std::string_view b) {
       r.feedback_type = to_lower(clean_text(first_word(b)));
       r.type = to_feedback_type(r.feedback_type);
     }},
    {"User-Agent", [](Report& r, std::string_view b) { r.user_agent = to_text(b); }},
    {"Version", [](Report& r, std::string_view b) { r.version = to_number(b); }},

    {"Original-Envelope-Id",
     [](Report& r, std::string_view b) { r.original_envelope_id = to_text(b); }},
    {"Original-Mail-From",
     [](Report& r, std::string_view b) { r.original_mail_from = to_address(b); }},
    {"Original-Rcpt-To",
     [](Report& r, std::string_view b) { r.original_rcpt_to.push_back(to_address(b)); }},
    {"Arrival-Date", [](Report& r, std::string_view b) { r.arrival_date = mail::parse_date(b); }},
    {"Received-Date",
     [](Report& r, std::string_view b) {
       if (!r.arrival_date) r.arrival_date = mail::parse_date(b);
     }},
    {"Reporting-MTA", [](Report& r, std::string_view b) { r.reporting_mta = to_name_of_mta(b); }},
    {"Source-IP",
     [](Report& r, std::string_view b) { r.source_ip = IpAddress::parse(first_word(b)); }},
    {"Source-Port", [](Report& r, std::string_view b) { r.source_port = to_number(b); }},
    {"Incidents", [](Report& r, std::string_view b) { r.incidents = to_number(b); }},

    {"Authentication-Results",
     [](Report& r, std::string_view b) { r.authentication_results.push_back(to_text(b)); }},
    {"Reported-Domain",
     [](Report& r, std::string_view b) { r.reported_domains.push_back(to_text(b)); }},
    {"Reported-URI", [](Report& r, std::string_view b) { r.reported_uris.push_back(to_text(b)); }},

    {"Auth-Failure",
     [](Report& r, std::string_view b) {
       using enum AuthFailure;
       r.auth_failure = find_word(first_word(b), {adsp, bodyhash, dmarc, revoked, signature, spf});
     }},
    {"Delivery-Result",
     [](Report& r, std::string_view b) {
       using enum DeliveryResult;
       r.delivery_result = find_word(first_word(b), {delivered, other, policy, reject, spam});
     }},
    {"Identity-Alignment",
     [](Report& r, std::string_view b) { r.identity_alignment = to_lower(to_text(b)); }},
    {"DKIM-Domain", [](Report& r, std::string_view b) { r.dkim_domain = to_text(b); }},
    {"DKIM-Identity", [](Report& r, std::string_view b) { r.dkim_identity = to_text(b); }},
    {"DKIM-Selector", [](Report& r, std::string_view b) { r.dkim_selector = to_text(b); }},
    {"DKIM-Canonicalized-Header",
     [](Report& r, std::string_view b) { r.dkim_canonicalized_header = mail::decode_base64(b); }},
    {"DKIM-Canonicalized-Body",
     [](Report& r, std::string_view b) { r.dkim_canonicalized_body = mail::decode_base64(b); }},
    {"DKIM-Selector-DNS", [](Report& r, std::string_view b) { r.dkim_selector_dns = to_text(b); }},
    {"DKIM-ADSP-DNS", [](Report& r, std::string_view b) { r.dkim_adsp_dns = to_text(b); }},
    {"SPF-DNS", [](Report& r, std::string_view b) { r.spf_dns.push_back(to_text(b)); }},
};

}  // namespace

std::string_view to_string(FeedbackType type) {
  switch (type) {
    case FeedbackType::unknown:
      return "unknown";
    case FeedbackType::abuse:
      return "abuse";
    case FeedbackType::auth_failure:
      return "auth-failure";
    case FeedbackType::fraud:
      return "fraud";
    case FeedbackType::not_spam:
      return "not-spam";
    case FeedbackType::other:
      return "other";
    case FeedbackType::virus:
      return "virus";
  }
  std::abort();
}

std::string_view to_string(AuthFailure failure) {
  switch (failure) {
    case AuthFailure::adsp:
      return "adsp";
    case AuthFailure::bodyhash:
      return "bodyhash";
    case AuthFailure::dmarc:
      return "dmarc";
    case AuthFailure::revoked:
      return "revoked";
    case AuthFailure::signature:
      return "signature";
    case AuthFailure::spf:
      return "spf";
  }
  std::abort();
}

std::string_view to_string(DeliveryResult result) {
  switch (result) {
    case DeliveryResult::delivered:
      return "delivered";
    case DeliveryResult::other:
      return "other";
    case DeliveryResult::policy:
      return "policy";
    case DeliveryResult::reject:
      return "reject";
    case DeliveryResult::spam:
      return "spam";
  }
  std::abort();
}

Result<FeedbackReport> parse_feedback_report(std::string_view fields) {
  FeedbackReport report;
  for (const mail::HeaderField& field : mail::parse_header_section(fields).fields)
    for (const Field& known : known_fields)
      if (field.is(known.name)) known.set(report, field.body);
  if (report.feedback_type.empty()) return fail("The feedback report has no Feedback-Type.");
  return report;
}

}  // namespace postern::reports
