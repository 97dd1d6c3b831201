#include "mail/authentication_results.h"

#include <doctest/doctest.h>

#include "mail/header_fields.h"

using namespace postern::mail;

TEST_CASE("results are printed as RFC 8601 section 2.2 has them") {
  CHECK(to_authentication_results_field({.authserv_id = "mx.example.com"}) ==
        "Authentication-Results: mx.example.com; none\r\n");
  CHECK(to_authentication_results_field(
            {.authserv_id = "mx.example.com",
             .results = {{.method = "spf",
                          .result = "pass",
                          .comment = "sender IP is 192.0.2.1",
                          .properties = {{"smtp", "mailfrom", "ann@contoso.com"}}},
                         {.method = "iprev",
                          .result = "fail",
                          .reason = "no such name",
                          .properties = {{"policy", "iprev", "2001:db8::1"}}}}}) ==
        "Authentication-Results: mx.example.com;\r\n"
        "\tspf=pass (sender IP is 192.0.2.1) smtp.mailfrom=ann@contoso.com;\r\n"
        "\tiprev=fail reason=\"no such name\" policy.iprev=\"2001:db8::1\"\r\n");
}

TEST_CASE("values of strangers stay in quotes and comments") {
  const std::string field = to_authentication_results_field(
      {.authserv_id = "mx.example.com",
       .results = {{.method = "spf",
                    .result = "fail",
                    .comment = "explained: ) ; dkim=pass\r\n(",
                    .properties = {{"smtp", "mailfrom", "\"a; dkim=pass\"@contoso.com"},
                                   {"smtp", "helo", "x\"; dmarc=pass"}}}}});
  CHECK(parse_header_section(field).fields.size() == 1);
  const auto parsed = parse_authentication_results(field.substr(field.find(':') + 1));
  REQUIRE(parsed);
  REQUIRE(parsed->results.size() == 1);
  CHECK(parsed->results[0].properties[0].value == "\"a; dkim=pass\"@contoso.com");
  CHECK(parsed->results[0].properties[1].value == "x\"; dmarc=pass");
}

TEST_CASE("the grammar is parsed with comments and folds anywhere") {
  const auto parsed = parse_authentication_results(
      " (who) foo.example.net (foobar) 1 (baz);\r\n\tDKIM (because) / 1 (one) = (two) FAIL"
      " (a (nested) reason) reason = \"bad key\" policy (A dot can go here) . expired (x) ="
      " 1362471462; spf=pass smtp.mailfrom=\"a b\"@example.net;");
  REQUIRE(parsed);
  CHECK(parsed->authserv_id == "foo.example.net");
  CHECK(parsed->version == "1");
  REQUIRE(parsed->results.size() == 2);
  CHECK(parsed->results[0] ==
        AuthenticationResult{
            "dkim", "fail", "a (nested) reason", "bad key", {{"policy", "expired", "1362471462"}}});
  CHECK(parsed->results[1].properties[0].value == "\"a b\"@example.net");
}

TEST_CASE("what is no Authentication-Results") {
  for (const char* bad :
       {"", ";", "example.com", "example.com;", "example.com; spf",
        "example.com; spf=", "example.com; spf=pass smtp", "example.com; spf=pass smtp.mailfrom",
        "example.com; spf=pass (open", "example.com; none none"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_authentication_results(bad));
  }
}

TEST_CASE("forged fields of ours are recognised in every disguise") {
  for (const char* ours :
       {" mx.example.com; spf=pass", "MX.Example.COM;none", "\r\n\tmx.example.com\r\n\t; none",
        "(x) mx.example.com (y) 1; none", "\"mx.example.com\"; none",
        "\"mx.exam\\ple.com\" 1; none", "mx.example.com", "mx.example.com spf=pass",
        "mx.example.com.; none", "mx.example.com/1; none", "mx.(x)example.com; none",
        "mx.\r\n example.com; none", "\" mx.example.com \"; none", "mx.example.com 1 (open; none",
        "(open mx.example.com; none", "mx．example.com; none", "\"mx.example\".com; none",
        "\"mx.example.com; none"}) {
    CAPTURE(ours);
    CHECK(claims_authserv_id(ours, "mx.example.com"));
  }
  CHECK(claims_authserv_id("bücher.example; none", "xn--bcher-kva.example"));
  for (const char* other : {"", "mx2.example.com; none", "other.test; spf=pass (mx.example.com)",
                            "other.test; x=\"mx.example.com\"", "mx.example.com.other.test; none",
                            "; mx.example.com"}) {
    CAPTURE(other);
    CHECK_FALSE(claims_authserv_id(other, "mx.example.com"));
  }
}

TEST_CASE("the dialect of Exchange Online") {
  const std::string body =
      " spf=fail (sender IP is 209.222.82.143)\r\n smtp.mailfrom=fabrikam.test; dkim=fail (body "
      "hash"
      " did not verify)\r\n header.d=contoso.test;dmarc=fail action=oreject\r\n"
      " header.from=contoso.test;compauth=none reason=451";
  const auto parsed = parse_exchange_authentication_results(body);
  REQUIRE(parsed);
  CHECK(parsed->authserv_id.empty());
  REQUIRE(parsed->results.size() == 4);
  CHECK(parsed->results[0] == AuthenticationResult{"spf",
                                                   "fail",
                                                   "sender IP is 209.222.82.143",
                                                   "",
                                                   {{"smtp", "mailfrom", "fabrikam.test"}}});
  CHECK(parsed->results[1].comment == "body hash did not verify");
  CHECK(parsed->results[2].properties ==
        std::vector<AuthenticationProperty>{{"", "action", "oreject"},
                                            {"header", "from", "contoso.test"}});
  CHECK(parsed->results[3] == AuthenticationResult{"compauth", "none", "", "451", {}});
  CHECK(*parse_exchange_authentication_results(to_authentication_results_body(*parsed)) == *parsed);
  // It is no RFC 8601, and a field of RFC 8601 is none of this.
  CHECK_FALSE(parse_authentication_results(body));
}

TEST_CASE("older fields of Exchange Online have the recipient's domain in between") {
  const auto parsed = parse_exchange_authentication_results(
      "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=; contoso.com; dkim=none (message not"
      " signed) header.d=none;contoso.com; dmarc=bestguesspass action=pct.quarantine"
      " header.from=fabrikam.com;arc=pass (0 oda=1 ltdi=1 spf=[1,1,smtp.mailfrom=a.test]);");
  REQUIRE(parsed);
  REQUIRE(parsed->results.size() == 4);
  CHECK(parsed->results[0].properties[0].value.empty());
  CHECK(parsed->results[2].result == "bestguesspass");
  CHECK(parsed->results[2].properties[0].value == "pct.quarantine");
  CHECK(parsed->results[3].comment == "0 oda=1 ltdi=1 spf=[1,1,smtp.mailfrom=a.test]");
  CHECK(parse_exchange_authentication_results("none")->results.empty());
  for (const char* bad : {"", " ;", "(comment)", "spf=", "spf=pass (open", "spf=pass smtp.=x",
                          "=pass", "spf=pass smtp mailfrom=x"})
    CHECK_MESSAGE(!parse_exchange_authentication_results(bad), bad);
  std::string many;
  for (std::size_t i = 0; i <= max_authentication_results; ++i) many += "spf=pass;";
  CHECK_FALSE(parse_exchange_authentication_results(many));
}
