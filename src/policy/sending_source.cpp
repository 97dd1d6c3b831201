#include "policy/sending_source.h"

#include <algorithm>

#include "directory/organizational_domain.h"

namespace postern::policy {

SendingSource sending_source(const IpAddress& client, const auth::Iprev& iprev,
                             std::span<const auth::DkimResult> dkim,
                             const auth::PublicSuffixList* suffixes) {
  SendingSource source;
  for (const auth::DkimResult& one : dkim) {
    if (one.status != auth::DkimStatus::pass || one.domain.empty()) continue;
    if (source.dkim_domains.size() == max_source_dkim_domains) break;
    if (std::ranges::find(source.dkim_domains, one.domain) == source.dkim_domains.end())
      source.dkim_domains.push_back(one.domain);
  }
  if (iprev.result == auth::IprevResult::pass) {
    source.reverse_name = iprev.name;
    if (suffixes != nullptr) {
      if (auto domain = suffixes->registrable_domain(iprev.name))
        source.reverse_domain = *std::move(domain);
    }
    if (source.reverse_domain.empty())
      source.reverse_domain = directory::organizational_domain(iprev.name);
  }
  source.subnet = IpPrefix(client, client.is_v4() ? 24 : 48).to_string();
  return source;
}

}  // namespace postern::policy
