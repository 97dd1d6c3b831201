#include "auth/dmarc_record.h"

#include <doctest/doctest.h>

using namespace postern::auth;

namespace {

DmarcRecord parse(std::string_view text) {
  const auto record = parse_dmarc_record(text);
  REQUIRE_MESSAGE(record.has_value(), text);
  return *record;
}

}  // namespace

TEST_CASE("all tags of RFC 9989 section 4.7") {
  const DmarcRecord record = parse(
      "v=DMARC1; p=reject; sp=quarantine; np=none; adkim=s; aspf=s; psd=n; t=y; fo=1:d:s;"
      "rua=mailto:a@contoso.com , mailto:b@contoso.com; ruf=mailto:c@contoso.com");
  CHECK(record.applies);
  CHECK(record.p == DmarcPolicy::reject);
  CHECK(record.sp == DmarcPolicy::quarantine);
  CHECK(record.np == DmarcPolicy::none);
  CHECK(record.adkim == DmarcMode::strict);
  CHECK(record.aspf == DmarcMode::strict);
  CHECK(record.psd == DmarcPsd::no);
  CHECK(record.is_testing);
  CHECK(record.fo == DmarcFailureOptions{true, true, true});
  CHECK(record.rua == std::vector<std::string>{"mailto:a@contoso.com", "mailto:b@contoso.com"});
  CHECK(record.ruf == std::vector<std::string>{"mailto:c@contoso.com"});
  CHECK(parse_dmarc_record(to_text(record)) == record);
}

TEST_CASE("defaults, in any case and with any blanks") {
  CHECK(parse("v=DMARC1;p=none") == DmarcRecord());
  CHECK(parse("V = DMARC1 ;\tP = Reject ; ASPF=S;").p == DmarcPolicy::reject);
  CHECK(parse("v=DMARC1; p=none; psd=u; t=n; adkim=r; aspf=R; fo=0") == DmarcRecord());
  CHECK(to_text(DmarcRecord()) == "v=DMARC1; p=none");
}

TEST_CASE("only texts that begin with the version are DMARC records") {
  for (const char* other : {"", "v=", "v=DMARC1x", "v=DMARC12; p=none", "v=dmarc1; p=none",
                            "v=DMARC1 p=none", " v=DMARC1; p=none", "p=none; v=DMARC1",
                            "v=spf1 -all", "v=DMARC1\\; p=reject\\;", "vv=DMARC1; p=none"}) {
    CHECK_MESSAGE(!is_dmarc_record(other), other);
    CHECK_FALSE(parse_dmarc_record(other));
  }
  CHECK(is_dmarc_record("v=DMARC1"));
}

TEST_CASE("what is wrong behind the version is as if it were not there") {
  CHECK(parse("v=DMARC1;p=reject;fo:0;;0;sp-none;adkim=x;aspf=;psd=maybe;t=yes;fo=00;pct=20;"
              "rf=afrf;ri=x;future=\x01;\xc3\xa4=1") == parse("v=DMARC1; p=reject"));
  CHECK(parse("v=DMARC1; p=none; rua=ftp://a.test, bogus, mailto:, mailto:x, "
              "mailto:a@b.test!10m, mailto:c@d.test!10p,mailto:e@f.test!, mail:g@h.test")
            .rua == std::vector<std::string>{"mailto:a@b.test"});
}

TEST_CASE("RFC 9989 section 4.10.1: without a valid policy") {
  CHECK_FALSE(parse("v=DMARC1").applies);
  CHECK_FALSE(parse("v=DMARC1; p=bogus").applies);
  CHECK_FALSE(parse("v=DMARC1; p=reject; sp=bogus").applies);
  CHECK_FALSE(parse("v=DMARC1; p=reject; np=").applies);
  CHECK_FALSE(parse("v=DMARC1; rua=ftp://contoso.com").applies);
  CHECK_FALSE(parse("v=DMARC1; psd=n").applies);
  CHECK_FALSE(parse("v=DMARC1; psd=y; p=bogus").applies);
  // Somebody wants reports: p=none.
  const std::string rua = "rua=mailto:a@contoso.com";
  CHECK(parse("v=DMARC1; " + rua).applies);
  CHECK(parse("v=DMARC1; p=bogus; " + rua).p == DmarcPolicy::none);
  CHECK(parse("v=DMARC1; p=reject; sp=bogus; np=reject; " + rua) ==
        parse("v=DMARC1; p=none; " + rua));
  // An absent p= leaves sp= alone.
  CHECK(parse("v=DMARC1; sp=reject; " + rua).sp == DmarcPolicy::reject);
  // A public suffix needs no policy of its own.
  CHECK(parse("v=DMARC1; psd=y").applies);
}

TEST_CASE("RFC 6376 section 3.2: a tag that stands twice spoils the record") {
  CHECK(parse_dmarc_record("v=DMARC1; p=none; P=reject").error().message ==
        "tag p stands there twice");
  CHECK_FALSE(parse_dmarc_record("v=DMARC1; p=none; v=DMARC1"));
}

TEST_CASE("report URIs are mailboxes, and few") {
  CHECK(mailbox_of_report_uri("MailTo:a%2Bb@contoso.com?subject=x") == "a+b@contoso.com");
  for (const char* bad : {"mailto:", "mailto:a", "mailto:a%2@b.test", "mailto:a%zz@b.test",
                          "mailto:a%0ab@b.test", "https://contoso.com/", "a@contoso.com"})
    CHECK_MESSAGE(!mailbox_of_report_uri(bad), bad);
  std::string many = "v=DMARC1; p=none; rua=mailto:a@b.test";
  for (int i = 0; i < 100; ++i) many += ",mailto:a@b.test";
  CHECK(parse(many).rua.size() == max_report_uris);
}

TEST_CASE("the number of tags is limited") {
  std::string many = "v=DMARC1; p=none";
  for (char a = 'a'; a <= 'z'; ++a)
    for (char b = 'a'; b <= 'z'; ++b) many += std::string("; x") + a + b + "=1";
  CHECK_FALSE(parse_dmarc_record(many));
}
