#include "ctl/check.h"

#include <doctest/doctest.h>

#include <sstream>

#include "dns/zone.h"

using namespace postern;
using namespace postern::ctl;

namespace {

dns::ZoneResolver resolver(std::string_view text) {
  return dns::ZoneResolver(dns::Zone::parse(text, "zone").value());
}

CheckRequest request(std::string message) {
  return {.message = std::move(message),
          .client = IpAddress::parse("203.0.113.9"),
          .hello = "mail.bank.test",
          .reverse_path = mail::parse_mailbox("bob@bank.test"),
          .now = *parse_iso("2026-11-22T09:00:00Z")};
}

std::string print(const CheckReport& report) {
  std::ostringstream out;
  print_check(out, report, ShowOctets::yes);
  return out.str();
}

}  // namespace

TEST_CASE("a file gets the line endings of mail, unless it has them") {
  CHECK(with_crlf("a\n\nb\n") == "a\r\n\r\nb\r\n");
  CHECK(with_crlf("a\r\nb\nc\r\n") == "a\r\nb\nc\r\n");
}

TEST_CASE("without a DMARC record SPF of the reverse-path is enough, of HELO it is not") {
  const std::string message = "From: Bob <bob@bank.test>\r\n\r\nhi\r\n";
  auto by_mail_from = resolver("bank.test. TXT \"v=spf1 ip4:203.0.113.9 -all\"\n");
  CHECK(check_message(request(message), by_mail_from).passes());
  auto by_hello = resolver("mail.bank.test. TXT \"v=spf1 ip4:203.0.113.9 -all\"\n");
  CHECK_FALSE(check_message(request(message), by_hello).passes());
}

TEST_CASE("a DNS that fails is told by name") {
  auto dns = resolver("bank.test. IN TIMEOUT TXT\nmail.bank.test. A 203.0.113.9\n");
  const CheckReport report = check_message(request("From: Bob <bob@bank.test>\r\n\r\nhi\r\n"), dns);
  CHECK_FALSE(report.passes());
  CHECK(print(report).contains("dns    bank.test TXT: "));
  CHECK(print(report).contains("spf    temperror"));
}

TEST_CASE("where the public suffix list leads elsewhere, it is told") {
  const auto suffixes = auth::PublicSuffixList::parse("test\n");
  REQUIRE(suffixes);
  auto dns = resolver("_dmarc.mail.bank.test. TXT \"v=DMARC1; p=reject\"\n");
  const auto asked = request("From: Bob <bob@mail.bank.test>\r\n\r\nhi\r\n");
  const std::string line = "by the public suffix list the organizational domain would be bank.test";
  const CheckReport report = check_message(asked, dns, &*suffixes);
  CHECK(print(report).contains(line));
  CHECK(to_json(report, ShowOctets::no).at("dmarc").at("suffixListDomain") == "bank.test");
  const CheckReport without = check_message(asked, dns);
  CHECK_FALSE(print(without).contains(line));
  CHECK(without.dmarc.result == report.dmarc.result);
}

TEST_CASE("what a stranger wrote cannot steer the terminal") {
  auto dns = resolver("bank.test. A 192.0.2.1\n");
  const CheckReport report = check_message(
      request("From: Bob <bob@bank.test>\r\n"
              "DKIM-Signature: v=1; a=rsa-sha256; d=bank.test; s=\x1b[2J; h=from; bh=; b=\r\n\r\n"
              "hi\r\n"),
      dns);
  CHECK_FALSE(print(report).contains('\x1b'));
}

TEST_CASE("a header section beyond all limits is an answer, not a crash") {
  auto dns = resolver("bank.test. A 192.0.2.1\n");
  const CheckReport report =
      check_message(request("Subject: " + std::string(20'000, 'x') + "\r\n\r\n"), dns);
  CHECK_FALSE(report.passes());
  CHECK(print(report).starts_with("The header section cannot be read"));
  CHECK(to_json(report, ShowOctets::no).at("passes") == false);
}
