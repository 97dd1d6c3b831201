#include "auth/signature_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "auth/dkim_canonical.h"

namespace postern::auth {
namespace {

std::optional<DkimFault> verify_with_key(DkimKey& key, const DkimSignature& signature,
                                         const std::optional<DkimFault>& body_fault,
                                         const Digest& header_hash) {
  if (auto fault = check_applies(key, signature)) return fault;
  if (body_fault) return body_fault;
  if (!key.key->verify(header_hash, signature.signature))
    return DkimFault{DkimProblem::signature, {}};
  return std::nullopt;
}

}  // namespace

std::string_view octets_of(std::string_view message, const mail::HeaderField& field) {
  return message.substr(field.begin, field.end - field.begin);
}

std::string signed_octets(std::string_view message, std::span<const mail::HeaderField> fields,
                          std::size_t own_field, const DkimSignature& signature) {
  std::string octets;
  // All fields at once are the most there can be.
  octets.reserve(fields.back().end + 2);
  append_signed_fields(octets, message, fields, signature.header_names, own_field,
                       signature.header_canonicalization);
  append_signature_field(octets, octets_of(message, fields[own_field]), signature.signature_text,
                         signature.header_canonicalization);
  return octets;
}

std::optional<DkimFault> check_signature(const ParsedSignature& parsed, Time now) {
  if (parsed.fault) return parsed.fault;
  const DkimSignature& signature = parsed.signature;
  if (signature.algorithm == DkimAlgorithm::rsa_sha1)
    return DkimFault{DkimProblem::algorithm_historic, {}};
  if (signature.expires_at && *signature.expires_at < now)
    return DkimFault{DkimProblem::expired, format_rfc5322(*signature.expires_at)};
  if (signature.selector.size() + key_infix.size() + signature.domain.size() > max_dns_name)
    return DkimFault{DkimProblem::key_missing, "the name is too long for the DNS"};
  return std::nullopt;
}

std::optional<DkimFault> check_body(const BodyHashes& body, std::size_t index,
                                    const DkimSignature& signature) {
  const std::optional<Digest> digest = body.digest(index);
  if (!digest)
    return DkimFault{DkimProblem::body_length, fmt::format("l={}", *signature.body_length)};
  const bool is_same = std::ranges::equal(
      *digest, signature.body_hash,
      [](std::uint8_t ours, char theirs) { return ours == static_cast<std::uint8_t>(theirs); });
  if (!is_same) return DkimFault{DkimProblem::body_hash, {}};
  return std::nullopt;
}

KeyVerdict verify_with(DkimKeySet& keys, const DkimSignature& signature,
                       const std::optional<DkimFault>& body_fault, const Digest& header_hash) {
  KeyVerdict verdict;
  for (auto& key : keys.keys) {
    std::optional<DkimFault> fault =
        key ? verify_with_key(*key, signature, body_fault, header_hash) : key.error();
    // The problems are declared in the order of the steps.
    if (fault && verdict.fault && fault->problem <= verdict.fault->problem) continue;
    verdict = {.fault = std::move(fault),
               .key_bits = key && key->key ? key->key->bits() : 0,
               .is_testing = key && key->is_testing};
    if (!verdict.fault) break;
  }
  return verdict;
}

}  // namespace postern::auth
