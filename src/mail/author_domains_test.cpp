#include "mail/author_domains.h"

#include <doctest/doctest.h>

using namespace postern::mail;
using Domains = std::vector<std::string>;

namespace {

AuthorDomains authors(std::string_view fields) {
  return author_domains(find_authors(parse_header_section(std::string(fields) + "\r\n")));
}

}  // namespace

TEST_CASE("an honest message has one author domain") {
  CHECK(authors("From: Ann <ann@Contoso.com>\r\n") == AuthorDomains{{"contoso.com"}});
  CHECK(authors("From: a@contoso.com, b@contoso.com\r\n") == AuthorDomains{{"contoso.com"}});
  CHECK(authors("From: Board: a@contoso.com;\r\n") == AuthorDomains{{"contoso.com"}});
  CHECK(authors("From: a@B\xc3\xbc"
                "cher.example\r\n") == AuthorDomains{{"xn--bcher-kva.example"}});
  CHECK(authors("Sender: x@evil.test\r\nFrom: a@contoso.com\r\nReply-To: y@evil.test\r\n") ==
        AuthorDomains{{"contoso.com"}});
  // A name with a comma and without quotes.
  CHECK(authors("From: Smith, Ann <ann@contoso.com>\r\n") == AuthorDomains{{"contoso.com"}});
}

TEST_CASE("every domain that a reader might be shown counts") {
  CHECK(authors("From: a@contoso.com, b@evil.test\r\n") ==
        AuthorDomains{{"contoso.com", "evil.test"}, AuthorTrouble::several_domains});
  CHECK(authors("From: b@evil.test\r\nFrom: a@contoso.com\r\n") ==
        AuthorDomains{{"evil.test", "contoso.com"}, AuthorTrouble::several_fields});
  CHECK(authors("From: a@contoso.com\r\nfrom : b@contoso.com\r\n") ==
        AuthorDomains{{"contoso.com"}, AuthorTrouble::several_fields});
  CHECK(authors("From: <a@contoso.com> <b@evil.test>\r\n").domains.size() == 2);
}

TEST_CASE("no author domain has its reason") {
  CHECK(authors("Subject: hi\r\n") == AuthorDomains{{}, AuthorTrouble::no_field});
  CHECK(authors("From:\r\n") == AuthorDomains{{}, AuthorTrouble::no_domain});
  CHECK(authors("From: Ann\r\n") == AuthorDomains{{}, AuthorTrouble::no_domain});
  CHECK(authors("From: undisclosed:;\r\n") == AuthorDomains{{}, AuthorTrouble::no_domain});
  CHECK(authors("From: <a@[192.0.2.1]>\r\n") == AuthorDomains{{}, AuthorTrouble::no_domain});
  CHECK(to_sentence(AuthorTrouble::no_domain) == "the From field has no domain");
}

TEST_CASE("the number of domains is limited, however they are spread") {
  std::string field = "From: a@d0.test";
  for (int i = 1; i < 4; ++i) field += ", a@d" + std::to_string(i) + ".test";
  CHECK(authors(field + "\r\n").trouble == AuthorTrouble::several_domains);
  CHECK(authors(field + "\r\n").domains.size() == max_author_domains);
  const AuthorDomains many = authors(field + "\r\nFrom: a@d4.test\r\n");
  CHECK(many.trouble == AuthorTrouble::too_many);
  CHECK(many.domains.size() == max_author_domains);
}
