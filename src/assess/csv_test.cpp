#include "assess/csv.h"

#include <doctest/doctest.h>

using namespace postern::assess;

namespace {

struct Row {
  std::uint64_t line;
  std::string text;
  bool overlong = false;
  bool operator==(const Row&) const = default;
};

std::vector<Row> split(std::string_view text, std::size_t piece = 1 << 20) {
  std::vector<Row> rows;
  CsvSplitter splitter([&rows](std::uint64_t line, std::string_view record, bool overlong) {
    rows.push_back({line, std::string(record.substr(0, 40)), overlong});
  });
  for (std::size_t at = 0; at < text.size(); at += piece) splitter.feed(text.substr(at, piece));
  splitter.finish();
  return rows;
}

}  // namespace

TEST_CASE("fields of RFC 4180") {
  CHECK(parse_csv_record("a,b c,", ',') == CsvRecord{"a", "b c", ""});
  CHECK(parse_csv_record("\"a,b\",\"say \"\"hi\"\"\",\"two\r\nlines\"", ',') ==
        CsvRecord{"a,b", "say \"hi\"", "two\r\nlines"});
  CHECK(parse_csv_record("", ',') == CsvRecord{""});
  CHECK(parse_csv_record("a;b,c", ';') == CsvRecord{"a", "b,c"});
  CHECK(parse_csv_record("5\" disk,x", ',') == CsvRecord{"5\" disk", "x"});
  CHECK(parse_csv_record("\"a\"b,c", ',').error() == CsvTrouble::text_after_quote);
  CHECK(parse_csv_record("\"a", ',').error() == CsvTrouble::open_quote);
  CHECK(parse_csv_record(std::string(300, ','), ',').error() == CsvTrouble::too_many_fields);
}

TEST_CASE("records know their first line, wherever the pieces are cut") {
  const std::string text = "h1,h2\r\n1,\"two\r\nlines \"\"x\"\"\"\r\n5\" disk,y\n3,\"\"\nlast";
  const std::vector<Row> expected{{1, "h1,h2"},
                                  {2, "1,\"two\r\nlines \"\"x\"\"\""},
                                  {4, "5\" disk,y"},
                                  {5, "3,\"\""},
                                  {6, "last"}};
  CHECK(split(text) == expected);
  CHECK(split(text, 1) == expected);
  CHECK(split(text, 3) == expected);
}

TEST_CASE("a quote that nobody closes costs one row") {
  const auto rows = split("a,b\n1,\"open\n2,x\n3,y\n");
  CHECK(rows == std::vector<Row>{{1, "a,b"}, {2, "1,\"open", true}, {3, "2,x"}, {4, "3,y"}});
}

TEST_CASE("a row without end costs itself, and the memory is bounded") {
  std::string text = "a,b\n\"";
  for (int i = 0; i < 40'000; ++i) text += "0123456789\n";
  const auto rows = split(text, 4096);
  REQUIRE(rows.size() == 40'001);
  CHECK(rows[1].overlong);
  CHECK(rows.back() == Row{40'001, "0123456789"});

  const auto one_line = split("a\n" + std::string(3 * max_csv_record, 'x') + "\nb\n");
  REQUIRE(one_line.size() == 3);
  CHECK(one_line[1].overlong);
  CHECK(one_line[2] == Row{3, "b"});
}

TEST_CASE("what is written reads the same") {
  for (const std::string_view text : {"", "a", "a,b", "say \"hi\"", "two\nlines", "a;b"}) {
    CHECK(parse_csv_record(to_csv_field(text), ',') == CsvRecord{std::string(text)});
    CHECK(parse_csv_record(to_csv_field(text, ';'), ';') == CsvRecord{std::string(text)});
  }
}
