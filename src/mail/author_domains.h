// Which domains claim to have written a message: what DMARC starts from (RFC 9989 section 5.3.1).
//
// An honest message has one From field with one domain in it. What else occurs has a name each
// here, and docs/dmarc.md says what it means; in every case all domains count that a reader might
// be shown, whichever field or address their program prefers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "mail/address_list.h"

namespace postern::mail {

enum class AuthorTrouble {
  none,             ///< one domain, in one From field
  several_domains,  ///< one From field with authors of several domains (RFC 5322 section 3.6.2)
  several_fields,   ///< more than one From field, which no message may have
  too_many,         ///< more than max_author_domains; the rest is left out
  no_field,         ///< no From field
  no_domain         ///< no address, or none with a domain name
};
/// A phrase without a full stop; empty for none.
std::string_view to_sentence(AuthorTrouble trouble);

/// Each may cost as many questions as a whole message otherwise (RFC 9989 section 11.5).
inline constexpr std::size_t max_author_domains = 4;

struct AuthorDomains {
  /// In the form of to_a_label, each once, in the order of the message. Address literals are not
  /// among them: they have no policy.
  std::vector<std::string> domains;
  AuthorTrouble trouble = AuthorTrouble::none;

  bool operator==(const AuthorDomains&) const = default;
};

AuthorDomains author_domains(const AuthorField& author);

}  // namespace postern::mail
