#include "mail/domain_name.h"

#include <doctest/doctest.h>

#include <string>

using namespace postern::mail;

TEST_CASE("names compare as lower-case A-labels without a final dot") {
  CHECK(to_a_label("CONTOSO.com.") == "contoso.com");
  CHECK(to_a_label("Bücher.Example") == "xn--bcher-kva.example");
  CHECK(to_a_label("bücher。example") == "xn--bcher-kva.example");  // ideographic full stop
  CHECK(to_a_label("_dmarc.contoso.com") == "_dmarc.contoso.com");
}

TEST_CASE("what is no host name is refused") {
  for (const std::string& bad :
       {std::string(""), std::string("."), std::string("a..b"), std::string(".a"),
        std::string("-a.test"), std::string("a-.test"), std::string("a b"), std::string("a\0b", 3),
        std::string("[192.0.2.1]"), std::string("a/b"), std::string(64, 'a'),
        std::string("\xff\xfe")}) {
    CAPTURE(bad);
    CHECK_FALSE(to_a_label(bad));
  }
  std::string long_name;
  for (int i = 0; i < 64; ++i) long_name += "abc.";
  CHECK_FALSE(to_a_label(long_name + "d"));
}

TEST_CASE("a domain is below its parents only") {
  CHECK(is_below("a.b.example", "example", Self::excluded));
  CHECK_FALSE(is_below("badexample", "example", Self::excluded));
  CHECK_FALSE(is_below("example", "example", Self::excluded));
  CHECK(is_below("example", "example", Self::included));
}
