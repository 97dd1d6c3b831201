#include "assess/text_decoder.h"

#include <doctest/doctest.h>

using namespace postern::assess;
using namespace std::string_literals;

namespace {

std::string decode(std::string_view bytes, std::size_t piece = 1 << 20) {
  TextDecoder decoder;
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    decoder.feed(bytes.substr(at, piece), out);
  decoder.finish(out);
  return out;
}

}  // namespace

TEST_CASE("UTF-8 passes through, without its mark") {
  CHECK(decode("a,ä") == "a,ä");
  CHECK(decode("\xef\xbb\xbf"
               "a") == "a");
  CHECK(decode("\xef\xbb\xbf") == "");
  CHECK(decode("") == "");
  CHECK(decode("a") == "a");
}

TEST_CASE("UTF-16 of both kinds, cut anywhere") {
  const std::string little =
      "\xff\xfe"
      "a\0\xe4\0\xac\x20\x3d\xd8\x00\xde"s;
  const std::string big =
      "\xfe\xff"
      "\0a\0\xe4\x20\xac\xd8\x3d\xde\x00"s;
  for (const std::size_t piece : {100uz, 1uz, 3uz}) {
    CHECK(decode(little, piece) == "aä€😀");
    CHECK(decode(big, piece) == "aä€😀");
  }
}

TEST_CASE("UTF-16 without a mark is known by its zeros") {
  CHECK(decode("a\0b\0"s) == "ab");
  CHECK(decode("\0a\0b"s) == "ab");
}

TEST_CASE("halves of characters become U+FFFD") {
  CHECK(decode("\xff\xfe"
               "a\0\x3d\xd8"
               "b\0"s) ==
        "a\xef\xbf\xbd"
        "b");
  CHECK(decode("\xff\xfe"
               "\x00\xde"s) == "\xef\xbf\xbd");
  CHECK(decode("\xff\xfe"
               "a\0b"s) == "a\xef\xbf\xbd");
}
