#include "admin/failed_logins.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::admin;

namespace {

const Time start = *parse_iso("2025-01-29T12:00:00Z");

IpAddress ip(std::string_view text) {
  return *IpAddress::parse(text);
}

void fail_often(FailedLogins& logins, std::string_view client) {
  for (int i = 0; i < FailedLogins::max_failures; ++i) logins.note(ip(client), start);
}

}  // namespace

TEST_CASE("after ten wrong tokens a client is blocked until the minute is over, and no other") {
  FailedLogins logins;
  for (int i = 0; i < FailedLogins::max_failures; ++i) {
    CHECK_FALSE(logins.is_blocked(ip("192.0.2.1"), start));
    logins.note(ip("192.0.2.1"), start + std::chrono::seconds(i));
  }
  CHECK(logins.is_blocked(ip("192.0.2.1"), start + std::chrono::seconds(59)));
  CHECK_FALSE(logins.is_blocked(ip("192.0.2.1"), start + std::chrono::seconds(60)));
  CHECK_FALSE(logins.is_blocked(ip("192.0.2.2"), start));
}

TEST_CASE("an IPv6 client cannot help itself with another address of its network") {
  FailedLogins logins;
  fail_often(logins, "2001:db8::1");
  CHECK(logins.is_blocked(ip("2001:db8::ffff"), start));
  CHECK_FALSE(logins.is_blocked(ip("2001:db8:0:1::1"), start));
}

TEST_CASE("many clients neither grow the table without end nor free the one that is blocked now") {
  FailedLogins logins;
  for (std::size_t i = 0; i + 1 < FailedLogins::max_clients; ++i) {
    const auto byte = [i](int shift) { return static_cast<std::uint8_t>(i >> shift); };
    logins.note(IpAddress::v4({10, byte(16), byte(8), byte(0)}), start - std::chrono::hours(1));
  }
  fail_often(logins, "192.0.2.1");
  logins.note(ip("192.0.2.2"), start);
  CHECK(logins.is_blocked(ip("192.0.2.1"), start));
}
