// Every author domain is a name in canonical form, each stands there once, none is left out unless
// there are too many, and there is a reason when there is not exactly one.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "mail/author_domains.h"
#include "mail/domain_name.h"

using namespace postern::mail;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const AuthorField author = find_authors(parse_header_section(text));
  const AuthorDomains found = author_domains(author);
  if (found.domains.size() > max_author_domains) std::abort();
  if (found.domains.size() != 1 && found.trouble == AuthorTrouble::none) std::abort();
  for (const std::string& domain : found.domains) {
    if (to_a_label(domain) != domain) std::abort();
    if (std::ranges::count(found.domains, domain) != 1) std::abort();
  }
  for (const HeaderAddress& address : author.addresses) {
    if (address.domain.empty() || address.domain.starts_with('[')) continue;
    const bool is_there = std::ranges::find(found.domains, address.domain) != found.domains.end();
    if (!is_there && found.trouble != AuthorTrouble::too_many) std::abort();
  }
  return 0;
}
