#include "auth/spf_fields.h"

#include <cstdlib>

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
std::string explain(const SpfQuery& query, const SpfEvaluation& evaluation) {
  const std::string client = query.client.to_string();
  const std::string domain = "domain of " + sender(query);
  switch (evaluation.result) {
    case SpfResult::pass:
      return domain + " designates " + client + " as permitted sender";
    case SpfResult::fail:
      return domain + " does not designate " + client + " as permitted sender";
    case SpfResult::softfail:
      return domain + " probably does not designate " + client;
    case SpfResult::neutral:
      return domain + " says neither yes nor no to " + client;
    case SpfResult::none:
      return domain + " does not designate permitted senders";
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
  mail::AuthenticationResult result{.method = "spf",
                                    .result = std::string(to_string(evaluation.result)),
                                    .comment = explain(query, evaluation)};
  // Of a null reverse-path, only the HELO name was checked (RFC 7208 section 2.4).
  const bool by_helo = query.identity == SpfIdentity::helo || query.domain.empty();
  result.properties.push_back(
      by_helo ? mail::AuthenticationProperty{"smtp", "helo", query.helo}
              : mail::AuthenticationProperty{"smtp", "mailfrom", sender(query)});
  return result;
}

std::string to_received_spf_field(const SpfQuery& query, const SpfEvaluation& evaluation) {
  const bool is_error =
      evaluation.result == SpfResult::temperror || evaluation.result == SpfResult::permerror;
  return mail::to_received_spf_field({.result = std::string(to_string(evaluation.result)),
                                      .comment = query.receiver + ": " + explain(query, evaluation),
                                      .client = query.client,
                                      .envelope_from = sender(query),
                                      .helo = query.helo,
                                      .receiver = query.receiver,
                                      .identity = std::string(to_string(evaluation.identity)),
                                      .mechanism = evaluation.mechanism,
                                      .problem = is_error ? evaluation.problem : ""});
}

}  // namespace postern::auth
