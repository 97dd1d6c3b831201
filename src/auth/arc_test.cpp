#include <doctest/doctest.h>

#include "auth/arc_seal.h"
#include "auth/arc_validate.h"
#include "auth/dkim_testing.h"

using namespace postern;
using namespace postern::auth;
using testing::txt_answers;

namespace {

const Time moment{std::chrono::seconds(1'700'000'000)};

const std::string plain =
    "From: Ann <ann@example.com>\r\nTo: list@lists.example.net\r\nSubject: hello\r\n\r\nHello "
    "all,\r\n";

const PrivateKey& key() {
  static const PrivateKey secret = PrivateKey::generate(KeyType::ed25519);
  return secret;
}

dns::AnswerSet answers() {
  return txt_answers({{"sel._domainkey.one.example", key().to_record()},
                      {"sel._domainkey.two.example", key().to_record()},
                      {"sel._domainkey.three.example", key().to_record()}});
}

ArcResult validate(std::string_view message, const dns::AnswerSet& given = answers()) {
  const auto section = mail::parse_header_section(message);
  BodyHashes body;
  const ArcValidator validator(message, section, body);
  body.update(message.substr(section.body_begin));
  body.finish();
  DkimKeyCache keys;
  auto asking = validator.evaluate(given, keys, moment);
  REQUIRE(asking.value);
  return *asking.value;
}

/// `message` with one more set, by `domain`; the chain is what it is found to be.
std::string sealed(const std::string& message, const std::string& domain,
                   std::string_view results = "lists.example.net; dkim=pass header.d=example.com") {
  const auto section = mail::parse_header_section(message);
  const Digest body =
      Sha256::of(canonicalize_body(message.substr(section.body_begin), Canonicalization::relaxed));
  const auto fields = seal_arc(message, section, body, validate(message), results, key(),
                               {.domain = domain, .selector = "sel", .sealed_at = moment});
  REQUIRE(fields);
  return *fields + message;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

ArcProblem problem(const std::string& message) {
  const ArcResult result = validate(message);
  CHECK((result.status == ArcStatus::fail) == (result.problem != ArcProblem::none));
  return result.problem;
}

}  // namespace

TEST_CASE("RFC 8617 section 5.2: a message without ARC fields has no chain and asks nothing") {
  const auto section = mail::parse_header_section(plain);
  BodyHashes body;
  const ArcValidator validator(plain, section, body);
  CHECK_FALSE(validator.has_chain());
  CHECK(body.is_empty());
  CHECK(validate(plain).status == ArcStatus::none);
}

TEST_CASE("RFC 8617 section 5: what three hops seal passes, and each hop is described") {
  const std::string once = sealed(plain, "one.example");
  const std::string thrice =
      sealed(sealed(once, "two.example"), "three.example", "x.example; none");
  const ArcResult result = validate(thrice);
  REQUIRE(result.status == ArcStatus::pass);
  REQUIRE(result.hops.size() == 3);
  CHECK(result.oldest_pass == 0);
  CHECK(result.hops[0].instance == 1);
  CHECK(result.hops[0].seal_domain == "one.example");
  CHECK(result.hops[0].seal_selector == "sel");
  CHECK(result.hops[0].signature_domain == "one.example");
  CHECK(result.hops[0].results == " lists.example.net; dkim=pass header.d=example.com");
  CHECK(result.hops[2].results == " x.example; none");
}

TEST_CASE("questions are known before the body: the keys of all hops, each once") {
  const std::string message = sealed(sealed(plain, "one.example"), "two.example");
  const auto section = mail::parse_header_section(message);
  BodyHashes body;
  const ArcValidator validator(message, section, body);
  DkimKeyCache keys;
  const auto questions = validator.questions(keys, moment);
  REQUIRE(questions.size() == 2);
  CHECK(questions[0].name == "sel._domainkey.one.example");
  CHECK(questions[1].name == "sel._domainkey.two.example");
  body.update(message.substr(section.body_begin));
  body.finish();
  CHECK(validator.evaluate({}, keys, moment).questions == questions);
}

TEST_CASE("a hop may change the message; the chain passes and tells since when it is this one") {
  const std::string once = sealed(plain, "one.example");
  const std::string changed = replaced(once, "Subject: hello", "Subject: [list] hello");
  CHECK(problem(changed) == ArcProblem::message_signature);

  // The next hop found the chain whole, and changed the message before it sealed.
  const auto section = mail::parse_header_section(changed);
  const Digest body = Sha256::of(canonicalize_body("Hello all,\r\n", Canonicalization::relaxed));
  const auto fields = seal_arc(changed, section, body, validate(once), "two.example; arc=pass",
                               key(), {.domain = "two.example", .selector = "sel"});
  const ArcResult result = validate(*fields + changed);
  CHECK(result.status == ArcStatus::pass);
  CHECK(result.oldest_pass == 2);
}

TEST_CASE("RFC 8617 section 5.1.2: a broken chain is sealed as broken, and then no further") {
  const std::string changed =
      replaced(sealed(plain, "one.example"), "Subject: hello", "Subject: other");
  const std::string twice = sealed(changed, "two.example");
  CHECK(twice.find("cv=fail;") != std::string::npos);
  const ArcResult result = validate(twice);
  CHECK(result.status == ArcStatus::fail);
  CHECK(result.problem == ArcProblem::sealed_as_failed);
  CHECK(result.instance == 2);
  CHECK_FALSE(seal_arc(twice, mail::parse_header_section(twice), {}, result, "x", key(),
                       {.domain = "three.example", .selector = "sel"}));
}

TEST_CASE("RFC 8617 section 5.2, step 6: what older hops wrote cannot be changed") {
  const std::string message = sealed(sealed(plain, "one.example"), "two.example");
  // The last one in the text is the oldest.
  std::string forged = message;
  forged.replace(forged.rfind("dkim=pass"), 9, "dkim=fail");
  const ArcResult result = validate(forged);
  CHECK(result.problem == ArcProblem::seal);
  CHECK(result.instance == 2);
  CHECK(result.step == DkimProblem::signature);
}

TEST_CASE("RFC 8617 section 5.2, step 3: the sets are complete, in order and of one kind each") {
  const std::string once = sealed(plain, "one.example");
  const std::string results = "ARC-Authentication-Results: i=1; ";
  CHECK(problem(replaced(once, "ARC-Seal: ", "X-Seal: ")) == ArcProblem::incomplete);
  CHECK(problem(replaced(once, results, "X: ")) == ArcProblem::incomplete);
  CHECK(problem(replaced(once, results, "ARC-Authentication-Results: ")) == ArcProblem::instance);
  CHECK(problem(replaced(once, results, "ARC-Authentication-Results: i=0; ")) ==
        ArcProblem::instance);
  CHECK(problem(replaced(once, results, "ARC-Authentication-Results: i=51; ")) ==
        ArcProblem::instance);
  CHECK(problem(replaced(once, results, "ARC-Authentication-Results: i=1 x; ")) ==
        ArcProblem::instance);
  CHECK(problem(replaced(once, results, "ARC-Authentication-Results: i=2; ")) ==
        ArcProblem::incomplete);
  CHECK(problem("ARC-Authentication-Results: i=1; x\r\n" + once) == ArcProblem::too_many_fields);
  CHECK(problem("ARC-Seal: i=2; x\r\n" + once) == ArcProblem::instance);
  CHECK(problem(replaced(once, results, "ARC-Authentication-Results: (c) i (d) = 1 (e) ; ")) ==
        ArcProblem::seal);
}

TEST_CASE("RFC 8617 section 4.1.3: the tags of a seal") {
  const std::string once = sealed(plain, "one.example");
  CHECK(problem(replaced(once, "cv=none;", "cv=pass;")) == ArcProblem::chain_status);
  CHECK(problem(replaced(once, "cv=none;", "cv=fail;")) == ArcProblem::sealed_as_failed);
  CHECK(problem(replaced(once, "cv=none;", "cv=maybe;")) == ArcProblem::seal_syntax);
  CHECK(problem(replaced(once, "cv=none;", "")) == ArcProblem::seal_syntax);
  CHECK(problem(replaced(once, "cv=none;", "cv=none; h=from;")) == ArcProblem::seal_syntax);
  CHECK(problem(replaced(once, "cv=none;", "cv=none; x=1;")) == ArcProblem::seal_syntax);
  CHECK(problem(replaced(once, "cv=none;", "cv=none; y=1;")) == ArcProblem::seal);
}

TEST_CASE("RFC 8617 section 4.1.2: a message signature does not cover seals") {
  const std::string message = "X: y\r\n" + plain;
  const auto section = mail::parse_header_section(message);
  const Digest body = Sha256::of(canonicalize_body("Hello all,\r\n", Canonicalization::relaxed));
  const auto fields =
      seal_arc(message, section, body, {}, "x", key(),
               {.domain = "one.example", .selector = "sel", .header_names = {"From", "X"}});
  const ArcResult good = validate(*fields + message);
  CHECK(good.status == ArcStatus::pass);
  const ArcResult bad = validate(replaced(*fields + message, "From: X;", "From: ARC-Seal;"));
  CHECK(bad.problem == ArcProblem::message_signature);
  CHECK(bad.step == DkimProblem::syntax);
}

TEST_CASE("RFC 8617 section 5.2.1: a key that the DNS does not give fails the chain for good") {
  const std::string name = "sel._domainkey.one.example";
  const ArcResult result = validate(sealed(plain, "one.example"),
                                    testing::failing_answer(name, dns::Status::failure, "timeout"));
  CHECK(result.status == ArcStatus::fail);
  CHECK(result.step == DkimProblem::key_unavailable);
}

TEST_CASE("fifty sets are the most") {
  std::string message = plain;
  for (int i = 0; i < max_arc_sets; ++i) message = sealed(message, "one.example", "x");
  const ArcResult result = validate(message);
  CHECK(result.status == ArcStatus::pass);
  CHECK_FALSE(seal_arc(message, mail::parse_header_section(message), {}, result, "x", key(),
                       {.domain = "one.example", .selector = "sel"}));
}

TEST_CASE("results count down to the oldest of an unbroken row of trusted sealers") {
  const std::string message =
      sealed(sealed(sealed(plain, "one.example", "a"), "two.example", "b"), "three.example", "c");
  const ArcResult result = validate(message);
  const auto oldest = [&](std::vector<std::string> trusted) {
    const ArcHop* hop = trusted_results(result, trusted);
    return hop ? hop->instance : 0;
  };
  CHECK(oldest({}) == 0);
  CHECK(oldest({"one.example", "two.example"}) == 0);
  CHECK(oldest({"three.example"}) == 3);
  CHECK(oldest({"three.example", "one.example"}) == 3);
  CHECK(oldest({"three.example", "two.example"}) == 2);
  CHECK(oldest({"one.example", "two.example", "three.example"}) == 1);

  ArcResult other_signer = result;
  other_signer.hops[2].signature_domain = "evil.example";
  CHECK(trusted_results(other_signer, std::vector<std::string>{"three.example"}) == nullptr);
  ArcResult failed = result;
  failed.status = ArcStatus::fail;
  CHECK(trusted_results(failed, std::vector<std::string>{"three.example"}) == nullptr);
}

TEST_CASE("the sealed octets can be shown") {
  const std::string message = sealed(plain, "one.example", "x");
  const auto section = mail::parse_header_section(message);
  BodyHashes body;
  const ArcValidator validator(message, section, body);
  CHECK(
      validator.sealed_octets(1).starts_with("arc-authentication-results:i=1; x\r\narc-message-"));
  CHECK(validator.sealed_octets(1).ends_with(" b="));
  CHECK(validator.sealed_octets(2).empty());
}
