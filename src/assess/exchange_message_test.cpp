#include "assess/exchange_message.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::assess;

namespace {

/// A spoof as Exchange Online stamps it; people and networks are invented.
constexpr std::string_view spoof =
    "Received: from AM0PR01.example (2603:10a6::1) by AM0PR02.example with HTTPS;\r\n"
    " Mon, 2 Nov 2026 08:00:05 +0000\r\n"
    "Received: from [127.0.0.1] (203.0.113.9) by AM0.mail.protection.outlook.com;\r\n"
    " Mon, 2 Nov 2026 08:00:01 +0000\r\n"
    "Authentication-Results: spf=fail (sender IP is 203.0.113.9)\r\n"
    " smtp.mailfrom=contoso.com; dkim=none (message not signed)\r\n"
    " header.d=none;dmarc=fail action=oreject\r\n"
    " header.from=contoso.com;compauth=none reason=451\r\n"
    "From: Ann <ann@contoso.com>\r\n"
    "To: ann@contoso.com\r\n"
    "Return-Path: ann@contoso.com\r\n"
    "Message-ID: <1@evil>\r\n"
    "X-MS-Exchange-Organization-Network-Message-Id: n-1\r\n"
    "X-MS-Exchange-Organization-AuthAs: Anonymous\r\n"
    "X-MS-Exchange-Organization-IsAnonymousDirectSend: True\r\n"
    "X-Forefront-Antispam-Report: CIP:203.0.113.9;CTRY:;LANG:en;SCL:5;SRV:;\r\n"
    " IPV:NLI;SFV:SPM;H:[127.0.0.1];PTR:InfoDomainNonexistent;CAT:SPOOF;DIR:INB;\r\n"
    "\r\n"
    "Caller left a message.\r\n";

}  // namespace

TEST_CASE("a spoofed message tells client, results and that nobody vouched") {
  const auto seen = read_exchange_message(spoof);
  REQUIRE(seen);
  CHECK(seen->id == "n-1");
  CHECK(seen->time == parse_iso("2026-11-02T08:00:05Z"));
  CHECK(seen->client == IpAddress::parse("203.0.113.9"));
  CHECK(seen->hello == "[127.0.0.1]");
  CHECK(seen->client_name.empty());
  CHECK(seen->sender == "ann@contoso.com");
  CHECK(seen->author == "ann@contoso.com");
  CHECK(seen->recipients == std::vector<std::string>{"ann@contoso.com"});
  CHECK(seen->direction == Direction::inbound);
  CHECK(seen->tells_attribution);
  CHECK_FALSE(seen->is_attributed);
  CHECK(seen->spf == false);
  CHECK(seen->dkim == false);
  CHECK(seen->dmarc == false);
  CHECK(seen->composite == false);
}

TEST_CASE("files of Unix say the same") {
  std::string unix_file(spoof);
  std::erase(unix_file, '\r');
  REQUIRE(read_exchange_message(unix_file));
  CHECK(read_exchange_message(unix_file)->client == IpAddress::parse("203.0.113.9"));
}

TEST_CASE("internal mail is attributed") {
  const auto seen = read_exchange_message(
      "From: ann@contoso.com\r\nX-MS-Exchange-Organization-AuthAs: Internal\r\n"
      "X-Forefront-Antispam-Report: CIP:255.255.255.255;DIR:INT;\r\n\r\n");
  REQUIRE(seen);
  CHECK(seen->is_attributed);
  CHECK_FALSE(seen->client);
  CHECK(seen->direction == Direction::internal);
}

TEST_CASE("whose signature passed is told, and who sent is taken from SPF if need be") {
  const auto seen = read_exchange_message(
      "Authentication-Results: spf=pass (sender IP is 198.51.100.7) smtp.mailfrom=contoso.com;\r\n"
      " dkim=pass (signature was verified) header.d=esp.test;dmarc=bestguesspass action=none\r\n"
      " header.from=contoso.com;compauth=pass reason=109\r\n"
      "X-MS-Exchange-CrossTenant-AuthAs: Anonymous\r\n\r\n");
  REQUIRE(seen);
  CHECK(seen->client == IpAddress::parse("198.51.100.7"));
  CHECK(seen->sender == "@contoso.com");
  CHECK(seen->dkim == true);
  CHECK(seen->dkim_domain == "esp.test");
  CHECK(seen->dmarc == true);
  CHECK_FALSE(seen->tells_attribution);
}

TEST_CASE("a message that Exchange never saw is none") {
  CHECK_FALSE(read_exchange_message("From: ann@contoso.com\r\n\r\nhi\r\n"));
  CHECK_FALSE(read_exchange_message(""));
}
