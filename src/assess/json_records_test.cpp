#include "assess/json_records.h"

#include <doctest/doctest.h>

#include <vector>

using namespace postern::assess;

namespace {

struct Record {
  std::uint64_t line;
  std::string text;
  bool broken = false;
  bool operator==(const Record&) const = default;
};

std::vector<Record> split(std::string_view text) {
  std::vector<Record> records;
  JsonSplitter splitter([&records](std::uint64_t line, std::string_view record, bool broken) {
    records.push_back({line, std::string(record.substr(0, 60)), broken});
  });
  splitter.feed(text);
  splitter.finish();
  return records;
}

}  // namespace

TEST_CASE("arrays, lines and the API's envelope") {
  const std::vector<Record> expected{{1, R"({"a":1})"}, {2, R"({"b":{"c":[{}]}})"}};
  CHECK(split("[{\"a\":1},\n{\"b\":{\"c\":[{}]}}]") == expected);
  CHECK(split("{\"a\":1}\n{\"b\":{\"c\":[{}]}}\n") == expected);
  CHECK(split("{\"Schema\":[{\"Name\":\"a\"}],\"Results\":[{\"a\":1},\n{\"b\":{\"c\":[{}]}}],"
              "\"more\":{\"x\":1}}") == expected);
  CHECK(split("{\"@odata.context\":\"x\",\"value\":[{\"a\":1},\n{\"b\":{\"c\":[{}]}}]}") ==
        expected);
}

TEST_CASE("brackets and quotes in strings are text") {
  CHECK(split(R"([{"a":"}]\"{"}])") == std::vector<Record>{{1, R"({"a":"}]\"{"})"}});
}

TEST_CASE("a broken record costs itself") {
  CHECK(split("[{\"a\":\"x\n{\"b\":1}]") ==
        std::vector<Record>{{1, "{\"a\":\"x\n", true}, {2, R"({"b":1})"}});
  CHECK(split("{\"a\":\n") == std::vector<Record>{{1, "{\"a\":\n", true}});
  CHECK(split("[{\"a\":[x}],\n{}]") == std::vector<Record>{{1, "{\"a\":[x}]", true}, {2, "{}"}});
  const auto records = split("[{\"a\":\"" + std::string(2 * max_json_record, 'x') + "\"},\n{}]");
  REQUIRE(records.size() == 2);
  CHECK(records[0].broken);
  CHECK(records[1] == Record{2, "{}"});
}

TEST_CASE("what is no JSON has no records") {
  CHECK(split("").empty());
  CHECK(split("]]}}").empty());
  CHECK(split("\"a\n").empty());
}
