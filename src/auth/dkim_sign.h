// DKIM signing (RFC 6376 section 5): the field that makes a message ours, to be put on top of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/body_hashes.h"
#include "auth/dkim_result.h"
#include "auth/private_key.h"
#include "base/time.h"
#include "mail/header_fields.h"
#include "mail/lexical.h"

namespace postern::auth {

/// With yes, h= names every field once more than it occurs, so that nobody can add another one
/// without breaking the signature (RFC 6376 section 8.15).
enum class Oversign { no, yes };

struct DkimSigning {
  std::string domain;    ///< d=, as A-label
  std::string selector;  ///< s=, as A-label
  std::string identity;  ///< i=; empty: none, which means `@` and d=
  Canonicalization header = Canonicalization::relaxed;
  Canonicalization body = Canonicalization::relaxed;
  /// The fields to sign, each as often as it occurs. From is signed even if it is not listed
  /// (section 5.4). The list is that of section 5.4.1, less the fields that lists add.
  std::vector<std::string> header_names = {
      "From",       "Sender",       "Reply-To",     "Subject",
      "Date",       "Message-ID",   "To",           "Cc",
      "References", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
      "In-Reply-To"};
  Oversign oversign = Oversign::yes;
  std::optional<Time> signed_at;             ///< t=
  std::optional<Time> expires_at;            ///< x=
  std::optional<std::uint64_t> body_length;  ///< l=; better not (section 8.2)
};

/// The whole field, `DKIM-Signature: …\r\n`. `message` begins with the header section that
/// `section` describes, `body_hash` is the hash of the body in the canonicalization and length of
/// `signing`.
std::string sign_dkim(std::string_view message, const mail::HeaderSection& section,
                      const Digest& body_hash, const PrivateKey& key, const DkimSigning& signing);

/// The same for a message at hand. With a body_length beyond the body, that of the body is signed.
std::string sign_dkim(std::string_view message, const PrivateKey& key, const DkimSigning& signing);

// What the ARC fields are made with too.

/// The algorithm that the key is for.
DkimAlgorithm algorithm_for(const PrivateKey& key);
/// The names for h=: those of `wanted` as often as they occur, one more with `oversign`.
std::vector<std::string_view> names_to_sign(const mail::HeaderSection& section,
                                            const std::vector<std::string>& wanted,
                                            Oversign oversign);
/// h=, folded between its names.
void write_header_names(mail::FieldWriter& writer, const std::vector<std::string_view>& names);
/// Completes `field`, which ends with `b=` and has no CRLF: signs `octets_before` and the field,
/// and appends the signature, folded, and CRLF.
std::string finish_signature(std::string field, std::string octets_before, Canonicalization how,
                             const PrivateKey& key);
/// t= and x= count seconds since 1970.
std::int64_t to_seconds(Time time);

}  // namespace postern::auth
