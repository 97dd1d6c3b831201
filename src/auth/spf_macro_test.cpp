#include "auth/spf_macro.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::auth;

namespace {

// The example of RFC 7208 section 7.4.
MacroValues example() {
  return {.local_part = "strong-bad",
          .sender_domain = "email.example.com",
          .domain = "email.example.com",
          .client = *IpAddress::parse("192.0.2.3"),
          .validated = "mx.example.org",
          .helo = "mail.example.com",
          .receiver = "mx.example.net",
          .now = *parse_iso("2025-01-29T19:07:30Z")};
}

std::string expand(std::string_view text) {
  REQUIRE_FALSE(find_macro_fault(text, MacroUse::explanation));
  return expand_macros(text, example());
}

}  // namespace

TEST_CASE("the expansions of RFC 7208 section 7.4") {
  CHECK(expand("%{s}") == "strong-bad@email.example.com");
  CHECK(expand("%{o}") == "email.example.com");
  CHECK(expand("%{d4}") == "email.example.com");
  CHECK(expand("%{d3}") == "email.example.com");
  CHECK(expand("%{d2}") == "example.com");
  CHECK(expand("%{d1}") == "com");
  CHECK(expand("%{dr}") == "com.example.email");
  CHECK(expand("%{d2r}") == "example.email");
  CHECK(expand("%{l}") == "strong-bad");
  CHECK(expand("%{l-}") == "strong.bad");
  CHECK(expand("%{lr}") == "strong-bad");
  CHECK(expand("%{lr-}") == "bad.strong");
  CHECK(expand("%{l1r-}") == "strong");
  CHECK(expand("%{ir}.%{v}._spf.%{d2}") == "3.2.0.192.in-addr._spf.example.com");
  CHECK(expand("%{lr-}.lp._spf.%{d2}") == "bad.strong.lp._spf.example.com");
  CHECK(expand("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}") ==
        "bad.strong.lp.3.2.0.192.in-addr._spf.example.com");
  CHECK(expand("%{d2}.trusted-domains.example.net") == "example.com.trusted-domains.example.net");
}

TEST_CASE("the other letters") {
  CHECK(expand("%{p} %{h} %{r} %{c} %{t}") ==
        "mx.example.org mail.example.com mx.example.net 192.0.2.3 1738177650");
  CHECK(expand("100%% %_%-") == "100%  %20");
  CHECK(expand("%{d99999999999999999999}") == "email.example.com");
  MacroValues v6 = example();
  v6.client = *IpAddress::parse("2001:db8::cb01");
  v6.receiver = "";
  CHECK(expand_macros("%{i}", v6) ==
        "2.0.0.1.0.D.B.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.C.B.0.1");
  CHECK(expand_macros("%{c} %{v} %{r}", v6) == "2001:db8::cb01 ip6 unknown");
}

TEST_CASE("upper-case letters escape for URLs") {
  MacroValues values = example();
  values.local_part = "a b&c/ü~";
  CHECK(expand_macros("%{L}", values) == "a%20b%26c%2F%C3%BC~");
  CHECK(expand_macros("%{S}", example()) == "strong-bad%40email.example.com");
}

TEST_CASE("c, r, t and blanks are for explanations only") {
  for (const char* text : {"%{c}", "%{r}", "%{t}", "a b"}) {
    CHECK(find_macro_fault(text, MacroUse::domain_spec));
    CHECK_FALSE(find_macro_fault(text, MacroUse::explanation));
  }
}

TEST_CASE("a domain-spec ends with a macro or a top label") {
  for (const char* good : {"contoso.com", "contoso.com.", "%{d}", "x.%{d}", "a.xn--p1ai", "a.4-4",
                           ".com", "100%%", "foo:bar/baz.com"})
    CHECK_FALSE(find_domain_spec_fault(good));
  for (const char* bad :
       {"", "com", "com.", "%{d}com", "a.123", "a.-com", "a.com-", "a..", "a./", "%{l}.", "a.b c"})
    CHECK(find_domain_spec_fault(bad));
}
