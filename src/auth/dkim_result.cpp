#include "auth/dkim_result.h"

#include <cstdlib>

namespace postern::auth {

std::string_view to_string(DkimStatus status) {
  switch (status) {
    case DkimStatus::none:
      return "none";
    case DkimStatus::pass:
      return "pass";
    case DkimStatus::fail:
      return "fail";
    case DkimStatus::policy:
      return "policy";
    case DkimStatus::neutral:
      return "neutral";
    case DkimStatus::temperror:
      return "temperror";
    case DkimStatus::permerror:
      return "permerror";
  }
  std::abort();
}

// Where Exchange Online has words for a step (`body hash did not verify`, `signature did not
// verify`, `no key for signature`), they are used: administrators search for them.
std::string_view to_sentence(DkimProblem problem) {
  switch (problem) {
    case DkimProblem::none:
      return "";
    case DkimProblem::header_unreadable:
      return "header section cannot be read";
    case DkimProblem::too_many_signatures:
      return "too many signatures";
    case DkimProblem::syntax:
      return "signature syntax error";
    case DkimProblem::version:
      return "unknown signature version";
    case DkimProblem::missing_tag:
      return "signature lacks a tag";
    case DkimProblem::algorithm_unknown:
      return "unknown signature algorithm";
    case DkimProblem::algorithm_historic:
      return "rsa-sha1 is no longer valid";
    case DkimProblem::canonicalization_unknown:
      return "unknown canonicalization";
    case DkimProblem::query_method_unknown:
      return "unknown query method";
    case DkimProblem::too_many_header_names:
      return "too many signed header fields";
    case DkimProblem::identity_mismatch:
      return "identity is outside the signing domain";
    case DkimProblem::from_not_signed:
      return "From is not signed";
    case DkimProblem::expired:
      return "signature expired";
    case DkimProblem::key_unavailable:
      return "key is not available now";
    case DkimProblem::key_missing:
      return "no key for signature";
    case DkimProblem::key_syntax:
      return "key syntax error";
    case DkimProblem::key_revoked:
      return "key is revoked";
    case DkimProblem::key_algorithm:
      return "key is for another algorithm";
    case DkimProblem::key_hash:
      return "key does not allow SHA-256";
    case DkimProblem::key_service:
      return "key is not for email";
    case DkimProblem::key_identity:
      return "key does not allow a subdomain as identity";
    case DkimProblem::key_size:
      return "key size is not allowed";
    case DkimProblem::body_length:
      return "body is shorter than signed";
    case DkimProblem::body_hash:
      return "body hash did not verify";
    case DkimProblem::signature:
      return "signature did not verify";
  }
  std::abort();
}

DkimStatus status_of(DkimProblem problem) {
  switch (problem) {
    case DkimProblem::none:
      return DkimStatus::pass;
    // Our own limit, not the signer's fault.
    case DkimProblem::too_many_signatures:
      return DkimStatus::policy;
    // RFC 8601 section 2.7.1, neutral: "contained syntax errors or were not otherwise able to be
    // processed". RFC 6376 section 6.1.1 calls these PERMFAIL and lets us ignore the signature.
    case DkimProblem::syntax:
    case DkimProblem::version:
    case DkimProblem::missing_tag:
    case DkimProblem::algorithm_unknown:
    case DkimProblem::canonicalization_unknown:
    case DkimProblem::query_method_unknown:
    case DkimProblem::too_many_header_names:
      return DkimStatus::neutral;
    // RFC 8301 sections 3.1 and 3.2: historic algorithms and short keys have failed for good,
    // before any test of the message. The others are PERMFAIL of RFC 6376 sections 6.1.1, 6.1.2.
    case DkimProblem::header_unreadable:
    case DkimProblem::algorithm_historic:
    case DkimProblem::identity_mismatch:
    case DkimProblem::from_not_signed:
    case DkimProblem::key_missing:
    case DkimProblem::key_syntax:
    case DkimProblem::key_revoked:
    case DkimProblem::key_algorithm:
    case DkimProblem::key_hash:
    case DkimProblem::key_service:
    case DkimProblem::key_identity:
    case DkimProblem::key_size:
      return DkimStatus::permerror;
    case DkimProblem::key_unavailable:
      return DkimStatus::temperror;
    case DkimProblem::expired:
    case DkimProblem::body_length:
    case DkimProblem::body_hash:
    case DkimProblem::signature:
      return DkimStatus::fail;
  }
  std::abort();
}

std::string_view to_string(DkimAlgorithm algorithm) {
  switch (algorithm) {
    case DkimAlgorithm::rsa_sha1:
      return "rsa-sha1";
    case DkimAlgorithm::rsa_sha256:
      return "rsa-sha256";
    case DkimAlgorithm::ed25519_sha256:
      return "ed25519-sha256";
  }
  std::abort();
}

std::string_view to_string(Canonicalization canonicalization) {
  switch (canonicalization) {
    case Canonicalization::simple:
      return "simple";
    case Canonicalization::relaxed:
      return "relaxed";
  }
  std::abort();
}

}  // namespace postern::auth
