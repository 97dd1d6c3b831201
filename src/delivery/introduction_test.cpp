#include "delivery/introduction.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::delivery;

namespace {

Introduction client() {
  return {.address = *IpAddress::parse("2001:db8::7"),
          .port = 41000,
          .server = *IpAddress::parse("192.0.2.254"),
          .server_port = 25,
          .hello = "mail.bank.test",
          .extended = true,
          .name = "mail.bank.test"};
}

using Commands = std::vector<std::string>;

}  // namespace

TEST_CASE("XCLIENT says what the hop offers to hear, and nothing else") {
  CHECK(xclient_commands(client(), {"NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR",
                                    "DESTPORT", "SHOESIZE"}) ==
        Commands{"XCLIENT NAME=mail.bank.test ADDR=IPV6:2001:db8::7 PORT=41000 PROTO=ESMTP "
                 "HELO=mail.bank.test LOGIN=[UNAVAILABLE] DESTADDR=192.0.2.254 DESTPORT=25"});
  CHECK(xclient_commands(client(), {"ADDR"}) == Commands{"XCLIENT ADDR=IPV6:2001:db8::7"});
  CHECK(xclient_commands(client(), {"SHOESIZE"}).empty());
}

TEST_CASE("what is not known is said to be unavailable") {
  Introduction bare{.address = *IpAddress::parse("192.0.2.7")};
  CHECK(xclient_commands(bare, {"NAME", "ADDR", "PORT", "PROTO", "HELO", "DESTADDR", "DESTPORT"}) ==
        Commands{"XCLIENT NAME=[UNAVAILABLE] ADDR=192.0.2.7 PORT=[UNAVAILABLE] PROTO=SMTP "
                 "HELO=[UNAVAILABLE] DESTADDR=[UNAVAILABLE] DESTPORT=[UNAVAILABLE]"});
  bare.name_is_unknown_yet = true;
  CHECK(xclient_commands(bare, {"NAME"}) == Commands{"XCLIENT NAME=[TEMPUNAVAIL]"});
}

TEST_CASE("a stranger's greeting cannot become another command or attribute") {
  Introduction evil = client();
  evil.hello = "x ADDR=127.0.0.1\r\nQUIT+\xff[UNAVAILABLE]";
  CHECK(xclient_commands(evil, {"HELO"}) ==
        Commands{"XCLIENT HELO=x+20ADDR+3D127.0.0.1+0D+0AQUIT+2B+FF[UNAVAILABLE]"});
  CHECK(hello_name(evil, "mx.test") == "mx.test");
  CHECK(hello_name(client(), "mx.test") == "mail.bank.test");
  evil.hello = std::string(256, 'a');
  CHECK(hello_name(evil, "mx.test") == "mx.test");
  evil.hello = "";
  CHECK(hello_name(evil, "mx.test") == "mx.test");
}

TEST_CASE("commands stay within the length that RFC 5321 allows") {
  Introduction wordy = client();
  wordy.hello = std::string(2000, ' ');
  wordy.name = std::string(253, 'n');
  const Commands commands = xclient_commands(wordy, {"NAME", "HELO", "ADDR", "PROTO"});
  // The greeting as xtext is three times as long as it was, and stands alone.
  REQUIRE(commands.size() == 3);
  CHECK(commands[0].starts_with("XCLIENT NAME=nnn"));
  CHECK(commands[1].starts_with("XCLIENT HELO=+20+20"));
  CHECK(commands[1].size() <= 800);
  CHECK(commands[2] == "XCLIENT ADDR=IPV6:2001:db8::7 PROTO=ESMTP");
}
