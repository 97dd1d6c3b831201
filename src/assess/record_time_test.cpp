#include "assess/record_time.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::assess;

TEST_CASE("one moment in the ways of many exports") {
  const Time moment = *parse_iso("2026-11-02T20:00:01Z");
  for (const std::string_view text :
       {"2026-11-02T20:00:01Z", "2026-11-02 20:00:01", "2026-11-02T20:00:01.0000000Z",
        "2026-11-02T21:00:01+01:00", "11/2/2026 8:00:01 PM", "11/02/2026 20:00:01",
        "11/2/2026, 8:00:01\xe2\x80\xafPM", "2.11.2026 20:00:01", "Nov 2, 2026 8:00:01 PM",
        "November 2, 2026 20:00:01", " 2026-11-02T20:00:01Z "}) {
    CAPTURE(text);
    CHECK(parse_record_time(text) == moment);
  }
  CHECK(parse_record_time("25/11/2026") == parse_iso("2026-11-25"));
  CHECK(parse_record_time("11/2/2026 12:00 AM") == parse_iso("2026-11-02"));
  CHECK(parse_record_time("11/2/2026 12:30 PM") == parse_iso("2026-11-02T12:30:00Z"));
}

TEST_CASE("what is no time is none") {
  for (const std::string_view text : {"", "yesterday", "2/30/2026", "25/25/2026", "11/2/2026 24:00",
                                      "11/2/2026 13:00 PM", "11/2/2026 8:00 x", "11/2", "Nov 2026"})
    CHECK_FALSE(parse_record_time(text));
}

TEST_CASE("a log has no year: the one before its last change is meant") {
  const auto read = [](std::string_view text, std::string_view reference) {
    return take_log_time(text, *parse_iso(reference));
  };
  CHECK(read("Nov  2 08:00:01 mx", "2026-11-22") == parse_iso("2026-11-02T08:00:01Z"));
  CHECK(read("Dec 31 23:59:59 mx", "2026-01-02") == parse_iso("2025-12-31T23:59:59Z"));
  CHECK(read("Nov 22 08:00:01 mx", "2026-11-22") == parse_iso("2026-11-22T08:00:01Z"));
  CHECK(read("Feb 29 08:00:01 mx", "2026-11-22") == parse_iso("2024-02-29T08:00:01Z"));
  CHECK_FALSE(read("Feb 31 08:00:01 mx", "2026-11-22"));
}
