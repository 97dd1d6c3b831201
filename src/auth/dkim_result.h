// What DKIM can say about a signature: the result words of RFC 8601 section 2.7.1 and, beneath
// them, the step at which verification ended.
//
// ARC (RFC 8617) builds on the same signatures and keys and names its failures with the same
// problems.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace postern::auth {

/// RFC 8601 section 2.7.1. `none` is the answer for a message without signatures, which has no
/// DkimResult at all; no single signature has it.
enum class DkimStatus { none, pass, fail, policy, neutral, temperror, permerror };
std::string_view to_string(DkimStatus status);

/// The step that failed, in the order in which RFC 6376 section 6.1 takes them.
enum class DkimProblem {
  none,
  // Section 6.1.1: the signature as it stands there.
  header_unreadable,         ///< the header section is beyond the limits of mail/header_fields.h
  too_many_signatures,       ///< behind the first max_signatures, not looked at
  syntax,                    ///< no tag list, or a tag that does not hold what it must
  version,                   ///< v= is not 1
  missing_tag,               ///< a required tag is absent
  algorithm_unknown,         ///< a= is not one of RFC 6376, RFC 8463
  algorithm_historic,        ///< rsa-sha1 (RFC 8301 section 3.1)
  canonicalization_unknown,  ///< c=
  query_method_unknown,      ///< q= without dns/txt
  too_many_header_names,     ///< h= is beyond max_header_names
  identity_mismatch,         ///< i= is not d= or below it
  from_not_signed,           ///< h= without From
  expired,                   ///< x= is past
  // Section 6.1.2: the public key.
  key_unavailable,  ///< the DNS does not answer
  key_missing,      ///< no TXT record
  key_syntax,       ///< no key record, or no key in it
  key_revoked,      ///< p= is empty
  key_algorithm,    ///< k= is not what a= needs
  key_hash,         ///< h= of the key does not allow SHA-256
  key_service,      ///< s= of the key does not allow email
  key_identity,     ///< t=s and i= is below d=
  key_size,         ///< RSA outside 1024 to 8192 bits (RFC 8301 section 3.2), or a strange exponent
  // Section 6.1.3: the message.
  body_length,  ///< l= is more than there is
  body_hash,    ///< bh=
  signature     ///< b=
};
/// A phrase for reason= and logs, such as `body hash did not verify`; empty for none.
std::string_view to_sentence(DkimProblem problem);
DkimStatus status_of(DkimProblem problem);

/// A problem with what can be said beyond its name: the tag, the sizes, the DNS error.
struct DkimFault {
  DkimProblem problem = DkimProblem::none;
  std::string detail;
};

/// RFC 6376 section 3.3 and RFC 8463 section 3.
enum class DkimAlgorithm { rsa_sha1, rsa_sha256, ed25519_sha256 };
std::string_view to_string(DkimAlgorithm algorithm);

/// RFC 6376 section 3.4.
enum class Canonicalization { simple, relaxed };
std::string_view to_string(Canonicalization canonicalization);

/// The outcome for one DKIM-Signature field.
struct DkimResult {
  DkimStatus status = DkimStatus::neutral;
  DkimProblem problem = DkimProblem::none;
  /// More about the problem; perhaps empty.
  std::string detail;

  // What could be read of the signature; empty where it could not.
  std::string domain;    ///< d=, the SDID, as A-label in lower case: what counts for alignment
  std::string selector;  ///< s=, as A-label in lower case
  std::string identity;  ///< i=, the AUID, or `@` and d= where there is none
  std::optional<DkimAlgorithm> algorithm;
  /// The first letters of b=, enough to tell the message's signatures apart (RFC 6008).
  std::string signature_start;
  std::optional<Time> signed_at;
  std::optional<Time> expires_at;

  /// Place of the field among the header section's fields, counted from 0.
  std::size_t field = 0;
  /// Size of the key; 0: not known.
  int key_bits = 0;
  /// The key says t=y: the domain tests DKIM, and a failure must weigh no more than a message
  /// without signature (RFC 6376 section 3.6.1).
  bool is_testing = false;
  /// The key record came with DNSSEC.
  bool is_key_secure = false;
  /// With l=: octets of the canonical body that no signature covers. Anyone can have added them
  /// (RFC 6376 section 8.2).
  std::uint64_t unsigned_body = 0;
};

}  // namespace postern::auth
