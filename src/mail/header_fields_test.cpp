#include "mail/header_fields.h"

#include <doctest/doctest.h>

using namespace postern::mail;

TEST_CASE("fields are views with the range of their bytes") {
  const std::string_view message =
      "Subject: hello\r\n\tworld\r\nFROM : ann@contoso.com\r\n\r\nBody: no field\r\n";
  const auto section = parse_header_section(message);
  REQUIRE(section.fields.size() == 2);
  CHECK(section.trouble == HeaderTrouble::none);
  CHECK(message.substr(section.body_begin) == "Body: no field\r\n");

  const HeaderField* subject = section.first("subject");
  REQUIRE(subject);
  CHECK(subject->body == " hello\r\n\tworld");
  CHECK(unfold(subject->body) == "hello\tworld");
  CHECK(message.substr(subject->begin, subject->end - subject->begin) ==
        "Subject: hello\r\n\tworld\r\n");
  CHECK(section.first("From")->name == "FROM");
  CHECK(section.count("from") == 1);
  CHECK(section.first("Body") == nullptr);
}

TEST_CASE("the fields and the empty line cover the header section without a gap") {
  const std::string_view message = " odd\r\nA: 1\r\njunk\r\n B: 2\r\n: x\r\nC: 3\n\nD: 4";
  const auto section = parse_header_section(message);
  std::size_t at = 0;
  for (const HeaderField& field : section.fields) {
    CHECK(field.begin == at);
    at = field.end;
  }
  CHECK(message.substr(at, section.body_begin - at) == "\n");
  CHECK(message.substr(section.body_begin) == "D: 4");
}

TEST_CASE("a line that is no field does not hide the fields behind it") {
  const auto section = parse_header_section(
      "From ann@contoso.com Wed Jan 29\r\nTwo Words: x\r\nno colon\r\n: x\r\nFrom: x\r\n\r\n");
  CHECK(section.fields.size() == 5);
  CHECK(section.fields[0].name.empty());
  CHECK(section.fields[1].name.empty());
  CHECK(section.fields[1].body == "Two Words: x");
  CHECK(section.first("From") == &section.fields[4]);
}

TEST_CASE("a name may be folded away from its colon") {
  const auto section =
      parse_header_section("Authentication-Results\r\n \t : mx.contoso.com; none\r\n\r\n");
  CHECK(section.count("authentication-results") == 1);
}

TEST_CASE("a message may be all header, or all body") {
  CHECK(parse_header_section("").body_begin == 0);
  CHECK(parse_header_section("\r\nFrom: x\r\n").fields.empty());
  CHECK(parse_header_section("\r\nFrom: x\r\n").body_begin == 2);
  const auto unfinished = parse_header_section("From: x");
  CHECK(unfinished.fields.size() == 1);
  CHECK(unfinished.fields[0].body == " x");
  CHECK(unfinished.body_begin == 7);
}

TEST_CASE("a line of blanks is a fold, not the end") {
  const auto section = parse_header_section("A: 1\r\n \r\nB: 2\r\n\r\nC: 3\r\n");
  CHECK(section.count("B") == 1);
  CHECK(section.count("C") == 0);
}

TEST_CASE("size, number and length are limited") {
  std::string many;
  for (std::size_t i = 0; i <= max_header_fields; ++i) many += "A: 1\r\n";
  const auto section = parse_header_section(many);
  CHECK(section.trouble == HeaderTrouble::too_many_fields);
  CHECK(section.fields.size() == max_header_fields);

  const std::string long_line = "A: " + std::string(max_header_line, 'x') + "\r\n\r\n";
  CHECK(parse_header_section(long_line).trouble == HeaderTrouble::line_too_long);

  std::string large = "A: 1\r\n";
  while (large.size() <= max_header_bytes) large += " " + std::string(1000, 'x') + "\r\n";
  CHECK(parse_header_section(large).trouble == HeaderTrouble::too_large);
}
