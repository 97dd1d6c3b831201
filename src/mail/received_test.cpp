#include "mail/received.h"

#include <doctest/doctest.h>

#include "mail/header_fields.h"

using namespace postern;
using namespace postern::mail;

namespace {

ReceivedFacts facts() {
  return {.hello = "mail.contoso.com",
          .extended = true,
          .client = *IpAddress::parse("192.0.2.1"),
          .server = "mx.example.com",
          .id = "08DD3FA5DBC8F401",
          .received = *parse_iso("2025-01-29T19:07:30Z")};
}

std::string on_one_line(const std::string& field) {
  const auto section = parse_header_section(field);
  REQUIRE(section.fields.size() == 1);
  std::string line = unfold(section.fields[0].body);
  for (char& c : line)
    if (c == '\t') c = ' ';
  return line;
}

}  // namespace

TEST_CASE("a Received field tells who, how and when") {
  CHECK(on_one_line(to_received_field(facts())) ==
        "from mail.contoso.com ([192.0.2.1]) by mx.example.com with ESMTP id 08DD3FA5DBC8F401; "
        "Wed, 29 Jan 2025 19:07:30 +0000");
  auto more = facts();
  more.tls = "TLSv1.3 TLS_AES_256_GCM_SHA384";
  more.reverse_name = "ptr.contoso.com";
  more.client = *IpAddress::parse("2001:db8::1");
  more.forward_path = "ann@example.com";
  CHECK(on_one_line(to_received_field(more)) ==
        "from mail.contoso.com (ptr.contoso.com [IPv6:2001:db8::1]) by mx.example.com with ESMTPS "
        "(TLSv1.3 TLS_AES_256_GCM_SHA384) id 08DD3FA5DBC8F401 for <ann@example.com>; "
        "Wed, 29 Jan 2025 19:07:30 +0000");
}

TEST_CASE("lines are folded at 78") {
  auto long_names = facts();
  long_names.hello = "a-rather-long-host-name.in-a-subdomain.of.contoso.com";
  long_names.reverse_name = long_names.hello;
  const std::string field = to_received_field(long_names);
  std::size_t at = 0;
  while (at < field.size()) {
    const std::size_t end = field.find("\r\n", at);
    CHECK(end - at <= 78);
    at = end + 2;
  }
}

TEST_CASE("the protocol words of RFC 3848 and RFC 6531") {
  ReceivedFacts f = facts();
  CHECK(with_protocol(f) == "ESMTP");
  f.tls = "TLSv1.3";
  CHECK(with_protocol(f) == "ESMTPS");
  f.smtp_utf8 = true;
  CHECK(with_protocol(f) == "UTF8SMTPS");
  f.tls.clear();
  CHECK(with_protocol(f) == "UTF8SMTP");
  f.smtp_utf8 = false;
  f.extended = false;
  CHECK(with_protocol(f) == "SMTP");
}

TEST_CASE("a HELO argument cannot forge anything") {
  auto hostile = facts();
  hostile.hello = "x) by bank.test (";
  CHECK(on_one_line(to_received_field(hostile))
            .starts_with("from [192.0.2.1] ([192.0.2.1]) (hello x\\) by bank.test \\() by mx."));
  hostile.hello = "x\r\nFrom: y";
  CHECK(on_one_line(to_received_field(hostile)).contains("(hello x??From: y)"));
  hostile.hello = "[192.0.2.9]";
  CHECK(on_one_line(to_received_field(hostile)).starts_with("from [192.0.2.9] ([192.0.2.1])"));
  hostile.hello = "bücher.example";
  CHECK(on_one_line(to_received_field(hostile)).starts_with("from xn--bcher-kva.example ("));
}
