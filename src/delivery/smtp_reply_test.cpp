#include "delivery/smtp_reply.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::delivery;

namespace {

using Status = ReplyParser::Status;

ServerReply parse(std::string_view text) {
  ReplyParser parser;
  REQUIRE(parser.feed(text) == Status::complete);
  CHECK(text.empty());
  return parser.reply();
}

bool is_malformed(std::string_view text) {
  ReplyParser parser;
  return parser.feed(text) == Status::malformed;
}

}  // namespace

TEST_CASE("replies of one and of many lines") {
  CHECK(parse("250 2.1.5 Ok\r\n").to_reply() == mail::Reply{250, "2.1.5", "Ok"});
  CHECK(parse("354\r\n").to_reply() == mail::Reply{354, "", ""});
  const auto hello = parse("250-mail.contoso.test\r\n250-PIPELINING\r\n250 SIZE 1000\r\n");
  CHECK(hello.lines == std::vector<std::string>{"mail.contoso.test", "PIPELINING", "SIZE 1000"});
  CHECK(parse("550-5.7.1 first\n550 5.7.1 second\n").to_reply() ==
        mail::Reply{550, "5.7.1", "first\nsecond"});
}

TEST_CASE("the enhanced code fits the reply, whatever the server says") {
  CHECK(parse("550 No such user\r\n").to_reply() == mail::Reply{550, "5.0.0", "No such user"});
  CHECK(parse("450 5.1.1 odd\r\n").to_reply() == mail::Reply{450, "4.0.0", "odd"});
  CHECK(parse("550 5.1.1234 x\r\n").to_reply() == mail::Reply{550, "5.0.0", "5.1.1234 x"});
  CHECK(parse("550 5.1.1\r\n").to_reply() == mail::Reply{550, "5.1.1", ""});
}

TEST_CASE("what we repeat is printable and short") {
  CHECK(parse("250 a\tb\x01\xc3\xbc\rc\r\n").to_reply().text ==
        "a?b???"
        "?c");
  CHECK(parse("250 " + std::string(2000, 'x') + "\r\n").to_reply().to_wire().size() < 512);
  std::string many;
  for (int i = 0; i < 127; ++i) many += "550-x\r\n";
  CHECK(parse(many + "550 x\r\n").to_reply().text.size() < 100);
}

TEST_CASE("garbage, endless lines and endless replies are malformed, not memory") {
  for (const char* text :
       {"\r\n", "hello\r\n", "25 x\r\n", "2500 x\r\n", "199 x\r\n", "600 x\r\n", "250x\r\n",
        "250-a\r\n251 b\r\n", "-50 x\r\n", "HTTP/1.1 400 Bad Request\r\n"}) {
    CAPTURE(text);
    CHECK(is_malformed(text));
  }
  CHECK(is_malformed("250 " + std::string(max_reply_line, 'x') + "\r\n"));
  CHECK(is_malformed(std::string(max_reply_line + 1, '2')));
  std::string many;
  for (std::size_t i = 0; i <= max_reply_lines; ++i) many += "250-x\r\n";
  CHECK(is_malformed(many));
}

TEST_CASE("pipelined replies are read one by one, however they are cut") {
  const std::string_view text = "250 2.1.0 a\r\n250-b\r\n250 c\r\n354 go\r\n";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    ReplyParser parser;
    std::vector<mail::Reply> replies;
    for (std::string_view piece : {text.substr(0, cut), text.substr(cut)}) {
      while (!piece.empty()) {
        const Status status = parser.feed(piece);
        REQUIRE(status != Status::malformed);
        if (status == Status::complete) replies.push_back(parser.reply().to_reply());
      }
    }
    CHECK(replies ==
          std::vector<mail::Reply>{{250, "2.1.0", "a"}, {250, "2.0.0", "b\nc"}, {354, "", "go"}});
    CHECK_FALSE(parser.in_reply());
  }
  ReplyParser parser;
  std::string_view part = "250-x\r\n";
  CHECK(parser.feed(part) == Status::needs_more);
  CHECK(parser.in_reply());
}
