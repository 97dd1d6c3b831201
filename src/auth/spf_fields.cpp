#include "auth/spf_fields.h"

#include <cstdlib>
#include <utility>

#include "mail/mailbox.h"
#include "mail/received_spf.h"

namespace postern::auth {
namespace {

/// The reverse-path that was checked; for a null one, what stands for it (section 2.4).
std::string sender(const SpfQuery& query) {
  const bool by_helo = query.identity == SpfIdentity::helo || query.domain.empty();
  return mail::to_address(by_helo || query.local_part.empty() ? "postmaster" : query.local_part,
                          by_helo ? query.helo : query.domain);
}

/// For people: the words that other receivers use too, so that they can be searched for.
std::string explain(const SpfQuery& query, const SpfEvaluation& evaluation,
                    std::string_view sender) {
  const auto about_sender = [&](std::string_view verdict, std::string_view end) {
    const bool names_client = evaluation.result != SpfResult::none;
    const std::string client = names_client ? query.client.to_string() : "";
    std::string text;
    text.reserve(100 + sender.size());
    return text.append("domain of ").append(sender).append(verdict).append(client).append(end);
  };
  switch (evaluation.result) {
    case SpfResult::pass:
      return about_sender(" designates ", " as permitted sender");
    case SpfResult::fail:
      return about_sender(" does not designate ", " as permitted sender");
    case SpfResult::softfail:
      return about_sender(" probably does not designate ", "");
    case SpfResult::neutral:
      return about_sender(" says neither yes nor no to ", "");
    case SpfResult::none:
      return about_sender(" does not designate permitted senders", "");
    case SpfResult::temperror:
      return "temporary failure: " + evaluation.problem;
    case SpfResult::permerror:
      return "permanent error: " + evaluation.problem;
  }
  std::abort();
}

}  // namespace

mail::AuthenticationResult to_authentication_result(const SpfQuery& query,
                                                    const SpfEvaluation& evaluation) {
  std::string address = sender(query);
  mail::AuthenticationResult result{.method = "spf",
                                    .result = std::string(to_string(evaluation.result)),
                                    .comment = explain(query, evaluation, address)};
  // Of a null reverse-path, only the HELO name was checked (RFC 7208 section 2.4).
  const bool by_helo = query.identity == SpfIdentity::helo || query.domain.empty();
  result.properties.push_back(
      by_helo ? mail::AuthenticationProperty{"smtp", "helo", query.helo}
              : mail::AuthenticationProperty{"smtp", "mailfrom", std::move(address)});
  return result;
}

std::string to_received_spf_field(const SpfQuery& query, const SpfEvaluation& evaluation) {
  const bool is_error =
      evaluation.result == SpfResult::temperror || evaluation.result == SpfResult::permerror;
  std::string address = sender(query);
  return mail::to_received_spf_field(
      {.result = std::string(to_string(evaluation.result)),
       .comment = query.receiver + ": " + explain(query, evaluation, address),
       .client = query.client,
       .envelope_from = std::move(address),
       .helo = query.helo,
       .receiver = query.receiver,
       .identity = std::string(to_string(evaluation.identity)),
       .mechanism = evaluation.mechanism,
       .problem = is_error ? evaluation.problem : ""});
}

}  // namespace postern::auth
