#include "auth/dkim_fields.h"

namespace postern::auth {
namespace {

/// `body hash did not verify: …`
std::string explain(std::string_view sentence, const std::string& detail) {
  std::string text(sentence);
  if (!text.empty() && !detail.empty()) text += ": ";
  return text + detail;
}

}  // namespace

mail::AuthenticationResult to_authentication_result(const DkimResult& result) {
  mail::AuthenticationResult field{.method = "dkim",
                                   .result = std::string(to_string(result.status)),
                                   .reason = explain(to_sentence(result.problem), result.detail)};
  const auto add = [&field](std::string property, std::string value) {
    if (!value.empty())
      field.properties.push_back({"header", std::move(property), std::move(value)});
  };
  add("d", result.domain);
  add("i", result.identity);
  add("s", result.selector);
  if (result.algorithm) add("a", std::string(to_string(*result.algorithm)));
  add("b", result.signature_start);
  return field;
}

mail::AuthenticationResult to_authentication_result(const IpAddress& client,
                                                    const ArcResult& result) {
  mail::AuthenticationResult field{.method = "arc",
                                   .result = std::string(to_string(result.status)),
                                   .reason = explain(to_sentence(result.problem), result.detail)};
  if (result.highest_instance > 0) field.comment = "i=" + std::to_string(result.highest_instance);
  field.properties.push_back({"smtp", "remote-ip", client.to_string()});
  if (result.status == ArcStatus::pass)
    field.properties.push_back({"header", "oldest-pass", std::to_string(result.oldest_pass)});
  return field;
}

}  // namespace postern::auth
