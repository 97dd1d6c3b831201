#include "edge/quarantine_clerk.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::edge;
using directory::DigestInterval;

TEST_CASE("the slot of a digest is the last one that has come") {
  const auto slot = [](DigestInterval interval, int hour, const char* now) {
    const auto found = last_digest_slot(
        {.quarantine_digest = interval, .quarantine_digest_hour = static_cast<std::uint8_t>(hour)},
        *parse_iso(now));
    return found ? format_iso(*found).substr(0, 16) : "";
  };
  CHECK(slot(DigestInterval::off, 7, "2025-01-29T12:00:00Z").empty());
  CHECK(slot(DigestInterval::daily, 7, "2025-01-29T12:00:00Z") == "2025-01-29T07:00");
  CHECK(slot(DigestInterval::daily, 7, "2025-01-29T07:00:00Z") == "2025-01-29T07:00");
  CHECK(slot(DigestInterval::daily, 7, "2025-01-29T06:59:59Z") == "2025-01-28T07:00");
  // The 29th is a Wednesday.
  CHECK(slot(DigestInterval::weekly, 7, "2025-01-29T12:00:00Z") == "2025-01-27T07:00");
  CHECK(slot(DigestInterval::weekly, 7, "2025-01-27T06:00:00Z") == "2025-01-20T07:00");
  CHECK(slot(DigestInterval::weekly, 7, "2025-01-27T07:00:00Z") == "2025-01-27T07:00");
  CHECK(slot(DigestInterval::weekly, 0, "2025-02-02T23:59:00Z") == "2025-01-27T00:00");
}
