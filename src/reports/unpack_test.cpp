#include "reports/unpack.h"

#include <doctest/doctest.h>

#include "mail/transfer_encoding.h"

using namespace postern::reports;
using postern::mail::decode_base64;

namespace {

// `printf 'A report.\n' | gzip -n | base64`
const std::string gzipped = decode_base64("H4sIAAAAAAAAA3NUKEotyC8q0eMCABDWpE4KAAAA");

/// An archive with one file, which is stored, or deflated by the octets that are given.
std::string zip_of(std::string packed, int method, int flags = 0) {
  const auto number = [](std::size_t value, int count) {
    std::string octets;
    for (int i = 0; i < count; ++i) octets += static_cast<char>(value >> 8 * i & 0xff);
    return octets;
  };
  const std::string common = number(20, 2) + number(static_cast<std::size_t>(flags), 2) +
                             number(static_cast<std::size_t>(method), 2) + std::string(8, '\0') +
                             number(packed.size(), 4) + std::string(4, '\0') + number(1, 2);
  std::string file = "PK\x03\x04" + common + number(2, 2) + "aXX" + packed;
  const std::string entry =
      "PK\x01\x02" + number(20, 2) + common + std::string(12, '\0') + number(0, 4) + "a";
  const std::string end = "PK\x05\x06" + std::string(4, '\0') + number(1, 2) + number(1, 2) +
                          number(entry.size(), 4) + number(file.size(), 4) + number(0, 2);
  return file + entry + end;
}

std::string error_of(std::string_view bytes, std::size_t most = max_report_bytes) {
  const auto result = unpack(bytes, most);
  return result ? "none" : result.error().message;
}

}  // namespace

TEST_CASE("what is not packed stays as it is") {
  CHECK(unpack("<feedback/>").value() == "<feedback/>");
  CHECK(unpack("").value() == "");
  CHECK(error_of("abc", 2) == "Unpacked, the report is too large.");
}

TEST_CASE("gzip, in one member or more") {
  CHECK(unpack(gzipped).value() == "A report.\n");
  CHECK(unpack(gzipped + gzipped).value() == "A report.\nA report.\n");
  CHECK(unpack(gzipped + "junk").value() == "A report.\n");
  for (std::size_t size = 2; size < gzipped.size(); ++size)
    CHECK(error_of(gzipped.substr(0, size)) == "The packed report is damaged.");
}

TEST_CASE("zip, stored or deflated") {
  CHECK(unpack(zip_of("A report.\n", 0)).value() == "A report.\n");
  // The deflated octets stand between gzip's ten octets of header and eight of trailer.
  const std::string deflated = gzipped.substr(10, gzipped.size() - 18);
  const std::string archive = zip_of(deflated, 8);
  CHECK(unpack(archive).value() == "A report.\n");
  CHECK(error_of(zip_of(deflated, 8, 1)) == "The zip archive is encrypted.");
  CHECK(error_of(zip_of(deflated, 12)) ==
        "The zip archive is packed in a way that is not known here.");
  for (std::size_t size = 4; size < archive.size() - 6; ++size)
    CHECK(error_of(archive.substr(0, size)) == "The zip archive is damaged.");
}

TEST_CASE("what unpacks to too much is given up on the way") {
  CHECK(unpack(gzipped, 10).has_value());
  CHECK(error_of(gzipped, 9) == "Unpacked, the report is too large.");
  CHECK(error_of(gzipped + gzipped, 19) == "Unpacked, the report is too large.");
  CHECK(error_of(zip_of("abc", 0), 2) == "Unpacked, the report is too large.");
}
