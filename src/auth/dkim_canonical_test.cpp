#include "auth/dkim_canonical.h"

#include <doctest/doctest.h>

#include <random>

using namespace postern;
using namespace postern::auth;

namespace {

std::string canonical(std::string_view field, Canonicalization how) {
  std::string out;
  append_canonical_field(out, field, how);
  return out;
}

std::string relaxed(std::string_view field) {
  return canonical(field, Canonicalization::relaxed);
}

std::string signed_fields(std::string_view message, std::vector<std::string_view> names,
                          std::size_t own_field = 1000) {
  const auto section = mail::parse_header_section(message);
  std::string out;
  append_signed_fields(out, message, section.fields, names, own_field, Canonicalization::simple);
  return out;
}

}  // namespace

TEST_CASE("RFC 6376 section 3.4.5, example 1: relaxed header fields") {
  CHECK(relaxed("A: X\r\n") == "a:X\r\n");
  CHECK(relaxed("B : Y\t\r\n\tZ  \r\n") == "b:Y Z\r\n");
}

TEST_CASE("RFC 6376 section 3.4.2: white space in relaxed header fields") {
  CHECK(relaxed("SUBJect: AbC\r\n") == "subject:AbC\r\n");
  CHECK(relaxed("Subject \t:\t Ki \tmi \t \r\n No \t\r\n Na Wa\r\n") ==
        "subject:Ki mi No Na Wa\r\n");
  CHECK(relaxed("X:\r\n") == "x:\r\n");
  CHECK(relaxed("X: \r\n \r\n") == "x:\r\n");
  CHECK(relaxed("X: a:b\r\n") == "x:a:b\r\n");
  CHECK(relaxed("X: \xc3\xbc \xc3\xbc\r\n") == "x:\xc3\xbc \xc3\xbc\r\n");
  // A file that was never sent: line feeds alone, or no line ending at all.
  CHECK(relaxed("X: a\n\tb\n") == "x:a b\r\n");
  CHECK(relaxed("X: a") == "x:a\r\n");
  // What is no fold is part of the text and must not vanish.
  CHECK(relaxed("X: a\rb\r\n") == "x:a\rb\r\n");
  CHECK(relaxed("X: a\r \x01 b\r\n") == "x:a\r \x01 b\r\n");
}

TEST_CASE("RFC 6376 section 3.4.1: simple changes nothing") {
  CHECK(canonical("B : Y\t\r\n\tZ  \r\n", Canonicalization::simple) == "B : Y\t\r\n\tZ  \r\n");
}

TEST_CASE(
    "RFC 6376 section 5.4.2: repeated fields are taken from the bottom, absent ones add nothing") {
  const std::string_view message = "A: 1\r\nB: 2\r\nA: 3\r\nno field\r\nA: 4\r\n\r\n";
  CHECK(signed_fields(message, {"A"}) == "A: 4\r\n");
  CHECK(signed_fields(message, {"a", "B", "a"}) == "A: 4\r\nB: 2\r\nA: 3\r\n");
  CHECK(signed_fields(message, {"A", "A", "A", "A", "C", "A"}) == "A: 4\r\nA: 3\r\nA: 1\r\n");
  CHECK(signed_fields(message, {"C", ""}) == "");
}

TEST_CASE("RFC 6376 section 3.5, h=: the signature never stands for itself") {
  const std::string_view message = "S: own\r\nS: other\r\n\r\n";
  CHECK(signed_fields(message, {"S", "S"}, 0) == "S: other\r\n");
  CHECK(signed_fields(message, {"S", "S"}, 1) == "S: own\r\n");
}

TEST_CASE("RFC 6376 section 3.7: the signature field is hashed with b= empty and without CRLF") {
  const std::string_view field = "DKIM-Signature: v=1; b= abc\r\n\tdef ;  d=x.y\r\n";
  const std::string_view text = field.substr(23, 11);
  REQUIRE(text == " abc\r\n\tdef ");
  std::string out = "before ";
  append_signature_field(out, field, text, Canonicalization::simple);
  CHECK(out == "before DKIM-Signature: v=1; b=;  d=x.y");
  out.clear();
  append_signature_field(out, field, text, Canonicalization::relaxed);
  CHECK(out == "dkim-signature:v=1; b=; d=x.y");

  const std::string_view last = "S: d=x.y;b=abc\r\n";
  out.clear();
  append_signature_field(out, last, last.substr(11, 3), Canonicalization::relaxed);
  CHECK(out == "s:d=x.y;b=");
}

TEST_CASE("relaxed is idempotent for any field") {
  std::mt19937 random(1);
  constexpr std::string_view letters = "aB: \t\t\x01\xc3\xbc";
  for (int round = 0; round < 5000; ++round) {
    std::string field = "X";
    for (int i = 0; i < 12; ++i) {
      if (random() % 5 == 0) field += "\r\n ";
      field += letters[random() % letters.size()];
    }
    field += "\r\n";
    const std::string once = relaxed(field);
    CHECK_MESSAGE(relaxed(once) == once, field);
  }
}
