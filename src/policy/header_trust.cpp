#include "policy/header_trust.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

#include "base/ascii.h"
#include "mail/domain_name.h"

namespace postern::policy {
namespace {

constexpr std::string_view cross_premises = "X-MS-Exchange-CrossPremises-";
constexpr std::string_view organization = "X-MS-Exchange-Organization-";

constexpr auto protected_prefixes = std::to_array<std::string_view>(
    {"X-Postern-", organization, "X-MS-Exchange-Forest-", cross_premises});
constexpr auto protected_names = std::to_array<std::string_view>(
    {"X-MS-Exchange-SkipListedInternetSender", "X-MS-Exchange-ExternalOriginalInternetSender",
     "X-CrossPremisesHeadersPromoted", "X-CrossPremisesHeadersFiltered",
     "X-OrganizationHeadersPreserved"});

/// Behind the prefix: what the edge says of every message, so that nobody else does.
constexpr auto own_words = std::to_array<std::string_view>(
    {"AuthAs", "AuthSource", "MessageDirectionality", "Network-Message-Id", "IsAnonymousDirectSend",
     "InternalOrgSender"});

/// The name; of a line that is no field, what a reader sees who drops what cannot be printed.
std::string_view name_to_readers(const mail::HeaderField& field) {
  if (!field.name.empty()) return field.name;
  std::string_view text = field.body;
  while (!text.empty() && (text.front() <= ' ' || text.front() >= '\x7f')) text.remove_prefix(1);
  return text.substr(0, text.find_first_of(": \t\r\n"));
}

/// What stands behind X-MS-Exchange-CrossPremises-; empty: it is no such field.
std::string_view cross_premises_word(const mail::HeaderField& field) {
  if (!istarts_with(field.name, cross_premises)) return {};
  return field.name.substr(cross_premises.size());
}

bool is_own_word(std::string_view word) {
  return std::ranges::any_of(own_words, [&](std::string_view own) { return iequals(own, word); });
}

bool has_field(const Promotion& promotion, std::string_view word) {
  return std::ranges::any_of(promotion.fields, [&](const Promotion::Field& field) {
    return iequals(std::string_view(field.name).substr(organization.size()), word);
  });
}

/// The one thing that all fields with this word say; nothing: there is none, or they differ.
std::optional<std::string> find_agreement(const mail::HeaderSection& section,
                                          std::string_view word) {
  std::optional<std::string> said;
  for (const mail::HeaderField& field : section.fields) {
    if (!iequals(cross_premises_word(field), word)) continue;
    std::string body = mail::unfold(field.body);
    if (said && !iequals(*said, body)) return std::nullopt;
    said = std::move(body);
  }
  return said;
}

}  // namespace

bool is_protected(const mail::HeaderField& field) {
  const std::string_view name = name_to_readers(field);
  return std::ranges::any_of(protected_prefixes,
                             [&](std::string_view one) { return istarts_with(name, one); }) ||
         std::ranges::any_of(protected_names,
                             [&](std::string_view one) { return iequals(name, one); });
}

std::string_view to_string(AuthAs auth_as) {
  switch (auth_as) {
    case AuthAs::anonymous:
      return "Anonymous";
    case AuthAs::internal:
      return "Internal";
  }
  std::abort();  // never an AuthAs
}

HeaderTrust find_header_trust(const RcptVerdict& verdict) {
  if (verdict.connector == nullptr || !vouches(verdict.matched_by) ||
      verdict.direction != Direction::originating) {
    return HeaderTrust::none;
  }
  const directory::InboundConnector& connector = *verdict.connector;
  if (connector.type != directory::ConnectorType::on_premises) return HeaderTrust::none;
  if (connector.cloud_services_mail_enabled) return HeaderTrust::cross_premises;
  return connector.treat_messages_as_internal && verdict.own_sender ? HeaderTrust::internal
                                                                    : HeaderTrust::none;
}

Promotion promote(const mail::HeaderSection& section, HeaderTrust trust) {
  Promotion promotion;
  if (trust == HeaderTrust::internal) promotion.auth_as = AuthAs::internal;
  for (const mail::HeaderField& field : section.fields) {
    const std::string_view word = cross_premises_word(field);
    if (word.empty()) continue;
    if (trust != HeaderTrust::cross_premises) {
      promotion.filtered = true;
      continue;
    }
    promotion.promoted = true;
    if (promotion.fields.size() == max_promoted_fields || is_own_word(word) ||
        has_field(promotion, word)) {
      continue;
    }
    promotion.fields.push_back({std::string(organization).append(word), field.body});
  }
  if (!promotion.promoted) return promotion;

  const auto auth_as = find_agreement(section, "AuthAs");
  if (auth_as && iequals(*auth_as, "Internal")) promotion.auth_as = AuthAs::internal;
  // Who decided is of interest only beside what was decided.
  if (const auto source = find_agreement(section, "AuthSource"); auth_as && source)
    promotion.auth_source = mail::to_a_label(*source).value_or("");
  return promotion;
}

}  // namespace postern::policy
