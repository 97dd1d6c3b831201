// The tags of a DKIM-Signature field (RFC 6376 section 3.5, with RFC 8301, RFC 8463 and RFC 8616),
// and of the two ARC fields that are made of the same tags (RFC 8617 section 4.1).
//
// Parsing takes the first fault it meets and keeps what it read until then, so that a report can
// still say whose signature it was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim_result.h"
#include "auth/tag_list.h"
#include "base/time.h"

namespace postern::auth {

/// How many names h= may list. Signers that sign every field twice reach about 100.
inline constexpr std::size_t max_header_names = 500;

/// Octets of i=. RFC 5321 section 4.5.3.1 has room for 320 in an address.
inline constexpr std::size_t max_identity = 512;

/// Which of the three fields the tags stand in: the required tags differ.
enum class SignatureField { dkim_signature, arc_message_signature, arc_seal };

/// RFC 8616 section 5: in a message that was sent with SMTPUTF8, d=, s= and i= may hold UTF-8.
enum class FieldCharset { ascii, utf8 };

struct DkimSignature {
  DkimAlgorithm algorithm = DkimAlgorithm::rsa_sha256;  ///< a=
  std::string signature;                                ///< b=, decoded
  /// b= as it stands there, with the white space around it. This view on the field is what is cut
  /// out when the field itself is hashed (section 3.5, b=).
  std::string_view signature_text;
  std::string body_hash;  ///< bh=, decoded: 32 octets, with rsa-sha1 20
  Canonicalization header_canonicalization = Canonicalization::simple;  ///< c=
  Canonicalization body_canonicalization = Canonicalization::simple;
  std::string domain;  ///< d= as A-label in lower case
  /// h= as written, views on the field. An empty name stands for no field and is harmless.
  std::vector<std::string_view> header_names;
  std::string identity;                      ///< i=, decoded; without one `@` and d=
  std::string identity_domain;               ///< its domain, in the form of d=
  std::optional<std::uint64_t> body_length;  ///< l=
  std::string selector;                      ///< s= as A-label in lower case
  std::optional<Time> signed_at;             ///< t=
  std::optional<Time> expires_at;            ///< x=
};

struct ParsedSignature {
  DkimSignature signature;
  /// Set: `signature` holds only what was read before the fault.
  std::optional<DkimFault> fault;
};

/// `body` is the field without its name and colon; folds may be in it. rsa-sha1 is no fault of the
/// syntax: verification refuses it.
ParsedSignature parse_dkim_signature(std::string_view body,
                                     FieldCharset charset = FieldCharset::utf8);

/// The same for tags that have been split already. With an ARC field the tags of its own (i=, cv=)
/// are left to the caller, `identity` stays empty, and v= is not looked at.
ParsedSignature parse_signature_tags(const TagList& tags, SignatureField field,
                                     FieldCharset charset = FieldCharset::utf8);

inline constexpr std::string_view key_infix = "._domainkey.";
/// Where the key is: `<selector>._domainkey.<domain>` (section 3.6.2.1).
std::string key_name(const DkimSignature& signature);

/// dkim-quoted-printable (section 2.11, with the UTF-8 of RFC 8616): `=3D` is an equals sign,
/// white space means nothing. Nothing if an equals sign is not followed by two upper-case
/// hexadecimal digits.
std::optional<std::string> decode_dkim_quoted_printable(std::string_view text);

}  // namespace postern::auth
