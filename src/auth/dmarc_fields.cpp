// What DMARC takes from SPF and DKIM, and what it says in a header field.
#include <fmt/format.h>

#include <cstdlib>

#include "auth/dmarc.h"

namespace postern::auth {

std::string_view to_string(DmarcMethod method) {
  switch (method) {
    case DmarcMethod::spf:
      return "spf";
    case DmarcMethod::dkim:
      return "dkim";
  }
  std::abort();
}

std::string_view to_string(Alignment alignment) {
  switch (alignment) {
    case Alignment::none:
      return "none";
    case Alignment::relaxed:
      return "relaxed";
    case Alignment::strict:
      return "strict";
  }
  std::abort();
}

std::optional<DmarcIdentifier> to_dmarc_identifier(const SpfEvaluation& spf) {
  if (spf.identity == SpfIdentity::helo || spf.domain.empty()) return std::nullopt;
  DmarcIdentifier identifier{.method = DmarcMethod::spf, .domain = spf.domain};
  if (spf.result == SpfResult::pass) identifier.status = IdentifierStatus::pass;
  if (spf.result == SpfResult::temperror) identifier.status = IdentifierStatus::temperror;
  return identifier;
}

std::optional<DmarcIdentifier> to_dmarc_identifier(const DkimResult& dkim) {
  if (dkim.domain.empty()) return std::nullopt;
  DmarcIdentifier identifier{.method = DmarcMethod::dkim, .domain = dkim.domain};
  if (dkim.status == DkimStatus::pass) identifier.status = IdentifierStatus::pass;
  if (dkim.status == DkimStatus::temperror) identifier.status = IdentifierStatus::temperror;
  return identifier;
}

mail::AuthenticationResult to_authentication_result(const DmarcEvaluation& dmarc) {
  mail::AuthenticationResult result{
      .method = "dmarc", .result = std::string(to_string(dmarc.result)), .reason = dmarc.problem};
  if (!dmarc.policy_tag.empty()) {
    result.comment = fmt::format("{}={}", dmarc.policy_tag, to_string(dmarc.policy));
    if (dmarc.is_testing) result.comment += " t=y";
  }
  if (!dmarc.author_domain.empty()) result.properties = {{"header", "from", dmarc.author_domain}};
  return result;
}

}  // namespace postern::auth
