#include "base/keyed_hash.h"

#include <doctest/doctest.h>

#include <string>

using postern::KeyedHash;

TEST_CASE("SipHash-2-4 gives the values of its authors") {
  // Appendix A of the paper: the key is 00 01 … 0f, the text 00 01 … 0e.
  const KeyedHash hash({0x0706050403020100, 0x0f0e0d0c0b0a0908});
  std::string text;
  for (char c = 0; c < 15; ++c) text += c;
  CHECK(hash(text) == 0xa129ca6149be45e5);
  CHECK(hash("") == 0x726fdb47dd0e0e31);
  // Of their reference implementation with 128 bits: octets in the order in which they come.
  CHECK(hash.digest("") == std::array<std::uint64_t, 2>{0xe6a825ba047f81a3, 0x930255c71472f66d});
  CHECK(hash.digest(std::string(1, '\0')) ==
        std::array<std::uint64_t, 2>{0x44af996bd8c187da, 0x45fc229b11597634});
}

TEST_CASE("another key is another hash") {
  const KeyedHash one(KeyedHash::random_key());
  const KeyedHash other(KeyedHash::random_key());
  CHECK(one("contoso.com") == one("contoso.com"));
  CHECK(one("contoso.com") != other("contoso.com"));
  CHECK(one("contoso.com") != one("contoso.net"));
}
