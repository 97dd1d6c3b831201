#include "mail/mailbox.h"

#include <doctest/doctest.h>

#include "mail/utf8.h"

using namespace postern;
using namespace postern::mail;

namespace {

std::optional<Mailbox> reverse_path(std::string_view text) {
  Cursor in(text);
  return take_reverse_path(in);
}

std::optional<Mailbox> forward_path(std::string_view text) {
  Cursor in(text);
  return take_forward_path(in);
}

}  // namespace

TEST_CASE("a path is a mailbox in angle brackets") {
  Cursor in("<Ann.Smith@Contoso.COM> SIZE=100");
  const auto mailbox = take_reverse_path(in);
  REQUIRE(mailbox);
  CHECK(mailbox->text == "Ann.Smith@Contoso.COM");
  CHECK(mailbox->local_part == "Ann.Smith");
  CHECK(mailbox->domain == "contoso.com");
  CHECK_FALSE(mailbox->is_international());
  CHECK(in.rest() == " SIZE=100");
}

TEST_CASE("what is malformed consumes nothing") {
  Cursor in("<ann@contoso.com SIZE=100");
  CHECK_FALSE(take_reverse_path(in));
  CHECK(in.rest() == "<ann@contoso.com SIZE=100");
}

TEST_CASE("the null reverse-path is no forward-path") {
  CHECK(reverse_path("<>")->is_null());
  CHECK_FALSE(forward_path("<>"));
}

TEST_CASE("quoted local parts compare without their quotes") {
  CHECK(forward_path("<\"ann\"@contoso.com>")->local_part == "ann");
  CHECK(forward_path("<\"a\\\"b\\\\c d\"@contoso.com>")->local_part == "a\"b\\c d");
  CHECK(forward_path("<\"a>b@c\"@contoso.com>")->local_part == "a>b@c");
  CHECK(forward_path("<\"ann\"@contoso.com>")->text == "\"ann\"@contoso.com");
}

TEST_CASE("a source route is ignored") {
  const auto mailbox = reverse_path("<@a.test,@[IPv6:2001:db8::1],@b.test:ann@contoso.com>");
  REQUIRE(mailbox);
  CHECK(mailbox->text == "ann@contoso.com");
  CHECK_FALSE(reverse_path("<@a.test ann@contoso.com>"));
  CHECK_FALSE(reverse_path("<@a.test:>"));
  CHECK_FALSE(reverse_path("<@a..test:ann@contoso.com>"));
}

TEST_CASE("address literals") {
  CHECK(forward_path("<ann@[192.0.2.1]>")->domain == "[192.0.2.1]");
  CHECK(forward_path("<ann@[192.0.2.1]>")->has_literal());
  CHECK(forward_path("<ann@[ipv6:2001:DB8:0::1]>")->domain == "[IPv6:2001:db8::1]");
  for (const char* bad : {"<a@[192.0.2.1>", "<a@[192.0.2.256]>", "<a@[2001:db8::1]>",
                          "<a@[IPv6:192.0.2.1]>", "<a@[]>", "<a@[x:y]>", "<a@[192.0.2.1].test>"}) {
    CAPTURE(bad);
    CHECK_FALSE(forward_path(bad));
  }
}

TEST_CASE("postmaster needs no domain, in any case") {
  const auto mailbox = forward_path("<postMASTER>");
  REQUIRE(mailbox);
  CHECK(mailbox->text == "postMASTER");
  CHECK(mailbox->domain.empty());
  CHECK(forward_path("<Postmaster@Contoso.com>")->domain == "contoso.com");
  CHECK_FALSE(forward_path("<ann>"));
  CHECK_FALSE(reverse_path("<postmaster>"));
}

