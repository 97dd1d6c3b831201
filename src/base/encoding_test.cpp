#include "base/encoding.h"

#include <doctest/doctest.h>

using namespace postern;

TEST_CASE("Base64 is that of RFC 4648") {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    CHECK(to_base64(plain) == encoded);
    REQUIRE(from_base64(encoded));
    CHECK(*from_base64(encoded) == plain);
  }
  CHECK(*from_base64("Zm9v\r\n\t YmFy") == "foobar");
  for (const char* bad :
       {"Z", "Zg", "Zg=", "Zg===", "=", "Zg==Zg==", "Zm9v=", "Zm9v-_", "Z===", "Zg==x"}) {
    CAPTURE(bad);
    CHECK_FALSE(from_base64(bad));
  }
}

TEST_CASE("identifiers have their form and differ") {
  CHECK(random_hex(8).size() == 16);
  CHECK(random_hex(8).find_first_not_of("0123456789ABCDEF") == std::string::npos);
  const std::string uuid = random_uuid();
  REQUIRE(uuid.size() == 36);
  CHECK(uuid[14] == '4');
  CHECK(std::string("89ab").find(uuid[19]) != std::string::npos);
  CHECK(uuid != random_uuid());
}

TEST_CASE("identifiers that are made later sort behind") {
  const std::string first = time_ordered_uuid(*parse_iso("2026-11-22T09:00:00.000Z"));
  const std::string second = time_ordered_uuid(*parse_iso("2026-11-22T09:00:00.001Z"));
  REQUIRE(first.size() == 36);
  CHECK(first.starts_with("01a2027b-"));
  CHECK(first[14] == '7');
  CHECK(first < second);
}

TEST_CASE("SHA-256 of nothing") {
  CHECK(to_hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
