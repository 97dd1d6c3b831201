#include "mail/look_alike.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace postern::mail;

namespace {

std::u32string skeleton_of(std::string_view label) {
  return skeleton(shown_label(label));
}

}  // namespace

TEST_CASE("an A-label is decoded, whatever it holds, and what is none stays as it is") {
  CHECK(shown_label("contoso") == U"contoso");
  CHECK(shown_label("xn--bcher-kva") == U"bücher");
  CHECK(shown_label("xn--80ak6aa92e") == U"аррӏе");  // Cyrillic
  CHECK(shown_label("xn--wgv71a119e") == U"日本語");
  // IDNA would not have it, and some program shows it all the same.
  CHECK(shown_label("xn--contoso-") == U"contoso");
  CHECK(shown_label("xn--!!") == U"xn--!!");
  CHECK(shown_label("xn--99999999999999") == U"xn--99999999999999");
  CHECK(shown_label("xn--a-\xc3\xa4") == U"xn--a-\u00c3\u00a4");
  CHECK(shown_label("").empty());
}

TEST_CASE("the skeleton is what the eye makes of a name") {
  CHECK(skeleton_of("contoso") == U"contoso");
  CHECK(skeleton_of("c0nt0s0") == U"contoso");
  CHECK(skeleton_of("rnicrosoft") == U"microsoft");
  CHECK(skeleton_of("paypa1") == U"paypal");
  CHECK(skeleton_of("vvidgets") == U"widgets");
  CHECK(skeleton_of("xn--80ak6aa92e") == U"apple");
  CHECK(skeleton(U"cöntôsø") == U"contoso");
  CHECK(skeleton(U"соntоsо") == U"contoso");  // Cyrillic с and о
  CHECK(skeleton(U"cοntοsο") == U"contoso");  // Greek ο
  CHECK(skeleton(U"con\u200btoso") == U"contoso");
  CHECK(skeleton(U"conto\u0301so") == U"contoso");
  CHECK(skeleton(U"日本") == U"日本");
  // Both ways of writing it are equal, so the honest one may have the pair.
  CHECK(skeleton(U"bernard") == skeleton(U"bemard"));
}

TEST_CASE("what the skeleton is made of has itself as skeleton") {
  for (char32_t c = 0; c < 0x3000; ++c) {
    const std::u32string once = skeleton(std::u32string(1, c));
    CHECK(skeleton(once) == once);
  }
}

TEST_CASE("one edit is an insertion, a deletion, a replacement or an exchange, and nothing else") {
  CHECK(is_one_edit_away(U"contoso", U"conttoso"));
  CHECK(is_one_edit_away(U"contoso", U"acontoso"));
  CHECK(is_one_edit_away(U"contoso", U"contosos"));
  CHECK(is_one_edit_away(U"contoso", U"ontoso"));
  CHECK(is_one_edit_away(U"contoso", U"contosa"));
  CHECK(is_one_edit_away(U"contoso", U"cnotoso"));
  CHECK(is_one_edit_away(U"contoso", U"contoos"));
  CHECK(is_one_edit_away(U"", U"a"));
  CHECK_FALSE(is_one_edit_away(U"", U""));
  CHECK_FALSE(is_one_edit_away(U"contoso", U"contoso"));
  CHECK_FALSE(is_one_edit_away(U"contoso", U"contosoes"));
  CHECK_FALSE(is_one_edit_away(U"contoso", U"kontosa"));
  CHECK_FALSE(is_one_edit_away(U"contoso", U"notcoso"));
  CHECK_FALSE(is_one_edit_away(U"contoso", U"ontosoc"));
}

TEST_CASE("it agrees with the distance that dynamic programming finds") {
  // Optimal string alignment, by the book.
  const auto distance = [](std::u32string_view a, std::u32string_view b) {
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) {
      for (std::size_t j = 0; j <= b.size(); ++j) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        d[i][j] = std::min(
            {d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
          d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
    return d[a.size()][b.size()];
  };
  std::mt19937 random(7);
  int near = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::u32string a;
    std::u32string b;
    for (std::u32string* text : {&a, &b})
      for (auto n = random() % 6; n > 0; --n) *text += U'a' + random() % 3;
    const bool is_near = distance(a, b) == 1;
    near += is_near;
    REQUIRE(is_one_edit_away(a, b) == is_near);
    REQUIRE(is_one_edit_away(b, a) == is_near);
  }
  CHECK(near > 1000);
}
