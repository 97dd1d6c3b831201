// Whatever stands in From, what is marked names an own domain, and a foreign author.
#include <cstdint>
#include <cstdlib>

#include "mail/header_fields.h"
#include "mail/lexical.h"
#include "mail/shown_addresses.h"
#include "policy/impersonation.h"

using namespace postern;
using namespace postern::policy;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr directory::OrganizationId id{1};
  static const directory::Snapshot snapshot = [] {
    directory::Snapshot made;
    made.put_organization(id, directory::Guid(), "Contoso", Time());
    made.put_domain(id, {.name = "contoso.test"});
    made.put_domain(id, {.name = "relay.contoso.net", .match_sub_domains = true});
    // Enough for an index.
    for (int i = 0; i < 20; ++i)
      made.put_domain(id, {.name = "tenant" + std::to_string(i) + ".test"});
    return made;
  }();
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const OwnDomains own{snapshot, id};
  const auto authors = mail::find_authors(mail::parse_header_section(text));
  const Impersonation found = find_impersonation(authors, mail::author_domains(authors), own,
                                                 *snapshot.find_organization(id));
  if (found.look_alikes.size() > mail::max_author_domains) std::abort();
  if (found.shown_addresses.size() > mail::max_shown_signs) std::abort();
  for (const Impersonation::LookAlike& one : found.look_alikes)
    if (own.has(one.domain) || !own.has(one.own)) std::abort();
  for (const std::string& address : found.shown_addresses)
    if (!own.has(std::string_view(address).substr(address.rfind('@') + 1))) std::abort();
  for (const std::string& reason : to_reasons(found))
    if (mail::printable(reason) != reason) std::abort();
  return 0;
}
