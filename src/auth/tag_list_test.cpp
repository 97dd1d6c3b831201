#include "auth/tag_list.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::auth;

TEST_CASE("RFC 6376 section 3.2: tags, values and the white space between them") {
  const auto list =
      parse_tag_list("v=1; a = rsa-sha256 ;\r\n\tb=\r\n\t dzdV \r\n\tyA== ;empty=;c=d=e");
  REQUIRE(list);
  REQUIRE(list->tags().size() == 5);
  CHECK(list->value("v") == "1");
  CHECK(list->value("a") == "rsa-sha256");
  CHECK(list->value("b") == "dzdV \r\n\tyA==");
  CHECK(list->find("b")->raw == "\r\n\t dzdV \r\n\tyA== ");
  CHECK(list->value("empty") == "");
  CHECK(list->value("c") == "d=e");
  CHECK(list->value("V") == std::nullopt);
  CHECK(without_fws(*list->value("b")) == "dzdVyA==");
}

TEST_CASE("RFC 6376 section 3.2: one semicolon may end the list, and nothing behind it") {
  CHECK(parse_tag_list("a=1;"));
  CHECK_FALSE(parse_tag_list("a=1; "));
  CHECK_FALSE(parse_tag_list("a=1;;"));
  CHECK_FALSE(parse_tag_list("a=1; ;b=2"));
  CHECK_FALSE(parse_tag_list(";a=1"));
  CHECK_FALSE(parse_tag_list(""));
}

TEST_CASE("what is no tag is told") {
  CHECK(parse_tag_list("a=1; a=1").error().message == "tag a stands there twice");
  CHECK(parse_tag_list("a=1; t; b=2").error().message == "tag t has no equals sign");
  CHECK(parse_tag_list("a=1; 2b=2").error().message == "\"2b=2\" is no tag");
  CHECK(parse_tag_list("a=1; _b=2").error().message == "\"_b=2\" is no tag");
  CHECK(parse_tag_list(std::string(5000, '*')).error().message.size() < 100);
  CHECK(parse_tag_list(std::string(5000, 'a')).error().message.size() < 100);
  CHECK(parse_tag_list("a-b=1").error().message == "tag a has no equals sign");
  CHECK(parse_tag_list("a=\x01").error().message == "tag a has a control character in its value");
  CHECK(parse_tag_list("a=1\rx").error().message == "tag a has a control character in its value");
  CHECK(parse_tag_list("a=1\r\nx").error().message == "tag a has a control character in its value");
}

TEST_CASE("tag names differ by case, and UTF-8 may stand in values") {
  const auto list = parse_tag_list("d=1;D=2;i=m\xc3\xb8x@example.com");
  REQUIRE(list);
  CHECK(list->value("D") == "2");
  CHECK(list->value("i") == "m\xc3\xb8x@example.com");
}

TEST_CASE("the number of tags is limited") {
  std::string text;
  for (std::size_t i = 0; i < max_tags; ++i) text += "t" + std::to_string(i) + "=;";
  CHECK(parse_tag_list(text));
  CHECK(parse_tag_list(text + "u=").error().message == "there are too many tags");
}

TEST_CASE("lists with colons") {
  std::optional<std::string_view> rest = " from :to::\r\n subject";
  CHECK(next_element(rest) == "from");
  CHECK(next_element(rest) == "to");
  CHECK(next_element(rest) == "");
  CHECK(next_element(rest) == "subject");
  CHECK(next_element(rest) == std::nullopt);
  CHECK(next_element(rest) == std::nullopt);
}

TEST_CASE("numbers beyond our range are very large, not wrong") {
  CHECK(parse_decimal("0", 99) == 0);
  CHECK(parse_decimal("99", 99) == 99);
  CHECK(parse_decimal("100", 99) == 99);
  CHECK(parse_decimal("18446744073709551615", UINT64_MAX) == UINT64_MAX);
  CHECK(parse_decimal("18446744073709551616", UINT64_MAX) == UINT64_MAX);
  CHECK(parse_decimal(std::string(76, '9'), UINT64_MAX) == UINT64_MAX);
  CHECK(parse_decimal("00000000000000000000000000000012", 99) == 12);
  CHECK_FALSE(parse_decimal("", 99));
  CHECK_FALSE(parse_decimal("1 2", 99));
  CHECK_FALSE(parse_decimal("-1", 99));
}
