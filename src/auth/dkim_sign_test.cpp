#include "auth/dkim_sign.h"

#include <doctest/doctest.h>

#include <random>

#include "auth/dkim_testing.h"

using namespace postern;
using namespace postern::auth;
using testing::summary;
using testing::txt_answers;
using testing::verify_dkim;

namespace {

const std::string name = "sel._domainkey.example.com";

std::string random_text(std::mt19937& random, std::string_view letters, std::size_t most) {
  std::string text;
  const std::size_t size = random() % (most + 1);
  for (std::size_t i = 0; i < size; ++i) text += letters[random() % letters.size()];
  return text;
}

/// Fields with odd blanks and folds, repeated names, lines that are no field, any body.
std::string random_message(std::mt19937& random) {
  static constexpr std::string_view names[] = {"From", "from ", "To", "Subject", "X-A", "X-B\t"};
  std::string message;
  const std::size_t count = random() % 8;
  for (std::size_t i = 0; i < count; ++i) {
    if (random() % 10 == 0) {
      message += "no field here\r\n";
      continue;
    }
    message += names[random() % std::size(names)];
    message += ':';
    message += random_text(random, "ab: \t;=\xc3", 20);
    if (random() % 3 == 0) message += "\r\n \t" + random_text(random, "ab ", 10) + "x";
    message += "\r\n";
  }
  message += "From: a@example.com\r\n\r\n";
  for (std::size_t line = random() % 8; line > 0; --line) {
    message += random_text(random, "ab  \t\r.", 30);
    if (random() % 6 != 0) message += "\r\n";
  }
  return message;
}

}  // namespace

TEST_CASE("what is signed verifies, for all canonicalizations, and a changed letter is noticed") {
  std::mt19937 random(42);
  const PrivateKey rsa = PrivateKey::generate(KeyType::rsa, 1024);
  const PrivateKey ed25519 = PrivateKey::generate(KeyType::ed25519);
  for (int round = 0; round < 600; ++round) {
    const PrivateKey& key = round % 2 == 0 ? rsa : ed25519;
    const auto pick = [&] {
      return random() % 2 == 0 ? Canonicalization::simple : Canonicalization::relaxed;
    };
    const std::string message = random_message(random);
    DkimSigning signing{.domain = "example.com",
                        .selector = "sel",
                        .header = pick(),
                        .body = pick(),
                        .header_names = {"From", "To", "Subject", "X-A", "X-B", "X-C"},
                        .oversign = random() % 2 == 0 ? Oversign::yes : Oversign::no};
    if (random() % 3 == 0) signing.body_length = random() % 40;
    const std::string field = sign_dkim(message, key, signing);
    const auto answers = txt_answers({{name, key.to_record()}});
    REQUIRE_MESSAGE(summary(verify_dkim(field + message, answers)) == "pass", (field + message));

    std::string changed = field + message;
    const std::size_t at = changed.rfind("a@example.com\r\n\r\n");
    changed[at] = 'e';
    REQUIRE(summary(verify_dkim(changed, answers)) == "fail: signature did not verify");
  }
}

TEST_CASE("relaxed survives what relays do to white space") {
  const PrivateKey key = PrivateKey::generate(KeyType::ed25519);
  const std::string message = "From: a@example.com\r\nSubject: one two\r\n\r\nHello you\r\n";
  const std::string field = sign_dkim(message, key, {.domain = "example.com", .selector = "sel"});
  const std::string touched =
      field + "FROM:\ta@example.com \r\nsubject : one\r\n\t two\r\n\r\nHello \t you  \r\n\r\n\r\n";
  CHECK(summary(verify_dkim(touched, txt_answers({{name, key.to_record()}}))) == "pass");
}

TEST_CASE("RFC 6376 section 8.15: with oversigning no field can be added") {
  const PrivateKey key = PrivateKey::generate(KeyType::ed25519);
  const auto answers = txt_answers({{name, key.to_record()}});
  const std::string message = "From: a@example.com\r\nSubject: x\r\n\r\n";
  const auto forged = [&](Oversign oversign, const std::string& added) {
    const std::string field =
        sign_dkim(message, key, {.domain = "example.com", .selector = "sel", .oversign = oversign});
    return summary(verify_dkim(field + added + message, answers));
  };
  CHECK(forged(Oversign::no, "Subject: y\r\n") == "pass");
  CHECK(forged(Oversign::yes, "Subject: y\r\n") == "fail: signature did not verify");
  CHECK(forged(Oversign::yes, "Reply-To: evil@example.net\r\n") ==
        "fail: signature did not verify");
  CHECK(forged(Oversign::yes, "X-Other: y\r\n") == "pass");
}

TEST_CASE("the field is folded, and says what it was told") {
  const PrivateKey key = PrivateKey::generate(KeyType::rsa);
  const std::string field = sign_dkim("Subject: x\r\nFrom: a@example.com\r\n\r\n", key,
                                      {.domain = "example.com",
                                       .selector = "sel",
                                       .identity = "a b@example.com",
                                       .header_names = {"Subject"},
                                       .oversign = Oversign::no,
                                       .signed_at = Time(std::chrono::milliseconds(10'900)),
                                       .expires_at = Time(std::chrono::seconds(20)),
                                       .body_length = 100});
  CHECK(field.starts_with("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com;"));
  CHECK(field.ends_with("\r\n"));
  for (const char* part : {"i=a=20b@example.com;", "t=10;", "x=20;", "l=0;", "h=From: Subject;"})
    CHECK_MESSAGE(field.find(part) != std::string::npos, part);
  std::string_view rest = field;
  while (!rest.empty()) {
    const std::size_t end = rest.find("\r\n");
    CHECK(end <= 78);
    rest.remove_prefix(end + 2);
  }
}

TEST_CASE("several signatures stand above each other") {
  const PrivateKey rsa = PrivateKey::generate(KeyType::rsa, 1024);
  const PrivateKey ed25519 = PrivateKey::generate(KeyType::ed25519);
  std::string message = "From: a@example.com\r\n\r\nHello\r\n";
  message = sign_dkim(message, rsa, {.domain = "example.com", .selector = "rsa"}) + message;
  // The second signature covers the first.
  message = sign_dkim(message, ed25519,
                      {.domain = "example.com",
                       .selector = "sel",
                       .header_names = {"From", "DKIM-Signature"},
                       .oversign = Oversign::yes}) +
            message;
  CHECK(summary(verify_dkim(message, txt_answers({{name, ed25519.to_record()},
                                                  {"rsa._domainkey.example.com",
                                                   rsa.to_record()}}))) == "pass | pass");
}
