#include "mail/author_domains.h"

#include <algorithm>
#include <cstdlib>

namespace postern::mail {

std::string_view to_sentence(AuthorTrouble trouble) {
  switch (trouble) {
    case AuthorTrouble::none:
      return "";
    case AuthorTrouble::several_domains:
      return "the authors are of several domains";
    case AuthorTrouble::several_fields:
      return "there is more than one From field";
    case AuthorTrouble::too_many:
      return "the authors are of too many domains";
    case AuthorTrouble::no_field:
      return "there is no From field";
    case AuthorTrouble::no_domain:
      return "the From field has no domain";
  }
  std::abort();
}

AuthorDomains author_domains(const AuthorField& author) {
  AuthorDomains found;
  bool too_many = false;
  for (const HeaderAddress& address : author.addresses) {
    const std::string& domain = address.domain;
    // `Smith, Ann <ann@contoso.com>` without quotes is read as two addresses, and is frequent:
    // the first has no domain and names nobody.
    if (domain.empty() || domain.starts_with('[')) continue;
    if (std::ranges::find(found.domains, domain) != found.domains.end()) continue;
    too_many |= found.domains.size() == max_author_domains;
    if (!too_many) found.domains.push_back(domain);
  }
  if (author.field_count == 0)
    found.trouble = AuthorTrouble::no_field;
  else if (found.domains.empty())
    found.trouble = AuthorTrouble::no_domain;
  else if (too_many || author.addresses.size() == max_addresses)
    found.trouble = AuthorTrouble::too_many;
  else if (author.field_count > 1)
    found.trouble = AuthorTrouble::several_fields;
  else if (found.domains.size() > 1)
    found.trouble = AuthorTrouble::several_domains;
  return found;
}

}  // namespace postern::mail