TEST_CASE("international addresses are UTF-8, their domain an A-label") {
  const auto mailbox = forward_path("<джейн@Bücher.example>");
  REQUIRE(mailbox);
  CHECK(mailbox->is_international());
  CHECK(mailbox->local_part == "джейн");
  CHECK(mailbox->domain == "xn--bcher-kva.example");
  CHECK(mailbox->text == "джейн@Bücher.example");
  CHECK_FALSE(forward_path("<j\xe4ne@contoso.com>"));          // Latin-1
  CHECK_FALSE(forward_path("<j\xc0\xafne@contoso.com>"));      // overlong slash
  CHECK_FALSE(forward_path("<j\xed\xa0\x80ne@contoso.com>"));  // surrogate
  CHECK_FALSE(forward_path("<\"j\xff\"@contoso.com>"));
}

TEST_CASE("what is no path") {
  for (const std::string_view bad : {std::string_view("ann@contoso.com"),
                                     std::string_view("<ann@contoso.com"),
                                     std::string_view("<ann@>"),
                                     std::string_view("<@contoso.com>"),
                                     std::string_view("<ann@contoso..com>"),
                                     std::string_view("<ann.@contoso.com>"),
                                     std::string_view("<.ann@contoso.com>"),
                                     std::string_view("<a..b@contoso.com>"),
                                     std::string_view("<a b@contoso.com>"),
                                     std::string_view("< ann@contoso.com>"),
                                     std::string_view("<ann@contoso.com >"),
                                     std::string_view("<ann(c)@contoso.com>"),
                                     std::string_view("<\"ann@contoso.com>"),
                                     std::string_view("<\"ann\"x@contoso.com>"),
                                     std::string_view("<\"a\rb\"@contoso.com>"),
                                     std::string_view("<\"a\0b\"@contoso.com>", 20),
                                     std::string_view("<\"a\x7f\"@contoso.com>"),
                                     std::string_view("<\"\"@contoso.com>"),
                                     std::string_view("<ann@con/toso.com>"),
                                     std::string_view("<a\\@b@contoso.com>"),
                                     std::string_view("<\"a\\"),
                                     std::string_view("<a@b@contoso.com>"),
                                     std::string_view("")}) {
    CAPTURE(bad);
    CHECK_FALSE(reverse_path(bad));
    CHECK_FALSE(forward_path(bad));
  }
}

TEST_CASE("lengths are limited; a reverse-path may have a VERP local part") {
  const std::string at_limit = std::string(max_local_part, 'a') + "@contoso.com";
  CHECK(parse_mailbox(at_limit));
  CHECK_FALSE(parse_mailbox("a" + at_limit));
  CHECK_FALSE(forward_path("<a" + at_limit + ">"));
  CHECK(reverse_path("<a" + at_limit + ">"));
  CHECK(reverse_path("<" + std::string(max_path - 14, 'a') + "@contoso.com>"));
  CHECK_FALSE(reverse_path("<" + std::string(max_path - 13, 'a') + "@contoso.com>"));
}

TEST_CASE("a mailbox alone must be all of the text") {
  CHECK(parse_mailbox("ann@contoso.com"));
  CHECK_FALSE(parse_mailbox("ann@contoso.com "));
  CHECK_FALSE(parse_mailbox("<ann@contoso.com>"));
}

TEST_CASE("addresses are printed with quotes where they need them") {
  CHECK(to_address("ann", "contoso.com") == "ann@contoso.com");
  CHECK(to_address("a b", "contoso.com") == "\"a b\"@contoso.com");
  CHECK(to_address("a\"b", "contoso.com") == "\"a\\\"b\"@contoso.com");
  CHECK(to_address(".ann", "contoso.com") == "\".ann\"@contoso.com");
}

TEST_CASE("UTF-8 is told from what only looks like it") {
  CHECK(is_utf8(""));
  CHECK(is_utf8("a\xc2\x80\xe0\xa0\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
  for (const char* bad :
       {"\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xc2", "\xe2\x82", "\xe2\x28\xa1"})
    CHECK_FALSE(is_utf8(bad));
}
