#include "mail/received_spf.h"

#include <doctest/doctest.h>

#include "mail/header_fields.h"

using namespace postern;
using namespace postern::mail;

TEST_CASE("a Received-SPF field has a result, a comment and pairs") {
  const std::string field = to_received_spf_field(
      {.result = "pass",
       .comment =
           "mx.example.com: domain of ann@contoso.com designates 192.0.2.1 as permitted sender",
       .client = *IpAddress::parse("192.0.2.1"),
       .envelope_from = "ann@contoso.com",
       .helo = "mail.contoso.com",
       .receiver = "mx.example.com",
       .identity = "mailfrom",
       .mechanism = "ip4:192.0.2.0/24"});
  CHECK(field ==
        "Received-SPF: pass\r\n"
        "\t(mx.example.com: domain of ann@contoso.com designates 192.0.2.1 as permitted sender)\r\n"
        "\tidentity=mailfrom; client-ip=192.0.2.1; helo=mail.contoso.com;\r\n"
        "\tenvelope-from=\"ann@contoso.com\"; receiver=mx.example.com;\r\n"
        "\tmechanism=\"ip4:192.0.2.0/24\";\r\n");
}

TEST_CASE("values of strangers stay inside their quotes") {
  const std::string field = to_received_spf_field({.result = "none",
                                                   .comment = "a) b\r\nc",
                                                   .envelope_from = "\"x\\\"\"@y",
                                                   .helo = "a\"; receiver=evil\r\nX: y",
                                                   .receiver = "mx.example.com",
                                                   .identity = "helo"});
  CHECK(parse_header_section(field).fields.size() == 1);
  CHECK(field.contains("helo=\"a\\\"; receiver=evil??X: y\";"));
  CHECK(field.contains("(a\\) b??c)"));
}
