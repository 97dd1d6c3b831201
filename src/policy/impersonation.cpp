#include "policy/impersonation.h"

#include <fmt/format.h>

#include <algorithm>

#include "mail/shown_addresses.h"

namespace postern::policy {

Impersonation find_impersonation(const mail::AuthorField& authors,
                                 const mail::AuthorDomains& author_domains, const OwnDomains& own,
                                 const directory::Organization& organization) {
  Impersonation found;
  for (const std::string& domain : author_domains.domains) {
    if (own.has(domain)) continue;
    if (auto resembled = organization.find_look_alike(domain))
      found.look_alikes.push_back({domain, *std::move(resembled)});
  }

  std::size_t looked_at = 0;
  for (const mail::HeaderAddress& author : authors.addresses) {
    if (looked_at++ == max_marked_names) break;
    // Who writes as an own author deceives nobody about that: he is judged by the address.
    if (!author.domain.empty() && own.has(author.domain)) continue;
    // In `"ceo@contoso.com", <x@phish.test>` the first is an author without a domain.
    const std::string name = author.domain.empty() ? author.local_part : mail::shown_name(author);
    for (const mail::ShownAddress& shown : mail::find_shown_addresses(name)) {
      if (!own.has(shown.domain)) continue;
      std::string address = shown.local_part + "@" + shown.domain;
      if (std::ranges::find(found.shown_addresses, address) == found.shown_addresses.end() &&
          found.shown_addresses.size() < mail::max_shown_signs)
        found.shown_addresses.push_back(std::move(address));
    }
  }
  return found;
}

std::vector<std::string> to_reasons(const Impersonation& found) {
  std::vector<std::string> reasons;
  for (const Impersonation::LookAlike& one : found.look_alikes)
    reasons.push_back(fmt::format("LookAlikeDomain: {} resembles {}", one.domain, one.own));
  for (const std::string& address : found.shown_addresses)
    reasons.push_back("DisplayNameCarriesOwnAddress: " + address);
  return reasons;
}

}  // namespace postern::policy
