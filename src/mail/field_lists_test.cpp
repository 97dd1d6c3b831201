#include "mail/field_lists.h"

#include <doctest/doctest.h>

using namespace postern::mail;
using Strings = std::vector<std::string>;
using Uris = std::vector<ListUri>;

TEST_CASE("message ids, RFC 5322 section 3.6.4") {
  CHECK(parse_message_ids(" <1@a.test>\r\n <2@b.test> ") == Strings{"1@a.test", "2@b.test"});
  CHECK(parse_message_ids("<1\r\n @a.test>") == Strings{"1 @a.test"});
  CHECK(parse_message_ids("").empty());
  CHECK(parse_message_ids("<>").empty());
}

TEST_CASE("message ids of old and broken programs") {
  CHECK(parse_message_ids("Your message of Monday <1@a.test> (thanks)") == Strings{"1@a.test"});
  CHECK(parse_message_ids("<1@a.test>,<2@b.test>") == Strings{"1@a.test", "2@b.test"});
  CHECK(parse_message_ids("<<1@a.test>>") == Strings{"1@a.test"});
  CHECK(parse_message_ids("<1@a.test> <2@b.te") == Strings{"1@a.test"});
  CHECK(parse_message_ids(" 1@a.test, 2@b.test ") == Strings{"1@a.test", "2@b.test"});
}

TEST_CASE("phrases, RFC 5322 section 3.6.5") {
  CHECK(parse_phrases(" one item, \"two, quoted\" , three (c,d)") ==
        Strings{"one item", "two, quoted", "three"});
  CHECK(parse_phrases("=?utf-8?q?J=C3=BCrgen?=,,\r\n fold\r\n ed, ") ==
        Strings{"Jürgen", "fold ed"});
  CHECK(parse_phrases("\"never ends, b") == Strings{"\"never ends", "b"});
  CHECK(parse_phrases("a(never ends, b") == Strings{"a"});
}

TEST_CASE("URIs of lists, RFC 2369 section 2") {
  CHECK(parse_list_uris(" <mailto:l@a.test?subject=\r\n help> (by mail), <http://a.test/,x>") ==
        Uris{{"mailto:l@a.test?subject=help", "by mail"}, {"http://a.test/,x", ""}});
  CHECK(parse_list_uris("(=?utf-8?q?f=C3=BCr?= you) <http://a.test>") ==
        Uris{{"http://a.test", "für you"}});
  CHECK(parse_list_uris("no (closed)") == Uris{{"NO", "closed"}});
  CHECK(parse_list_uris("http://a.test, <mailto:never ends").empty());
}

TEST_CASE("lists are limited") {
  std::string ids, phrases, uris;
  for (std::size_t i = 0; i <= max_list_items; ++i) {
    ids += "<a@b.test>";
    phrases += "a,";
    uris += "<a:b>,";
  }
  CHECK(parse_message_ids(ids).size() == max_list_items);
  CHECK(parse_phrases(phrases).size() == max_list_items);
  CHECK(parse_list_uris(uris).size() == max_list_items);
}
