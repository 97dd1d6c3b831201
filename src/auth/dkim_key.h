// DKIM key records: what `<selector>._domainkey.<domain>` has as TXT (RFC 6376 section 3.6.1,
// RFC 8463 section 4).
#pragma once

#include <expected>
#include <optional>
#include <string_view>

#include "auth/dkim_result.h"
#include "auth/dkim_signature.h"
#include "auth/public_key.h"

namespace postern::auth {

struct DkimKey {
  KeyType type = KeyType::rsa;  ///< k=
  /// p=. Nothing: the key is revoked.
  std::optional<PublicKey> key;
  bool allows_sha256 = true;       ///< h= is absent or names sha256
  bool allows_email = true;        ///< s= is absent or names `email` or `*`
  bool is_testing = false;         ///< t=y
  bool forbids_subdomain = false;  ///< t=s: i= must be d= itself
};

/// `text` is one TXT record, its character-strings joined. g= of RFC 4871 is ignored like every
/// tag we do not know, and an unknown k= is a key_algorithm fault: no signature of ours uses it.
std::expected<DkimKey, DkimFault> parse_dkim_key(std::string_view text);

/// May `key` speak for `signature`? RFC 6376 section 6.1.2, steps 5 to 9, in that order.
std::optional<DkimFault> check_applies(const DkimKey& key, const DkimSignature& signature);

}  // namespace postern::auth
