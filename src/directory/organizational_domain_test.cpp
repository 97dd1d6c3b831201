#include "directory/organizational_domain.h"

#include <doctest/doctest.h>

#include "directory/name_key.h"

using namespace postern::directory;

TEST_CASE("the organizational domain is told by the labels") {
  CHECK(organizational_domain("contoso.com") == "contoso.com");
  CHECK(organizational_domain("mx.contoso.com") == "contoso.com");
  CHECK(organizational_domain("a.b.mx.contoso.com") == "contoso.com");
  CHECK(organizational_domain("mx.contoso.co.uk") == "contoso.co.uk");
  CHECK(organizational_domain("contoso.co.uk") == "contoso.co.uk");
  CHECK(organizational_domain("co.uk") == "co.uk");
  CHECK(organizational_domain("mx.contoso.de") == "contoso.de");
  CHECK(organizational_domain("localhost") == "localhost");
  CHECK(organizational_domain("x.y") == "x.y");
  CHECK(organizational_domain("") == "");
}

TEST_CASE("keys of certificate names share a part if they are of one organizational domain") {
  const auto part = [](const char* name) { return NameKey::certificate(name).domain_part(); };
  CHECK(part("mx1.contoso.com") == part("mx2.contoso.com"));
  CHECK(part("mx1.contoso.com") == part("*.contoso.com"));
  CHECK(part("*.mail.contoso.com") == part("contoso.com"));
  CHECK(part("mx1.contoso.com") != part("mx1.fabrikam.com"));
  CHECK(NameKey::certificate("mx1.contoso.com") != NameKey::certificate("mx2.contoso.com"));
  CHECK(NameKey::certificate("*.contoso.com") != NameKey::certificate("contoso.com"));
  CHECK(NameKey::certificate("*.contoso.com") == NameKey::certificate_wildcard("contoso.com"));
}
