#include "auth/dkim_key.h"

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/encoding.h"

namespace postern::auth {
namespace {

std::unexpected<DkimFault> fault(DkimProblem problem, std::string detail) {
  return std::unexpected(DkimFault{problem, std::move(detail)});
}

/// Does the list, `sha1:sha256`, have one of two words? A tag that is absent allows everything.
bool allows(std::optional<std::string_view> list, std::string_view word, std::string_view other) {
  if (!list) return true;
  while (const auto element = next_element(list))
    if (iequals(*element, word) || iequals(*element, other)) return true;
  return false;
}

bool has_flag(std::optional<std::string_view> flags, std::string_view wanted) {
  return flags && allows(flags, wanted, wanted);
}

KeyType type_for(DkimAlgorithm algorithm) {
  return algorithm == DkimAlgorithm::ed25519_sha256 ? KeyType::ed25519 : KeyType::rsa;
}

}  // namespace

std::expected<DkimKey, DkimFault> parse_dkim_key(std::string_view text) {
  const Result<TagList> tags = parse_tag_list(text);
  if (!tags) return fault(DkimProblem::key_syntax, tags.error().message);

  // v= may be absent; where it is, it comes first and is exactly this.
  const Tag* version = tags->find("v");
  if (version && (version != &tags->tags().front() || version->value != "DKIM1"))
    return fault(DkimProblem::key_syntax, "v= is not DKIM1, or not the first tag");

  DkimKey key;
  const std::string_view type = tags->value("k").value_or("rsa");
  if (iequals(type, "ed25519"))
    key.type = KeyType::ed25519;
  else if (!iequals(type, "rsa"))
    return fault(DkimProblem::key_algorithm, fmt::format("k={}", excerpt(type)));

  key.allows_sha256 = allows(tags->value("h"), "sha256", "sha256");
  key.allows_email = allows(tags->value("s"), "email", "*");
  key.is_testing = has_flag(tags->value("t"), "y");
  key.forbids_subdomain = has_flag(tags->value("t"), "s");

  const auto value = tags->value("p");
  if (!value) return fault(DkimProblem::key_syntax, "tag p is missing");
  if (value->empty()) return key;
  const auto octets = from_base64(*value);
  if (!octets) return fault(DkimProblem::key_syntax, "p= is no Base64");
  auto decoded =
      key.type == KeyType::rsa ? PublicKey::from_rsa(*octets) : PublicKey::from_ed25519(*octets);
  if (!decoded) return std::unexpected(std::move(decoded.error()));
  key.key = *std::move(decoded);
  return key;
}

std::optional<DkimFault> check_applies(const DkimKey& key, const DkimSignature& signature) {
  if (!key.allows_sha256) return DkimFault{DkimProblem::key_hash, {}};
  if (!key.key) return DkimFault{DkimProblem::key_revoked, {}};
  if (key.type != type_for(signature.algorithm))
    return DkimFault{DkimProblem::key_algorithm, fmt::format("k={} with a={}", to_string(key.type),
                                                             to_string(signature.algorithm))};
  if (!key.allows_email) return DkimFault{DkimProblem::key_service, {}};
  // ARC signatures have no i= of this kind, and so nothing to compare.
  if (key.forbids_subdomain && !signature.identity_domain.empty() &&
      signature.identity_domain != signature.domain)
    return DkimFault{DkimProblem::key_identity, {}};
  return std::nullopt;
}

}  // namespace postern::auth
