#include "admin/value.h"

#include <doctest/doctest.h>

#include "admin/date.h"
#include "admin/value_json.h"
#include "base/wildcard.h"

using namespace postern;
using namespace postern::admin;

TEST_CASE("wildcards match in any case and without exploding") {
  CHECK(matches_wildcard("ann@contoso.com", "*@CONTOSO.com"));
  CHECK(matches_wildcard("ann", "a?n"));
  CHECK(matches_wildcard("", "*"));
  CHECK_FALSE(matches_wildcard("ann", "a"));
  CHECK_FALSE(matches_wildcard("", "?"));
  std::string pattern;
  for (int i = 0; i < 1000; ++i) pattern += "*a";
  CHECK_FALSE(matches_wildcard(std::string(10'000, 'b'), pattern));
}

TEST_CASE("values compare as the left one's kind") {
  CHECK(compare("10", 9) == -1);
  CHECK(compare(10, "9") == 1);
  CHECK(compare("Ann", "ann") == 0);
  CHECK(compare(true, "x") == 0);
  CHECK(compare(Value(), Value()) == 0);
  CHECK(compare(Value(), "x") == -1);
  CHECK_FALSE(compare(1, "x"));
}

TEST_CASE("JSON carries dates, GUIDs and lists as the original does") {
  const Object object = {
      {"Guid", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"},
      {"Received", *parse_iso("2025-01-29T19:07:30.476123Z")},
      {"SenderDomains", List{"smtp:*;1"}},
      {"Size", 42},
      {"Comment", Value()},
  };
  const std::string text = to_json(object, JsonStyle::annotated);
  CHECK(
      text ==
      R"json({"Guid@data.type":"System.Guid","Guid@odata.type":"#Guid",)json"
      R"json("Guid":"f81d4fae-7dec-11d0-a765-00a0c91e6bf6","Received@data.type":"System.DateTime",)json"
      R"json("Received":"2025-01-29T19:07:30.4761230+00:00",)json"
      R"json("SenderDomains@odata.type":"#Collection(String)","SenderDomains":["smtp:*;1"],)json"
      R"json("Size":42,"Comment":null})json");
  CHECK(parse_json(text) == Value(object));
}

TEST_CASE("bytes that are not UTF-8 do not break the JSON") {
  CHECK(to_json("caf\xe9 \xf0\x9f\x98\x80 \xed\xa0\x80\x01\"\\", JsonStyle::compact) ==
        "\"caf\\ufffd \xf0\x9f\x98\x80 \\ufffd\\ufffd\\ufffd\\u0001\\\"\\\\\"");
}

TEST_CASE("JSON is read as it is written, to the last digit") {
  for (const double number : {0.1, 0.30000000000000004, 2.0 / 3, 123456.78901234567, 1.7e63 / 3,
                              5e-324, 1.7976931348623157e308, -2251799813685249.5}) {
    CAPTURE(number);
    CHECK(parse_json(to_json(number, JsonStyle::compact)) == Value(number));
  }
  CHECK(to_json(*parse_json("-478e-4780"), JsonStyle::compact) == "0");
  CHECK(parse_json("1e999")->get<double>() != nullptr);
  CHECK(parse_json("18446744073709551615") == Value(18446744073709551615.0));
  CHECK(parse_json("-9223372036854775808") == Value(INT64_MIN));
  CHECK(parse_json(" [ [ ] , { } , [{\"a\":{\"b\":[1,\"\\u00e9\\n\"]}}] , true , null ] ") ==
        Value(List{List{}, Object{},
                   List{Object{{"a", Object{{"b", List{std::int64_t{1}, "\u00e9\n"}}}}}}, true,
                   Value()}));
  CHECK(parse_json(R"({"a":1,"b":2,"A":3})") ==
        Value(Object{{"a", std::int64_t{3}}, {"b", std::int64_t{2}}}));
}

TEST_CASE("JSON that is too much is refused") {
  CHECK_FALSE(parse_json("{\"a\":1"));
  CHECK_FALSE(parse_json("{\"a\":1} 2"));
  CHECK_FALSE(parse_json(""));
  CHECK_FALSE(parse_json(std::string(10'000, '[')));
  std::string wide = "{";
  for (int i = 0; i < 2000; ++i) wide += (i ? ",\"p" : "\"p") + std::to_string(i) + "\":1";
  CHECK_FALSE(parse_json(wide + "}"));
}

TEST_CASE("dates are read as administrators write them") {
  CHECK(parse_date("6/13/2025") == parse_iso("2025-06-13"));
  CHECK(parse_date("06/13/2025 14:05") == parse_iso("2025-06-13T14:05"));
  CHECK(parse_date("6/13/2025 2:05:30 PM") == parse_iso("2025-06-13T14:05:30"));
  CHECK(parse_date("6/13/2025 12:00 am") == parse_iso("2025-06-13"));
  CHECK(parse_date("2025-06-13T14:05:00+02:00") == parse_iso("2025-06-13T12:05:00Z"));
  CHECK_FALSE(parse_date("13/6/2025"));
  CHECK_FALSE(parse_date("6/13/2025 13:00 PM"));
  CHECK_FALSE(parse_date("6/13/25"));
  CHECK_FALSE(parse_date("yesterday"));
}
