// What an SPF evaluation says in header fields: a Received-SPF field (RFC 7208 section 9.1), and
// a result for Authentication-Results (RFC 8601 section 2.7.2).
#pragma once

#include <string>

#include "auth/spf.h"
#include "mail/authentication_results.h"

namespace postern::auth {

/// `spf=pass (…) smtp.mailfrom=ann@contoso.com`, or smtp.helo for the HELO identity.
mail::AuthenticationResult to_authentication_result(const SpfQuery& query,
                                                    const SpfEvaluation& evaluation);

/// The whole field, folded, ended by CRLF.
std::string to_received_spf_field(const SpfQuery& query, const SpfEvaluation& evaluation);

}  // namespace postern::auth
