#include "smtp/command.h"

#include <doctest/doctest.h>

#include <string>

using namespace postern::smtp;

TEST_CASE("a verb may be in any case and is followed by white space") {
  CHECK(parse_command("MAIL FROM:<a@b.test>").verb == Verb::mail);
  CHECK(parse_command("MAIL FROM:<a@b.test>").argument == "FROM:<a@b.test>");
  CHECK(parse_command("mAiL   FROM:<> \t").argument == "FROM:<>");
  CHECK(parse_command("quit").verb == Verb::quit);
  CHECK(parse_command("DATA ").argument.empty());
}

TEST_CASE("what only looks like a verb is unknown") {
  CHECK(parse_command("MAILFROM:<>").verb == Verb::unknown);
  CHECK(parse_command("MAI").verb == Verb::unknown);
  CHECK(parse_command(" MAIL FROM:<>").verb == Verb::unknown);
  CHECK(parse_command("").verb == Verb::unknown);
  CHECK(parse_command("\x16\x03\x01").verb == Verb::unknown);
}

TEST_CASE("other commands and other protocols are told apart") {
  CHECK(parse_command("AUTH PLAIN AAA=").verb == Verb::not_implemented);
  CHECK(parse_command("ETRN example.com").verb == Verb::not_implemented);
  CHECK(parse_command("POST / HTTP/1.1").verb == Verb::other_protocol);
}

TEST_CASE("every command that is answered has a name for the counters") {
  for (const char* verb : {"EHLO", "HELO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "NOOP", "QUIT",
                           "VRFY", "EXPN", "HELP", "STARTTLS"})
    CHECK(to_string(parse_command(verb).verb) == verb);
  CHECK(to_string(Verb::unknown) == "OTHER");
  CHECK(to_string(Verb::other_protocol) == "OTHER");
}

TEST_CASE("client names: what the grammar wants and what real devices say") {
  for (const char* name : {"mx.example.com", "localhost", "WIN-4F2K", "printer_1.local", "-x-.test",
                           "mail.test.", "[192.0.2.1]", "[IPv6:2001:db8::1]", "[ipv6:2001:db8::1]",
                           "[2001:db8::1]", "192.0.2.1", "2001:db8::1", "bücher.example"})
    CHECK_MESSAGE(is_client_name(name), name);
  CHECK(is_client_name(std::string(255, 'a')));
}

TEST_CASE("client names that mean nothing") {
  for (const char* name : {"", ".", "a..b", ".a", "a b", "[192.0.2.1", "[printer]", "192.0.2.1]",
                           "[]", "user@host", "(none)", "*",
                           "a\x01"
                           "b",
                           "\xff.test", "<mx.example.com>"})
    CHECK_MESSAGE(!is_client_name(name), name);
  CHECK_FALSE(is_client_name(std::string(256, 'a')));
}

TEST_CASE("the keyword before a path") {
  CHECK(after_keyword("FROM:<>", "FROM") == "<>");
  CHECK(after_keyword("from: <a@b> SIZE=1", "FROM") == "<a@b> SIZE=1");
  CHECK(after_keyword("TO:", "TO") == "");
  CHECK_FALSE(after_keyword("FROM <>", "FROM"));
  CHECK_FALSE(after_keyword("FROM :<>", "FROM"));
  CHECK_FALSE(after_keyword("TO:<>", "FROM"));
}

TEST_CASE("the argument of BDAT") {
  CHECK(parse_chunk("0")->size == 0);
  CHECK_FALSE(parse_chunk("86")->is_last);
  CHECK(parse_chunk("86  last")->size == 86);
  CHECK(parse_chunk("86 last")->is_last);
  CHECK(parse_chunk("999999999999999999")->size == 999999999999999999);
  for (const char* text : {"", "x", "-1", "+1", "1000000000000000000", "1 LAS", "1 LAST LAST",
                           "1LAST", "LAST", "1,000", "0x10", "1 2"})
    CHECK_MESSAGE(!parse_chunk(text), text);
}
