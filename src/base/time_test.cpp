#include "base/time.h"

#include <doctest/doctest.h>

using namespace postern;

TEST_CASE("a time prints as replies and header fields want it") {
  const Time time = *parse_iso("2025-01-29T19:07:30.476Z");
  CHECK(format_iso(time) == "2025-01-29T19:07:30.476Z");
  CHECK(format_rfc5322(time) == "Wed, 29 Jan 2025 19:07:30 +0000");
}

TEST_CASE("times are read in every form the documentation names") {
  const std::string midnight = "2025-01-29T00:00:00.000Z";
  for (const char* text : {"2025-01-29", "2025-01-29T00:00", "2025-01-29 00:00:00",
                           "2025-01-29T01:00:00+01:00", "2025-01-28T16:00-0800"}) {
    CAPTURE(text);
    REQUIRE(parse_iso(text));
    CHECK(format_iso(*parse_iso(text)) == midnight);
  }
  for (const char* text : {"", "2025", "2025-02-30", "2025-01-29T", "2025-01-29T24:00",
                           "2025-01-29T00:00x", "2025-1-29", "+025-01-29", "2025-01-29T00:00+1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_iso(text));
  }
}
