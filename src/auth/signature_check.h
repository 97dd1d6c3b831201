// The steps that a DKIM-Signature and the ARC fields have in common: which octets were signed, and
// do they, the body and one of the published keys belong together?
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "auth/body_hashes.h"
#include "auth/dkim_key_cache.h"
#include "auth/dkim_result.h"
#include "auth/dkim_signature.h"
#include "mail/header_fields.h"

namespace postern::auth {

/// RFC 1035 section 2.3.4, in presentation form without the final dot.
inline constexpr std::size_t max_dns_name = 253;

/// A field with its name and its line ending.
std::string_view octets_of(std::string_view message, const mail::HeaderField& field);

/// What b= of the field at `own_field` is made over (RFC 6376 section 3.7): the fields of h=, then
/// the field itself. ARC-Seal covers others and has its own way.
std::string signed_octets(std::string_view message, std::span<const mail::HeaderField> fields,
                          std::size_t own_field, const DkimSignature& signature);

/// What is wrong with a signature before any key is needed: its syntax, a historic algorithm, its
/// age, a key name beyond what the DNS has.
std::optional<DkimFault> check_signature(const ParsedSignature& parsed, Time now);

/// bh= and l= against the body. `index` is what BodyHashes::require returned for the signature.
std::optional<DkimFault> check_body(const BodyHashes& body, std::size_t index,
                                    const DkimSignature& signature);

struct KeyVerdict {
  std::optional<DkimFault> fault;
  // Of the key that verified, or got furthest.
  int key_bits = 0;
  bool is_testing = false;
};

/// RFC 6376 section 6.1.2 from step 4 on, and section 6.1.3. With several keys, one that verifies
/// is enough; if none does, the fault is that of the key that got furthest. `body_fault` is what
/// check_body said, which counts only for a key that applies.
KeyVerdict verify_with(DkimKeySet& keys, const DkimSignature& signature,
                       const std::optional<DkimFault>& body_fault, const Digest& header_hash);

}  // namespace postern::auth
