#include "delivery/next_hop.h"

#include <doctest/doctest.h>

using namespace postern::delivery;

TEST_CASE("every kind of next hop is read and printed back") {
  for (const char* text : {"maildir:mail/%d/%u", "maildir:/var/mail/%%/%u", "lmtp:127.0.0.1:24",
                           "lmtp:[::1]:24", "lmtp:dovecot:2400", "lmtp:unix:/run/dovecot/lmtp",
                           "smtp:mail.contoso.com:25", "smtp:[2001:db8::25]:10026"}) {
    CAPTURE(text);
    const auto hop = parse_next_hop(text);
    REQUIRE(hop);
    CHECK(hop->to_string() == text);
    CHECK(parse_next_hop(hop->to_string()).value() == *hop);
  }
  CHECK(parse_next_hop("SMTP:Mail.Contoso.COM.:25")->to_string() == "smtp:mail.contoso.com:25");
  CHECK(parse_next_hop("lmtp:unix:/run/x")->is_unix());
  CHECK_FALSE(parse_next_hop("smtp:host:25")->is_unix());
}

TEST_CASE("a mistake is told with what was expected") {
  struct Case {
    const char* text;
    const char* sentence;
  };
  for (const auto& [text, sentence] : {
           Case{"", "is not a next hop"},
           {"mail/%d/%u", "is not a next hop"},
           {"pop3:host:110", "is not a next hop"},
           {"maildir:", "needs a path"},
           {"maildir:mail/%n", "percent sign must stand before d"},
           {"maildir:mail/%", "percent sign must stand before d"},
           {"lmtp:host", "a host and a port"},
           {"lmtp::24", "a host and a port"},
           {"smtp:host:", "from 1 to 65535"},
           {"smtp:host:0", "from 1 to 65535"},
           {"smtp:host:65536", "from 1 to 65535"},
           {"smtp:host:25x", "from 1 to 65535"},
           {"smtp:::1:25", "a host and a port"},
           {"smtp:2001:db8::1:25", "stands in brackets"},
           {"smtp:[192.0.2.1]:25", "[IPv6 address]:port"},
           {"smtp:[::1]25", "[IPv6 address]:port"},
           {"smtp:[::1", "[IPv6 address]:port"},
           {"smtp:two words:25", "neither an address nor a host name"},
           {"lmtp:unix:run/lmtp", "absolute path"},
       }) {
    CAPTURE(text);
    const auto hop = parse_next_hop(text);
    REQUIRE_FALSE(hop);
    CHECK(hop.error().message.contains(sentence));
  }
  CHECK_FALSE(parse_next_hop("lmtp:unix:/" + std::string(200, 'x')));
  CHECK_FALSE(parse_next_hop(std::string_view("maildir:a\0b", 11)));
}
