// Where a message comes from, in the words by which an administrator names it and by which traffic
// is counted: the sending infrastructure of the Tenant Allow/Block List.
//
// A message has up to four kinds of such names at once. Only what is proven is a name: a reverse
// name that leads back to the client, a d= whose signature verifies, and the client's network.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim_result.h"
#include "auth/iprev.h"
#include "auth/public_suffix_list.h"
#include "base/ip_address.h"

namespace postern::policy {

/// More verified signatures than this say nothing more.
inline constexpr std::size_t max_source_dkim_domains = 4;

struct SendingSource {
  /// d= of signatures that verify, each once.
  std::vector<std::string> dkim_domains;
  /// The confirmed reverse name and its organizational domain; empty: there is none.
  std::string reverse_name;
  std::string reverse_domain;
  /// `203.0.113.0/24`, with IPv6 the /48.
  std::string subnet;

  /// The one by which pairs are learned and listed: the reverse name's organizational domain, else
  /// a verified d=, else the network.
  const std::string& name() const {
    return !reverse_domain.empty() ? reverse_domain
           : !dkim_domains.empty() ? dkim_domains.front()
                                   : subnet;
  }
};

/// `suffixes` may be null: then the labels alone tell the organizational domain.
SendingSource sending_source(const IpAddress& client, const auth::Iprev& iprev,
                             std::span<const auth::DkimResult> dkim,
                             const auth::PublicSuffixList* suffixes);

}  // namespace postern::policy
