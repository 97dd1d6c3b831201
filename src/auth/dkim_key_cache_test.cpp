#include "auth/dkim_key_cache.h"

#include <doctest/doctest.h>

#include "auth/dkim_testing.h"

using namespace postern;
using namespace postern::auth;
using testing::failing_answer;
using testing::txt_answers;

namespace {

const std::string name = "sel._domainkey.example.com";
const std::string record = "k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const Time start{std::chrono::hours(24 * 365)};

}  // namespace

TEST_CASE("a key is asked for once and then known for its TTL") {
  DkimKeyCache cache;
  const auto first = look_up_keys(name, {}, cache, start);
  REQUIRE(first.question);
  CHECK(first.question->name == name);
  CHECK(first.question->type == dns::Type::txt);

  const auto answered = look_up_keys(name, txt_answers({{name, record}}), cache, start);
  REQUIRE(answered.keys);
  CHECK(answered.keys->keys.size() == 1);

  const auto later = look_up_keys(name, {}, cache, start + std::chrono::seconds(3599));
  CHECK(later.keys == answered.keys);
  CHECK(look_up_keys(name, {}, cache, start + std::chrono::seconds(3600)).question);
}

TEST_CASE("a newer answer decides, and one that says the same costs no decoding") {
  DkimKeyCache cache;
  const auto first = look_up_keys(name, txt_answers({{name, record}}), cache, start);
  const auto same =
      look_up_keys(name, txt_answers({{name, record}}), cache, start + std::chrono::hours(5));
  CHECK(same.keys == first.keys);
  CHECK(look_up_keys(name, {}, cache, start + std::chrono::hours(5)).keys == first.keys);

  const auto revoked = look_up_keys(name, txt_answers({{name, "p="}}), cache, start);
  REQUIRE(revoked.keys);
  CHECK_FALSE(revoked.keys->keys[0]->key);
  CHECK(look_up_keys(name, {}, cache, start).keys == revoked.keys);
}

TEST_CASE("an absent key is missing, an unanswered one is not available") {
  DkimKeyCache cache;
  for (const dns::Status status : {dns::Status::nxdomain, dns::Status::empty})
    CHECK(look_up_keys(name, failing_answer(name, status), cache, start).fault->problem ==
          DkimProblem::key_missing);
  const auto failed =
      look_up_keys(name, failing_answer(name, dns::Status::failure, "SERVFAIL"), cache, start);
  CHECK(failed.fault->problem == DkimProblem::key_unavailable);
  CHECK(failed.fault->detail == name + ": SERVFAIL");
}

TEST_CASE("of many records at one name the first are looked at, and long ones are not read") {
  auto answer = std::make_shared<dns::Answer>();
  answer->status = dns::Status::ok;
  answer->texts = {"v=spf1 -all", std::string(max_key_record_size + 1, 'x'), record, record};
  dns::AnswerSet answers;
  answers.add({.name = name, .type = dns::Type::txt}, answer);
  DkimKeyCache cache;
  const auto lookup = look_up_keys(name, answers, cache, start);
  REQUIRE(lookup.keys);
  REQUIRE(lookup.keys->keys.size() == max_key_records);
  CHECK_FALSE(lookup.keys->keys[0]);
  CHECK_FALSE(lookup.keys->keys[1]);
  CHECK(lookup.keys->keys[2]);
}

TEST_CASE("a long TTL ends after a day") {
  auto answer = std::make_shared<dns::Answer>();
  answer->status = dns::Status::ok;
  answer->ttl = 2'000'000'000;
  answer->texts = {record};
  dns::AnswerSet answers;
  answers.add({.name = name, .type = dns::Type::txt}, answer);
  DkimKeyCache cache;
  CHECK(look_up_keys(name, answers, cache, start).keys->expires == start + max_key_ttl);
}

TEST_CASE("the cache is bounded and keeps what is used") {
  DkimKeyCache cache(10);
  const auto set = std::make_shared<DkimKeySet>();
  cache.store("used", set);
  for (int i = 0; i < 100; ++i) {
    cache.store("name" + std::to_string(i), set);
    CHECK(cache.find("used") == set);
    CHECK(cache.size() <= 10);
  }
  CHECK(cache.find("name0") == nullptr);
  CHECK(cache.find("name99") == set);
}
