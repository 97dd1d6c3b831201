// What a trusted sealer says about a message.
//
// Who passes mail on breaks SPF, and often DKIM. With ARC (RFC 8617) it writes down what it found
// before that, and seals it. Anybody can seal, and a chain that validates says only that nobody
// has touched it since; so the results of others count for an organization only as far as it trusts
// their sealers (Set-ArcConfig -ArcTrustedSealers). Without a list nothing counts: that is the
// switch, and it is off at first.
//
// Pure, and evidence only: composite authentication asks for it, no decision is made here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/arc_validate.h"
#include "directory/objects.h"
#include "mail/authentication_results.h"

namespace postern::policy {

/// The ARC-Authentication-Results of the first hop of a trusted chain.
struct ArcTestimony {
  int instance = 0;    ///< i=
  std::string sealer;  ///< d= of its seal
  /// Empty where the field cannot be read: the sealer is trusted, and says nothing.
  std::vector<mail::AuthenticationResult> results;

  /// The result word of a method, `pass` if one of several results is; empty: it says nothing.
  std::string_view word(std::string_view method) const;
  /// The domains for which `method` passed, as `ptype.property` names them (`header.from`,
  /// `smtp.mailfrom`): A-labels, also where an address stands there.
  std::vector<std::string> passed(std::string_view method, std::string_view ptype,
                                  std::string_view property) const;
};

/// RFC 8617 section 5.2: only a chain that passes. Whoever comes after a sealer could have changed
/// what it wrote about another message, so all seals and message signatures from the newest down
/// must be of trusted domains; the oldest of them saw the message first, and its word is taken.
/// Hops before it, trusted or not, are only what a sealer after them passed on.
std::optional<ArcTestimony> find_arc_testimony(const auth::ArcResult& chain,
                                               const directory::ArcConfig& config);

/// `trusted sealer list.test i=1: spf=fail dkim=pass dmarc=pass`
std::string to_text(const ArcTestimony& testimony);

}  // namespace postern::policy
