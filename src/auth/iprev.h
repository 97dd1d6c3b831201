// Has the client a name that leads back to it (RFC 8601 section 2.7.3)?
//
// The names come from whoever runs the client's network, so at most ten of them are followed,
// and one is worth something only if its own addresses contain the client's.
#pragma once

#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "dns/answer.h"
#include "mail/authentication_results.h"

namespace postern::auth {

enum class IprevResult {
  pass,       ///< a name and the address agree
  fail,       ///< there are names, none of which has the address
  temperror,  ///< the DNS did not say
  permerror   ///< there is no name
};
std::string_view to_string(IprevResult result);

struct Iprev {
  IprevResult result = IprevResult::permerror;
  /// For pass: the name that agrees.
  std::string name;
  /// There is a PTR record, whether it agrees or not.
  bool has_pointer = false;
};

inline constexpr std::size_t max_iprev_names = 10;

dns::Asking<Iprev> check_iprev(const IpAddress& client, const dns::AnswerSet& answers);

/// `iprev=pass policy.iprev=192.0.2.1`
mail::AuthenticationResult to_authentication_result(const IpAddress& client, const Iprev& iprev);

}  // namespace postern::auth
