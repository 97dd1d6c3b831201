#include "auth/spf_identities.h"

#include <doctest/doctest.h>

#include <string>

using namespace postern;
using namespace postern::auth;

namespace {

/// `mail_from ann@contoso.com, helo mail.contoso.com`, as far as they are checked.
std::string identities(const std::string& hello, const mail::Mailbox* reverse_path) {
  const SpfIdentities found =
      spf_identities({.client = *IpAddress::parse("192.0.2.1"), .helo = hello}, reverse_path);
  std::string text;
  if (found.mail_from)
    text += "mail_from " + found.mail_from->local_part + "@" + found.mail_from->domain;
  if (found.helo) text += (text.empty() ? "helo " : ", helo ") + found.helo->domain;
  return text;
}

}  // namespace

TEST_CASE("both identities are checked where they are names") {
  const auto ann = mail::parse_mailbox("ann@contoso.com");
  CHECK(identities("Mail.Contoso.com.", &*ann) ==
        "mail_from ann@contoso.com, helo mail.contoso.com");
  // RFC 7208 section 2.3: a literal or a single label has no record.
  CHECK(identities("[192.0.2.1]", &*ann) == "mail_from ann@contoso.com");
  CHECK(identities("printer", &*ann) == "mail_from ann@contoso.com");
}

TEST_CASE("a null reverse-path is postmaster at HELO, which is then not asked twice") {
  const mail::Mailbox null;
  CHECK(identities("mail.contoso.com", &null) == "mail_from @");
  CHECK(identities("printer", &null) == "");
}

TEST_CASE("without a reverse-path that has a domain only HELO is left") {
  const auto literal = mail::parse_mailbox("ann@[192.0.2.1]");
  REQUIRE(literal);
  CHECK(identities("mail.contoso.com", &*literal) == "helo mail.contoso.com");
  CHECK(identities("mail.contoso.com", nullptr) == "helo mail.contoso.com");
}
