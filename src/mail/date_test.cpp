#include "mail/date.h"

#include <doctest/doctest.h>

using namespace postern;
using mail::parse_date;

namespace {

/// In UTC, as base/time.h writes it.
std::string utc(std::string_view body) {
  const auto time = parse_date(body);
  return time ? format_iso(*time).substr(0, 19) : "no date";
}

}  // namespace

TEST_CASE("the forms of RFC 5322 section 3.3") {
  CHECK(utc(" Wed, 29 Jan 2025 19:07:30 +0100") == "2025-01-29T18:07:30");
  CHECK(utc("9 jan 2025 19:07 -0330") == "2025-01-09T22:37:00");
  CHECK(utc("31 Dec 1999 23:59:59 -0001") == "2000-01-01T00:00:59");
  CHECK(utc("Thu,\r\n\t13\r\n Feb (of 1969) 1969 23:32 -0330 (Newfoundland (Time))\r\n ") ==
        "1969-02-14T03:02:00");
  const Time time = *parse_iso("2025-01-29T18:07:30Z");
  CHECK(parse_date(format_rfc5322(time)) == time);
}

TEST_CASE("what old programs write, RFC 5322 section 4.3") {
  CHECK(utc("21 Nov 97 09:55:06 GMT") == "1997-11-21T09:55:06");
  CHECK(utc("21 Nov 07 09:55:06 EST") == "2007-11-21T14:55:06");
  CHECK(utc("21 Nov 107 09:55:06 pdt") == "2007-11-21T16:55:06");
  CHECK(utc("Friday 21 Nov 1997 09(:)h:55 : 06 Z") == "no date");
  CHECK(utc("Friday 21 Nov 1997 09(:): 55 : 06 Z") == "1997-11-21T09:55:06");
  CHECK(utc("21 Nov 1997 09:55:06 XYZ") == "1997-11-21T09:55:06");
}

TEST_CASE("what no RFC has, and some programs write") {
  CHECK(utc("29 01 2025 19:07 +0000") == "2025-01-29T19:07:00");
  CHECK(utc("9 1 2025 19:07:30 EST5EDT") == "2025-01-10T00:07:30");
  CHECK(utc("9 1 2025 19:07:30 E12") == "2025-01-09T19:07:30");
}

TEST_CASE("the date of a Received field stands behind the last semicolon") {
  const auto received = [](std::string_view body) {
    const auto time = mail::parse_received_date(body);
    return time ? format_iso(*time).substr(0, 19) : "no date";
  };
  CHECK(received(" from a.test (a; b) by b.test id \"x;y\";\r\n\tWed, 29 Jan 2025 19:07:30 +0100 "
                 "(CET; winter)") == "2025-01-29T18:07:30");
  CHECK(received("Wed, 29 Jan 2025 19:07:30 +0100") == "no date");
  CHECK(received("by (open; Wed, 29 Jan 2025 19:07:30 +0100") == "no date");
}

TEST_CASE("what is no date") {
  for (const char* bad : {"",
                          "tomorrow",
                          "Wed, 29 Jan 2025",
                          "Wed, 29 Jan 2025 19:07:30",
                          "32 Jan 2025 19:07 +0000",
                          "29 Feb 2025 19:07 +0000",
                          "29 Jan 2025 24:07 +0000",
                          "29 Jan 2025 19:60 +0000",
                          "29 Jan 2025 19:07:61 +0000",
                          "29 Jan 2025 19:07 +0060",
                          "29 Jan 2025 19:07 +000",
                          "29 Jan 20255 19:07 +0000",
                          "29 Jan 5 19:07 +0000",
                          "029 Jan 2025 19:07 +0000",
                          "31 Dec 1899 23:59 +0000",
                          "31 Dec 9999 23:59 -0100",
                          "29 Foo 2025 19:07 +0000",
                          "29 13 2025 19:07 +0000",
                          "29 00 2025 19:07 +0000",
                          "29 001 2025 19:07 +0000",
                          "Xyz, 29 Jan 2025 19:07 +0000",
                          "29 Jan 2025 19:07 +0000 more",
                          "29 Jan 2025 19:07 +0000 (open"})
    CHECK_MESSAGE(utc(bad) == "no date", bad);
}
