// Where an author domain lives: its mail exchangers, and the addresses of these and of the domain.
//
// Evidence for a message that neither SPF nor DKIM vouches for: somebody without any of these
// records often sends from the machine that receives his mail, or from one beside it. Asked only
// then, so that mail that authenticates costs no question more.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "dns/answer.h"

namespace postern::auth {

/// Of the mail exchangers, those of the best preference first, that are looked at.
inline constexpr std::size_t max_author_exchangers = 3;
/// Of one name.
inline constexpr std::size_t max_author_addresses = 10;

struct AuthorHosts {
  /// In the order of their preference; lower case, without a final dot.
  std::vector<std::string> mail_exchangers;
  /// Of the domain and of its mail exchangers, of the client's family.
  std::vector<IpAddress> addresses;
};

/// `domain` is an A-label. An answer that fails adds nothing: what is not known is no evidence.
dns::Asking<AuthorHosts> find_author_hosts(const std::string& domain, const IpAddress& client,
                                           const dns::AnswerSet& answers);

}  // namespace postern::auth
