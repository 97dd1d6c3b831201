#include "delivery/next_hop.h"

#include <doctest/doctest.h>

using namespace postern::delivery;

TEST_CASE("every kind of next hop is read and printed back") {
  for (const char* text : {"maildir:mail/%d/%u",
                           "maildir:/var/mail/%%/%u",
                           "lmtp:127.0.0.1:24",
                           "lmtp:[::1]:24",
                           "lmtp:dovecot:2400",
                           "lmtp:unix:/run/dovecot/lmtp",
                           "smtp:mail.contoso.com:25",
                           "smtp:[2001:db8::25]:10026",
                           "smtp:mx:contoso.com",
                           "smtp:mx:contoso.com:2525",
                           "smtp:mx:25",
                           "smtp:a.test:25,smtp:[::1]:26,smtp:mx:b.test",
                           "lmtp:a.test:24?tls=required,lmtp:b.test:24",
                           "smtp:a.test:25?tls=none",
                           "smtp:a.test:25?tls=opportunistic",
                           "smtp:a.test:25?tls=verify&name=mx.b.test&xclient=yes",
                           "smtp:192.0.2.1:25?tls=verify",
                           "smtp:mx:a.test?tls=dane",
                           "smtp:a.test:25?proxy=v1,smtp:a.test:25?proxy=v2",
                           "maildir:/a,b?c=d/%u",
                           "lmtp:unix:/run/a,b?c"}) {
    CAPTURE(text);
    const auto hop = parse_next_hop(text);
    REQUIRE(hop);
    CHECK(hop->to_string() == text);
    CHECK(parse_next_hop(hop->to_string()).value() == *hop);
  }
  CHECK(parse_next_hop("SMTP:Mail.Contoso.COM.:25")->to_string() == "smtp:mail.contoso.com:25");
  CHECK(parse_next_hop("SMTP:a.test:25?PROXY=No&TLS=Verify&Name=B.Test.&xclient=NO")->to_string() ==
        "smtp:a.test:25?tls=verify&name=b.test");
  CHECK(parse_next_hop("lmtp:unix:/run/x")->is_unix());
  CHECK(parse_next_hop("smtp:mx:25")->servers[0].host == "mx");
  CHECK(parse_next_hop("smtp:mx:contoso.com")->servers[0].is_mx);
  CHECK(parse_next_hop("smtp:a.test:25,smtp:b.test:25?proxy=v2")->wants_introduction());
  CHECK_FALSE(parse_next_hop("smtp:a.test:25,smtp:b.test:25")->wants_introduction());
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
           {"smtp:mx:", "no domain whose MX"},
           {"smtp:mx:192.0.2.1", "no domain whose MX"},
           {"smtp:mx:25.", "no domain whose MX"},
           {"smtp:mx:25:2525", "no domain whose MX"},
           {"smtp:mx:contoso.com:x", "from 1 to 65535"},
           {"lmtp:mx:contoso.com", "from 1 to 65535"},
           {"smtp:a.test:25,b.test:25", "should be another smtp:host:port"},
           {"smtp:a.test:25,lmtp:b.test:24", "should be another smtp:host:port"},
           {"lmtp:a.test:24,lmtp:unix:/run/x", "from 1 to 65535"},
           {"smtp:a.test:25,", "should be another smtp:host:port"},
           {"smtp:a.test:25?", "is no option"},
           {"smtp:a.test:25?tls", "is no option"},
           {"smtp:a.test:25?tls=require", "tls is none, opportunistic, required, verify or dane"},
           {"smtp:a.test:25?tls=required&", "is no option"},
           {"smtp:a.test:25?tsl=required", "\"tsl=required\" is no option"},
           {"smtp:a.test:25?tls=none&tls=none", "tls is said twice"},
           {"smtp:a.test:25?name=b.test", "name is for tls=verify"},
           {"smtp:a.test:25?tls=required&name=b.test", "name is for tls=verify"},
           {"smtp:a.test:25?tls=verify&name=b c", "name is a host name"},
           {"smtp:192.0.2.1:25?tls=dane", "needs a host name"},
           {"smtp:a.test:25?xclient=1", "xclient is yes or no"},
           {"smtp:a.test:25?proxy=v3", "proxy is v1, v2 or no"},
           {"smtp:a.test:25?proxy=v2&xclient=yes", "choose one"},
           {"smtp:a.test:25?tls=none,smtp:b.test:25?tls=x", "In \"b.test:25?tls=x\": tls is"},
       }) {
    CAPTURE(text);
    const auto hop = parse_next_hop(text);
    REQUIRE_FALSE(hop);
    CHECK(hop.error().message.contains(sentence));
  }
  CHECK_FALSE(parse_next_hop("lmtp:unix:/" + std::string(200, 'x')));
  CHECK_FALSE(parse_next_hop(std::string_view("maildir:a\0b", 11)));
  std::string many = "smtp:a.test:25";
  for (std::size_t i = 1; i < max_hop_servers; ++i) many += ",smtp:a.test:25";
  CHECK(parse_next_hop(many));
  CHECK(parse_next_hop(many + ",smtp:a.test:25").error().message.contains("at most 8 servers"));
}
