#include "mail/shown_addresses.h"

#include <doctest/doctest.h>

using namespace postern::mail;

namespace {

/// `ceo@contoso.com x@b.test`
std::string found(std::string_view text) {
  std::string all;
  for (const ShownAddress& one : find_shown_addresses(text))
    all += (all.empty() ? "" : " ") + one.local_part + "@" + one.domain;
  return all;
}

}  // namespace

TEST_CASE("addresses are found in whatever surrounds them") {
  CHECK(found("ceo@contoso.com") == "ceo@contoso.com");
  CHECK(found("Ann Smith <ann@Contoso.COM>") == "ann@contoso.com");
  CHECK(found("Ann (ann@contoso.com) via list") == "ann@contoso.com");
  CHECK(found("From: ann@contoso.com, bob@contoso.com.") == "ann@contoso.com bob@contoso.com");
  CHECK(found("mailto:ann@contoso.com?x") == "ann@contoso.com");
  CHECK(found("ann@bücher.example") == "ann@xn--bcher-kva.example");
  CHECK(found("„ann@contoso.com“") == "ann@contoso.com");
  CHECK(found("ann＠contoso.com") == "ann@contoso.com");
  CHECK(found("ann﹫contoso.com") == "ann@contoso.com");
}

TEST_CASE("what is no address is none") {
  CHECK(found("") == "");
  CHECK(found("Ann @ Contoso") == "");
  CHECK(found("@contoso.com") == "");
  CHECK(found("ann@") == "");
  CHECK(found("ann@..") == "");
  CHECK(found(".@contoso.com") == "");
}

TEST_CASE("only so much is looked at") {
  std::string many;
  for (int i = 0; i < 30; ++i) many += "a@b.test ";
  CHECK(find_shown_addresses(many).size() == max_shown_signs);
  CHECK(found(std::string(max_shown_text, 'x') + "@contoso.com") == "");
  CHECK(find_shown_addresses(std::string(200, 'x') + "@contoso.com")[0].local_part.size() == 64);
}
