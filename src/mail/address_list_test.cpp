#include "mail/address_list.h"

#include <doctest/doctest.h>

using namespace postern::mail;
using Addresses = std::vector<HeaderAddress>;

namespace {

/// Parses and asks for good grammar.
Addresses good(std::string_view body) {
  const AddressList list = parse_address_list(body);
  CHECK(list.well_formed);
  return list.addresses;
}

/// Parses what breaks the grammar.
Addresses odd(std::string_view body) {
  const AddressList list = parse_address_list(body);
  CHECK_FALSE(list.well_formed);
  return list.addresses;
}

}  // namespace

TEST_CASE("the forms of RFC 5322 section 3.4") {
  CHECK(good(" ann@contoso.com") == Addresses{{"", "ann", "contoso.com"}});
  CHECK(good(" Ann Smith <Ann@CONTOSO.com>") == Addresses{{"Ann Smith", "Ann", "contoso.com"}});
  CHECK(good("\"Smith, Ann\" <ann@contoso.com>, bob@fabrikam.com") ==
        Addresses{{"Smith, Ann", "ann", "contoso.com"}, {"", "bob", "fabrikam.com"}});
  CHECK(good("Ann Q. Public <\"a b\"@contoso.com>")[0].local_part == "a b");
  CHECK(good("Ann Q. Public <\"a\".b@contoso.com>") ==
        Addresses{{"Ann Q. Public", "a.b", "contoso.com"}});
  CHECK(good("<ann@[IPv6:2001:DB8::1]>")[0].domain == "[IPv6:2001:db8::1]");
  CHECK(good("=?utf-8?q?J=C3=BCrgen?= <j@Bücher.example>") ==
        Addresses{{"=?utf-8?q?J=C3=BCrgen?=", "j", "xn--bcher-kva.example"}});
}

TEST_CASE("comments and folds may stand anywhere, and hide nothing") {
  CHECK(good("(x@evil.test) ann (a \\) (b)) @ \r\n contoso . com (c)") ==
        Addresses{{"", "ann", "contoso.com", "x@evil.test a ) (b) c"}});
  CHECK(good("Ann <ann(x)@(y)contoso.com(z)>") ==
        Addresses{{"Ann", "ann", "contoso.com", "x y z"}});
  CHECK(good("<@a.test,@b.test:ann@contoso.com>") == Addresses{{"", "ann", "contoso.com"}});
}

TEST_CASE("groups give their members") {
  CHECK(good("Board: ann@contoso.com, Bob <bob@contoso.com>;, c@contoso.com").size() == 3);
  CHECK(good("undisclosed-recipients:;").empty());
  CHECK(odd("Board: ann@contoso.com").size() == 1);
}

TEST_CASE("groups keep their names and members") {
  using Groups = std::vector<AddressGroup>;
  CHECK(parse_address_list("a@b.test, Board(x): ann@contoso.com, Bob <b@contoso.com>; , c@d.test")
            .groups == Groups{{"Board", "x", 1, 3}});
  CHECK(parse_address_list("nobody:;").groups == Groups{{"nobody", "", 0, 0}});
  CHECK(parse_address_list("One: a@b.test; Two: c@d.test").groups ==
        Groups{{"One", "", 0, 1}, {"Two", "", 1, 2}});
  // Their number is limited, that of the addresses found is not thereby.
  std::string many;
  for (std::size_t i = 0; i <= max_addresses; ++i) many += "a:;";
  const AddressList list = parse_address_list(many + "z: ann@contoso.com;");
  CHECK(list.groups.size() == max_addresses);
  CHECK(list.addresses == Addresses{{"", "ann", "contoso.com"}});
}

TEST_CASE("a name to show is decoded, and never the address") {
  const auto shown = [](std::string_view body) {
    return shown_name(parse_address_list(body).addresses.at(0));
  };
  CHECK(shown("=?utf-8?q?J=C3=BCrgen?= M. <j@contoso.com>") == "Jürgen M.");
  CHECK(shown("j@contoso.com (=?utf-8?q?J=C3=BCrgen?=)") == "Jürgen");
  CHECK(shown("<j@contoso.com> Jay") == "Jay");
  CHECK(shown("j@contoso.com") == "");
  const AddressList list = parse_address_list("=?utf-8?q?=3Cann=40contoso.com=3E?= <j@evil.test>");
  CHECK(list.addresses.size() == 1);
  CHECK(list.addresses[0].domain == "evil.test");
}

TEST_CASE("what breaks the grammar still shows its addresses") {
  CHECK(odd("ann@work <ann@contoso.com>") == Addresses{{"ann@work", "ann", "contoso.com"}});
  CHECK(odd("<ann@contoso.com") == Addresses{{"", "ann", "contoso.com"}});
  CHECK(odd("\"Ann <ann@contoso.com>") == Addresses{{"Ann", "ann", "contoso.com"}});
  CHECK(odd("<ann@contoso.com> <bob@fabrikam.com>").size() == 2);
  CHECK(odd("<ann@contoso.com>bob@fabrikam.com").size() == 2);
  CHECK(odd("ann") == Addresses{{"", "ann", ""}});
  CHECK(odd("ann@") == Addresses{{"", "ann", ""}});
  CHECK(odd("Ann <ann@contoso.com@evil.test>")[0].domain.empty());
  CHECK(odd("Ann <ann@con/toso>")[0].domain.empty());
  CHECK(odd("(never ends ann@contoso.com").empty());
}

TEST_CASE("nesting and number are limited") {
  CHECK_FALSE(parse_address_list(std::string(10000, '(')).well_formed);
  std::string many;
  for (std::size_t i = 0; i <= max_addresses; ++i) many += "a@b.test,";
  const AddressList list = parse_address_list(many);
  CHECK(list.addresses.size() == max_addresses);
  CHECK_FALSE(list.well_formed);
}

TEST_CASE("a message has one From field with an address") {
  const auto compliant = [](std::string_view message) {
    return find_authors(parse_header_section(message)).is_compliant();
  };
  CHECK(compliant("From: Ann <ann@contoso.com>\r\n\r\n"));
  CHECK(compliant("from : ann@contoso.com, bob@contoso.com\r\n\r\n"));
  CHECK_FALSE(compliant("Subject: none\r\n\r\nFrom: ann@contoso.com\r\n"));
  CHECK_FALSE(compliant("From: ann@contoso.com\r\nFrom: ann@contoso.com\r\n\r\n"));
  CHECK_FALSE(compliant("From:\r\n\r\n"));
  CHECK_FALSE(compliant("From: Ann\r\n\r\n"));
  CHECK_FALSE(compliant("From: undisclosed:;\r\n\r\n"));
}
