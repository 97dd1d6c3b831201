#include "auth/dkim_body.h"

#include <doctest/doctest.h>

#include <random>

#include "auth/body_hashes.h"
#include "base/encoding.h"

using namespace postern;
using namespace postern::auth;

namespace {

struct Collected final : ByteSink {
  void write(std::string_view bytes) override { text += bytes; }
  std::string text;
};

std::string simple(std::string_view body) {
  return canonicalize_body(body, Canonicalization::simple);
}

std::string relaxed(std::string_view body) {
  return canonicalize_body(body, Canonicalization::relaxed);
}

/// RFC 6376 section 3.4.4 as it is written, line by line: slow and obvious.
std::string relaxed_by_the_book(std::string_view body) {
  std::string out;
  std::string empty_lines;
  while (!body.empty()) {
    const std::size_t end = body.find("\r\n");
    std::string line;
    for (const char c : body.substr(0, end)) {
      const bool blank = c == ' ' || c == '\t';
      if (blank && line.ends_with(' ')) continue;
      line += blank ? ' ' : c;
    }
    if (line.ends_with(' ')) line.pop_back();
    if (line.empty()) {
      empty_lines += "\r\n";
    } else {
      out += empty_lines + line + "\r\n";
      empty_lines.clear();
    }
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 2);
  }
  return out;
}

std::string random_body(std::mt19937& random) {
  static constexpr std::string_view parts[] = {"a",
                                               "word",
                                               " ",
                                               " ",
                                               "\t",
                                               "\r\n",
                                               "\r\n",
                                               "\r",
                                               "\n",
                                               "\r\n\r\n\r\n",
                                               "a line of some length, as people write"};
  std::string body;
  const auto count = random() % 40;
  for (unsigned i = 0; i < count; ++i) body += parts[random() % std::size(parts)];
  return body;
}

}  // namespace

TEST_CASE("RFC 6376 section 3.4.5: the body of the examples") {
  const std::string_view body = " C \r\nD \t E\r\n\r\n\r\n";
  CHECK(relaxed(body) == " C\r\nD E\r\n");
  CHECK(simple(body) == " C \r\nD \t E\r\n");
}

TEST_CASE("RFC 6376 sections 3.4.3 and 3.4.4: empty bodies and their hashes") {
  for (const char* body : {"", "\r\n", "\r\n\r\n"}) {
    CHECK(simple(body) == "\r\n");
    CHECK(relaxed(body) == "");
  }
  CHECK(relaxed(" \t\r\n  \r\n \t") == "");
  CHECK(simple(" \r\n") == " \r\n");
  const auto base64 = [](const std::string& text) { return to_base64(sha256(text)); };
  CHECK(base64(simple("")) == "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=");
  CHECK(base64(relaxed("")) == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

TEST_CASE("a line end is added to a body that does not end with one") {
  CHECK(simple("Hey") == "Hey\r\n");
  CHECK(relaxed("Hey \t you! \t") == "Hey you!\r\n");
  CHECK(simple("Hey\r") == "Hey\r\r\n");
  CHECK(relaxed("Hey\r") == "Hey\r\r\n");
}

TEST_CASE("bare CR and LF are octets of the body") {
  CHECK(simple("a\nb\n\n") == "a\nb\n\n\r\n");
  CHECK(relaxed("a \rb \n\r\n") == "a \rb \n\r\n");
}

TEST_CASE("relaxed does what the RFC says, and cutting the body anywhere changes nothing") {
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    const std::string body = random_body(random);
    const std::string whole = relaxed(body);
    REQUIRE_MESSAGE(whole == relaxed_by_the_book(body), body);
    for (const Canonicalization how : {Canonicalization::simple, Canonicalization::relaxed}) {
      Collected sink;
      BodyCanonicalizer canonicalizer(how, sink);
      for (std::size_t at = 0; at < body.size();) {
        const std::size_t size = 1 + random() % 7;
        canonicalizer.update(std::string_view(body).substr(at, size));
        at += size;
      }
      canonicalizer.finish();
      REQUIRE_MESSAGE(sink.text == canonicalize_body(body, how), body);
    }
  }
}

TEST_CASE("canonical bodies are canonical") {
  std::mt19937 random(11);
  for (int round = 0; round < 2000; ++round) {
    const std::string body = random_body(random);
    CHECK(relaxed(relaxed(body)) == relaxed(body));
    CHECK(simple(simple(body)) == simple(body));
    // What simple drops, relaxed drops too.
    CHECK(relaxed(simple(body)) == relaxed(body));
  }
}

TEST_CASE("changes are found at every place of a long line") {
  for (std::size_t at = 0; at < 300; ++at) {
    std::string body(300, 'x');
    body.replace(at, 1, "\t");
    body += "\r\n";
    std::string expected = body;
    expected[at] = ' ';
    if (at == 299) expected = std::string(299, 'x') + "\r\n";
    REQUIRE(relaxed(body) == expected);
    body.insert(at, " ");
    REQUIRE(relaxed(body) == expected);
  }
}

TEST_CASE("a million empty lines cost no memory and come back if text follows") {
  BodyHashes hashes;
  const std::size_t index = hashes.require(Canonicalization::relaxed, std::nullopt);
  hashes.update("a\r\n");
  for (int i = 0; i < 1000; ++i) {
    std::string lines;
    for (int line = 0; line < 1000; ++line) lines += " \r\n";
    hashes.update(lines);
  }
  hashes.update("b");
  hashes.finish();
  std::string expected = "a";
  for (int i = 0; i < 1'000'001; ++i) expected += "\r\n";
  expected += "b\r\n";
  CHECK(hashes.digest(index) == Sha256::of(expected));
}

TEST_CASE("hashes are shared by canonicalization and length") {
  BodyHashes hashes;
  CHECK(hashes.is_empty());
  const std::size_t whole = hashes.require(Canonicalization::simple, std::nullopt);
  const std::size_t relaxed_whole = hashes.require(Canonicalization::relaxed, std::nullopt);
  const std::size_t three = hashes.require(Canonicalization::simple, 3);
  const std::size_t nothing = hashes.require(Canonicalization::simple, 0);
  const std::size_t exact = hashes.require(Canonicalization::simple, 8);
  const std::size_t beyond = hashes.require(Canonicalization::simple, 9);
  CHECK(hashes.require(Canonicalization::simple, std::nullopt) == whole);
  CHECK(hashes.require(Canonicalization::simple, 3) == three);
  hashes.update("a  ");
  hashes.update("bcd\r");
  hashes.update("\n\r\n");
  hashes.finish();
  CHECK(hashes.digest(whole) == Sha256::of("a  bcd\r\n"));
  CHECK(hashes.digest(relaxed_whole) == Sha256::of("a bcd\r\n"));
  CHECK(hashes.digest(three) == Sha256::of("a  "));
  CHECK(hashes.digest(nothing) == Sha256::of(""));
  CHECK(hashes.digest(exact) == Sha256::of("a  bcd\r\n"));
  CHECK(hashes.digest(beyond) == std::nullopt);
  CHECK(hashes.octets_beyond(whole) == 0);
  CHECK(hashes.octets_beyond(three) == 5);
  CHECK(hashes.octets_beyond(exact) == 0);
}
