#include "dns/name.h"

#include <doctest/doctest.h>

using namespace postern::dns;

TEST_CASE("equal names are equal strings") {
  CHECK(name_from_presentation("Mail.Contoso.COM.") == "mail.contoso.com");
  CHECK(name_from_presentation(R"(a\.b.c\\d.e\009f.\097)") == R"(a\046b.c\092d.e\009f.a)");
  CHECK(name_from_octets("Mail.Contoso.COM.") == "mail.contoso.com");
  CHECK(name_from_octets("a b.c\\d.\xff") == R"(a\032b.c\092d.\255)");
  CHECK(name_from_presentation(".") == "");
}

TEST_CASE("what is no name") {
  for (const char* bad : {"", "a..b", ".a", "a..", "a\\", "a\\25", "a\\256", "a\\2x5"}) {
    CAPTURE(bad);
    CHECK_FALSE(name_from_presentation(bad));
  }
  CHECK_FALSE(name_from_octets(""));
  CHECK_FALSE(name_from_octets("."));
  CHECK_FALSE(name_from_octets("a..b"));
}

TEST_CASE("labels have 63 octets, names 255 on the wire") {
  const std::string label(63, 'a');
  CHECK(name_from_octets(label));
  CHECK_FALSE(name_from_octets(label + "a"));
  const std::string three = label + "." + label + "." + label + ".";
  CHECK(to_wire(*name_from_octets(three + std::string(61, 'a'))).size() == max_wire_name);
  CHECK_FALSE(name_from_octets(three + std::string(62, 'a')));
  // An escape is one octet.
  CHECK(name_from_presentation(std::string(62, 'a') + "\\255"));
}

TEST_CASE("the wire form has the octets themselves") {
  CHECK(to_wire("") == std::string(1, '\0'));
  CHECK(to_wire("ab.c") == std::string("\2ab\1c\0", 6));
  CHECK(to_wire(R"(a\046b)") == std::string("\3a.b\0", 5));
}

TEST_CASE("parents end at the root") {
  CHECK(parent_of("a.b.c") == "b.c");
  CHECK(parent_of("c") == "");
  CHECK(parent_of("") == "");
}
