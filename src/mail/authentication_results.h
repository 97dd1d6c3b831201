// The Authentication-Results field (RFC 8601): who checked a message, how, and what came out.
//
// Readers behind us believe the fields that carry our authserv-id. A stranger can send such a
// field too, so whoever stamps must first remove what claims to be ours:
// `claims_authserv_id` looks harder for that than a parser of the grammar would.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace postern::mail {

struct AuthenticationProperty {
  std::string ptype;     ///< `smtp`, `header`, `policy`, `dns`, …; empty: Exchange's `action=`
  std::string property;  ///< `mailfrom`, `d`, `i`, …
  std::string value;

  bool operator==(const AuthenticationProperty&) const = default;
};

/// `method=result (comment) reason=… ptype.property=value …`
struct AuthenticationResult {
  std::string method;  ///< `spf`, `dkim`, `dmarc`, …; lower case when parsed
  std::string result;  ///< `pass`, …; lower case when parsed
  std::string comment;
  std::string reason;
  std::vector<AuthenticationProperty> properties;

  bool operator==(const AuthenticationResult&) const = default;
};

struct AuthenticationResults {
  /// Empty: the field is one of Exchange Online, which has none.
  std::string authserv_id;
  /// RFC 8601 section 2.2; empty is version 1.
  std::string version;
  /// Empty: `none`.
  std::vector<AuthenticationResult> results;

  bool operator==(const AuthenticationResults&) const = default;
};

/// The whole field, folded, ended by CRLF. Values are quoted where they need it.
std::string to_authentication_results_field(const AuthenticationResults& results);
/// What stands behind the colon, folded, without the last line ending.
std::string to_authentication_results_body(const AuthenticationResults& results);

inline constexpr std::size_t max_authentication_results = 100;

/// `body` as it stands behind the colon. Values are unquoted; an address may stand without
/// quotes, as RFC 8601 section 2.2 wants it, and so may what else occurs in practice.
Result<AuthenticationResults> parse_authentication_results(std::string_view body);

/// The same for the dialect of Exchange Online, which is no RFC 8601: without authserv-id, with
/// properties that have no ptype, and in older fields with a domain alone between semicolons,
/// which is skipped:
///
///   spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=contoso.com; dkim=none (message not signed)
///   header.d=none;dmarc=pass action=none header.from=contoso.com;compauth=pass reason=100
Result<AuthenticationResults> parse_exchange_authentication_results(std::string_view body);

/// Could a reader take this field for one with `authserv_id` (in the form of to_a_label)? Case,
/// folds, comments, quotes, a version, a final dot, U-labels and faults behind it change nothing.
bool claims_authserv_id(std::string_view body, std::string_view authserv_id);

}  // namespace postern::mail
