#include "admin/web_sessions.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace postern;
using namespace postern::admin;

namespace {

const Time noon = *parse_iso("2025-01-29T12:00:00Z");

Credential admin_credential() {
  return {.admin_digest = "digest"};
}
Credential token_credential(char last) {
  return {.token =
              directory::Guid::parse("f81d4fae-7dec-11d0-a765-00a0c91e6bf" + std::string(1, last))};
}

}  // namespace

TEST_CASE("a session is found by its cookie, and by no other") {
  WebSessions sessions;
  const std::string cookie = sessions.begin(admin_credential(), noon);
  CHECK(cookie.size() == 64);
  const WebSession* session = sessions.find(cookie, noon, true);
  REQUIRE(session != nullptr);
  CHECK(session->csrf.size() == 64);
  CHECK(session->csrf != cookie);
  CHECK(sessions.find("", noon, true) == nullptr);
  CHECK(sessions.find(cookie.substr(1), noon, true) == nullptr);
  CHECK(sessions.find(session->csrf, noon, true) == nullptr);
  sessions.end(cookie);
  CHECK(sessions.find(cookie, noon, true) == nullptr);
}

TEST_CASE("who does nothing is logged out, and a page that looks by itself does nothing") {
  WebSessions sessions;
  const std::string used = sessions.begin(admin_credential(), noon);
  const std::string polled = sessions.begin(admin_credential(), noon);
  const auto almost = WebSessions::idle_time - std::chrono::seconds(1);
  CHECK(sessions.find(used, noon + almost, true) != nullptr);
  CHECK(sessions.find(polled, noon + almost, false) != nullptr);
  CHECK(sessions.find(used, noon + 2 * almost, true) != nullptr);
  CHECK(sessions.find(polled, noon + 2 * almost, false) == nullptr);
  CHECK(sessions.size() == 1);
}

TEST_CASE("no session lasts longer than its whole time") {
  WebSessions sessions;
  const std::string cookie = sessions.begin(admin_credential(), noon);
  Time time = noon;
  while (time - noon < WebSessions::total_time) {
    REQUIRE(sessions.find(cookie, time, true) != nullptr);
    time += std::chrono::minutes(10);
  }
  CHECK(sessions.find(cookie, time, true) == nullptr);
}

TEST_CASE("one token cannot have more than so many, and pushes out only its own") {
  WebSessions sessions;
  const std::string other = sessions.begin(token_credential('1'), noon);
  std::vector<std::string> cookies;
  for (std::size_t i = 0; i < WebSessions::max_of_one + 1; ++i)
    cookies.push_back(sessions.begin(token_credential('2'), noon + std::chrono::seconds(i)));
  CHECK(sessions.size() == WebSessions::max_of_one + 1);
  const Time later = noon + std::chrono::minutes(1);
  CHECK(sessions.find(cookies[0], later, true) == nullptr);
  CHECK(sessions.find(cookies[1], later, true) != nullptr);
  CHECK(sessions.find(other, later, true) != nullptr);
}

TEST_CASE("all of them are bounded; the one that was not used for longest goes") {
  WebSessions sessions;
  const std::string first = sessions.begin(admin_credential(), noon);
  const std::string second =
      sessions.begin(admin_credential(), noon + std::chrono::milliseconds(1));
  REQUIRE(sessions.find(first, noon + std::chrono::seconds(1), true) != nullptr);
  for (std::size_t i = 0; i + 1 < WebSessions::max_sessions; ++i) {
    Credential credential;
    credential.admin_digest = std::to_string(i);
    sessions.begin(credential, noon + std::chrono::seconds(1));
  }
  CHECK(sessions.size() == WebSessions::max_sessions);
  CHECK(sessions.find(second, noon + std::chrono::seconds(1), true) == nullptr);
  CHECK(sessions.find(first, noon + std::chrono::seconds(1), true) != nullptr);
}
