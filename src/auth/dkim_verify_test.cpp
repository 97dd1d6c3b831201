#include "auth/dkim_verify.h"

#include <doctest/doctest.h>

#include "auth/dkim_sign.h"
#include "auth/dkim_testing.h"

using namespace postern;
using namespace postern::auth;
using testing::failing_answer;
using testing::summary;
using testing::txt_answers;
using testing::verify_dkim;
using testing::with_crlf;

namespace {

// RFC 6376 appendix C: the public key of brisbane._domainkey.example.com.
constexpr const char* rfc6376_record =
    "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYt"
    "IxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhi"
    "tdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB";

// RFC 6376 appendix A.2.
const std::string rfc6376_message = with_crlf(
    "DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;\n"
    "      c=simple/simple; q=dns/txt; i=joe@football.example.com;\n"
    "      h=Received : From : To : Subject : Date : Message-ID;\n"
    "      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\n"
    "      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB\n"
    "      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut\n"
    "      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV\n"
    "      4bmp/YzhwvcubU4=;\n"
    "Received: from client1.football.example.com  [192.0.2.1]\n"
    "      by submitserver.example.com with SUBMISSION;\n"
    "      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)\n"
    "From: Joe SixPack <joe@football.example.com>\n"
    "To: Suzie Q <suzie@shopping.example.net>\n"
    "Subject: Is dinner ready?\n"
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\n"
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\n"
    "\n"
    "Hi.\n"
    "\n"
    "We lost the game. Are you hungry yet?\n"
    "\n"
    "Joe.\n");

// RFC 8463 appendix A.3: the body of RFC 6376, signed by both algorithms.
const std::string rfc8463_message = with_crlf(
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\n"
    " d=football.example.com; i=@football.example.com;\n"
    " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\n"
    " subject : date : message-id : from : subject : date;\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\n"
    " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\n"
    " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\n"
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\n"
    " d=football.example.com; i=@football.example.com;\n"
    " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\n"
    " date : message-id : from : subject : date;\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\n"
    " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\n"
    " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\n"
    " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\n"
    "From: Joe SixPack <joe@football.example.com>\n"
    "To: Suzie Q <suzie@shopping.example.net>\n"
    "Subject: Is dinner ready?\n"
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\n"
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\n"
    "\n"
    "Hi.\n"
    "\n"
    "We lost the game.  Are you hungry yet?\n"
    "\n"
    "Joe.\n");

const dns::AnswerSet rfc8463_answers = txt_answers(
    {{"brisbane._domainkey.football.example.com",
      "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="},
     {"test._domainkey.football.example.com",
      "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhd"
      "R6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5"
      "QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"}});

const std::string plain = with_crlf(
    "From: Ann <ann@contoso.com>\nTo: bob@fabrikam.com\nSubject: hello\n\nHello Bob,\n\nthis is  a "
    "body.\n");
const std::string name = "sel._domainkey.contoso.com";
const Time signing_time{std::chrono::seconds(1'700'000'000)};

const PrivateKey& ed25519_key() {
  static const PrivateKey key = PrivateKey::generate(KeyType::ed25519);
  return key;
}

/// `plain` signed for contoso.com, and what verification says if `key` is published.
struct Signed {
  explicit Signed(const DkimSigning& signing = {.domain = "contoso.com", .selector = "sel"})
      : field(sign_dkim(plain, ed25519_key(), signing)), message(field + plain) {}

  std::string verify(Time now = {}) const { return verify_as(ed25519_key().to_record(), now); }
  std::string verify_as(const std::string& record, Time now = {}) const {
    return summary(verify_dkim(message, txt_answers({{name, record}}), now));
  }
  Signed& replace(std::string_view what, std::string_view with) {
    const std::size_t at = message.find(what);
    REQUIRE(at != std::string::npos);
    message.replace(at, what.size(), with);
    return *this;
  }

  std::string field;
  std::string message;
};

}  // namespace

TEST_CASE("RFC 6376 appendix A: the signed message verifies") {
  const auto results = verify_dkim(
      rfc6376_message, txt_answers({{"brisbane._domainkey.example.com", rfc6376_record}}));
  REQUIRE(summary(results) == "pass");
  CHECK(results[0].domain == "example.com");
  CHECK(results[0].selector == "brisbane");
  CHECK(results[0].identity == "joe@football.example.com");
  CHECK(results[0].algorithm == DkimAlgorithm::rsa_sha256);
  CHECK(results[0].signature_start == "AuUoFEfD");
  CHECK(results[0].key_bits == 1024);
  CHECK(results[0].field == 0);
}

TEST_CASE("RFC 8463 appendix A: both signatures verify") {
  const auto results = verify_dkim(rfc8463_message, rfc8463_answers);
  REQUIRE(summary(results) == "pass | pass");
  CHECK(results[0].algorithm == DkimAlgorithm::ed25519_sha256);
  CHECK(results[0].identity == "@football.example.com");
  CHECK(results[0].signed_at == Time(std::chrono::seconds(1528637909)));
  CHECK(results[1].algorithm == DkimAlgorithm::rsa_sha256);
}

TEST_CASE("RFC 8463 appendix A: h= that names From twice forbids a second From") {
  std::string forged = rfc8463_message;
  forged.insert(forged.find("To: "), "From: other@football.example.com\r\n");
  CHECK(summary(verify_dkim(forged, rfc8463_answers)) ==
        "fail: signature did not verify | fail: signature did not verify");
}

TEST_CASE("a message without signatures has no result and asks nothing") {
  const auto section = mail::parse_header_section(plain);
  BodyHashes body;
  const DkimVerifier verifier(plain, section, body);
  CHECK_FALSE(verifier.has_signatures());
  CHECK(body.is_empty());
  DkimKeyCache keys;
  const auto asking = verifier.evaluate({}, keys, {});
  REQUIRE(asking.value);
  CHECK(asking.value->empty());
}

TEST_CASE("questions are known before the body, each once, and not for keys in the cache") {
  const std::string message = Signed().field + Signed().message;
  const auto section = mail::parse_header_section(message);
  BodyHashes body;
  const DkimVerifier verifier(message, section, body);
  DkimKeyCache keys;
  const auto questions = verifier.questions(keys, signing_time);
  REQUIRE(questions.size() == 1);
  CHECK(questions[0] == dns::Question{.name = name, .type = dns::Type::txt});

  body.update(message.substr(section.body_begin));
  body.finish();
  const auto open = verifier.evaluate({}, keys, signing_time);
  CHECK_FALSE(open.value);
  CHECK(open.questions == questions);

  const auto answers = txt_answers({{name, ed25519_key().to_record()}});
  const auto done = verifier.evaluate(answers, keys, signing_time);
  REQUIRE(done.value);
  // The upper signature was made of the message without the lower one, which it does not name.
  CHECK(summary(*done.value) == "pass | pass");
  CHECK(done.questions.empty());
  CHECK(verifier.questions(keys, signing_time).empty());
  CHECK(summary(*verifier.evaluate({}, keys, signing_time).value) == "pass | pass");
}

TEST_CASE("RFC 6376 section 6.1.3: what was changed is told") {
  CHECK(Signed().verify() == "pass");
  CHECK(Signed().replace("a body", "A body").verify() == "fail: body hash did not verify");
  CHECK(Signed().replace("is  a", "is a").verify() == "pass");
  CHECK(Signed().replace("hello", "Hello").verify() == "fail: signature did not verify");
  CHECK(Signed().replace("s=sel", "s=SEL").verify() == "fail: signature did not verify");
  const std::string other = PrivateKey::generate(KeyType::ed25519).to_record();
  CHECK(Signed().verify_as(other) == "fail: signature did not verify");
}

TEST_CASE("RFC 6376 section 6.1.2: what is wrong with the key is told") {
  const std::string record = ed25519_key().to_record();
  CHECK(Signed().verify_as("k=ed25519; p=") == "permerror: key is revoked");
  CHECK(Signed().verify_as("nonsense") == "permerror: key syntax error");
  CHECK(Signed().verify_as("h=sha1; " + record.substr(9)) ==
        "permerror: key does not allow SHA-256");
  CHECK(Signed().verify_as("s=tlsrpt; " + record.substr(9)) == "permerror: key is not for email");
  CHECK(Signed().verify_as(rfc6376_record) == "permerror: key is for another algorithm");
  CHECK(summary(verify_dkim(Signed().message, {})) == "permerror: no key for signature");
  CHECK(summary(
            verify_dkim(Signed().message, failing_answer(name, dns::Status::failure, "timeout"))) ==
        "temperror: key is not available now");
}

TEST_CASE("RFC 6376 section 3.6.1, t=s: a subdomain as identity is refused") {
  const std::string strict = ed25519_key().to_record() + "; t=s";
  const Signed below({.domain = "contoso.com", .selector = "sel", .identity = "a@sub.contoso.com"});
  CHECK(below.verify() == "pass");
  CHECK(below.verify_as(strict) == "permerror: key does not allow a subdomain as identity");
  CHECK(Signed().verify_as(strict) == "pass");
}

TEST_CASE("RFC 6376 section 3.6.1, t=y: the domain tests") {
  const auto results = verify_dkim(Signed().replace("hello", "Hello").message,
                                   txt_answers({{name, ed25519_key().to_record() + "; t=y"}}));
  CHECK(results[0].is_testing);
  CHECK(results[0].status == DkimStatus::fail);
}

TEST_CASE("RFC 6376 section 6.1.2 step 4: one of several keys is enough") {
  auto answer = std::make_shared<dns::Answer>();
  answer->status = dns::Status::ok;
  answer->texts = {"v=spf1 -all", "k=ed25519; p=", ed25519_key().to_record() + "; t=y"};
  dns::AnswerSet answers;
  answers.add({.name = name, .type = dns::Type::txt}, answer);
  auto results = verify_dkim(Signed().message, answers);
  CHECK(summary(results) == "pass");
  CHECK(results[0].is_testing);
  // If none verifies, the one that got furthest is told.
  results = verify_dkim(Signed().replace("hello", "Hello").message, answers);
  CHECK(summary(results) == "fail: signature did not verify");
}

TEST_CASE("RFC 6376 section 3.5, x=: a signature expires") {
  const Signed message({.domain = "contoso.com",
                        .selector = "sel",
                        .signed_at = signing_time,
                        .expires_at = signing_time + std::chrono::hours(24)});
  CHECK(message.verify(signing_time + std::chrono::hours(24)) == "pass");
  CHECK(message.verify(signing_time + std::chrono::hours(25)) == "fail: signature expired");
  // Nobody needs its key any more.
  const auto section = mail::parse_header_section(message.message);
  BodyHashes body;
  DkimKeyCache keys;
  CHECK(DkimVerifier(message.message, section, body)
            .questions(keys, signing_time + std::chrono::hours(25))
            .empty());
}

TEST_CASE("RFC 6376 section 3.5, l=: what is added below is not signed, and that is told") {
  Signed message({.domain = "contoso.com", .selector = "sel", .body_length = 10});
  message.message += "spam\r\n";
  const auto results =
      verify_dkim(message.message, txt_answers({{name, ed25519_key().to_record()}}));
  REQUIRE(summary(results) == "pass");
  CHECK(results[0].unsigned_body == 27);

  Signed whole({.domain = "contoso.com", .selector = "sel", .body_length = 1000});
  CHECK(whole.verify() == "pass");
  whole.replace("a body", "body");
  CHECK(whole.verify() == "fail: body is shorter than signed");
}

TEST_CASE("RFC 8301 section 3.1: rsa-sha1 has failed whatever it says, and costs nothing") {
  const std::string message = Signed()
                                  .replace("a=ed25519-sha256", "a=rsa-sha1")
                                  .replace("bh=", "bh=dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=; old=")
                                  .message;
  const auto section = mail::parse_header_section(message);
  BodyHashes body;
  const DkimVerifier verifier(message, section, body);
  DkimKeyCache keys;
  CHECK(body.is_empty());
  CHECK(verifier.questions(keys, {}).empty());
  const auto results = verify_dkim(message, {});
  CHECK(summary(results) == "permerror: rsa-sha1 is no longer valid");
  CHECK(results[0].domain == "contoso.com");
}

TEST_CASE("a malformed signature is neutral and leaves the others alone") {
  const std::string message = "DKIM-Signature: v=1; d=fabrikam.com; d=x.y\r\n" + Signed().message;
  const auto results = verify_dkim(message, txt_answers({{name, ed25519_key().to_record()}}));
  CHECK(summary(results) == "neutral: signature syntax error | pass");
  CHECK(results[0].detail == "tag d stands there twice");
  CHECK(results[1].field == 1);
}

TEST_CASE("signatures beyond the limit are not looked at") {
  std::string message = Signed().message;
  for (int i = 0; i < 5; ++i) message = Signed().field + message;
  const auto results = verify_dkim(message, txt_answers({{name, ed25519_key().to_record()}}), {},
                                   {.max_signatures = 2});
  CHECK(summary(results) == "pass | pass | policy: too many signatures");
}

TEST_CASE("a header section beyond its limits is not verified") {
  const std::string message =
      Signed().field + "X: " + std::string(mail::max_header_line, 'x') + "\r\n" + plain;
  CHECK(summary(verify_dkim(message, {})) == "permerror: header section cannot be read");
}

TEST_CASE("a key name that the DNS cannot hold is not asked for") {
  const std::string label(60, 'a');
  const std::string domain = label + "." + label + "." + label + ".com";
  const Signed message({.domain = domain, .selector = label});
  CHECK(message.verify() == "permerror: no key for signature");
}

TEST_CASE("the signed octets can be shown") {
  const Signed message({.domain = "contoso.com", .selector = "sel", .header_names = {"From"}});
  const auto section = mail::parse_header_section(message.message);
  BodyHashes body;
  const DkimVerifier verifier(message.message, section, body);
  const std::string octets = verifier.signed_octets(0);
  CHECK(octets.starts_with("from:Ann <ann@contoso.com>\r\ndkim-signature:v=1; a=ed25519-sha256;"));
  CHECK(octets.ends_with(" b="));
}

TEST_CASE("a header section without a body can be signed and verified") {
  const std::string message = "From: ann@contoso.com\r\n";
  const std::string field =
      sign_dkim(message, ed25519_key(), {.domain = "contoso.com", .selector = "sel"});
  CHECK(summary(verify_dkim(field + message, txt_answers({{name, ed25519_key().to_record()}}))) ==
        "pass");
}
