// What DKIM and ARC say in Authentication-Results (RFC 8601 section 2.7.1, RFC 8617 section 10.2).
#pragma once

#include "auth/arc_validate.h"
#include "auth/dkim_result.h"
#include "base/ip_address.h"
#include "mail/authentication_results.h"

namespace postern::auth {

/// `dkim=pass header.d=contoso.com header.i=@contoso.com header.s=s1 header.b=dBFGw1jT`; the
/// first letters of b= tell which signature is meant (RFC 6008). What could not be read of a
/// signature is left out.
mail::AuthenticationResult to_authentication_result(const DkimResult& result);

/// `arc=pass (i=2) smtp.remote-ip=192.0.2.1 header.oldest-pass=0`
mail::AuthenticationResult to_authentication_result(const IpAddress& client,
                                                    const ArcResult& result);

}  // namespace postern::auth
