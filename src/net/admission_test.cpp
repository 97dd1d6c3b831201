#include "net/admission.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

using namespace postern;
using namespace postern::net;

namespace {

IpAddress address(const char* text) {
  return IpAddress::parse(text).value();
}

}  // namespace

TEST_CASE("a place is taken until the ticket goes") {
  Admission admission({.connections = 2, .connections_per_client = 2});
  {
    auto first = admission.admit(address("192.0.2.1"));
    auto second = admission.admit(address("192.0.2.2"));
    REQUIRE(first);
    REQUIRE(second);
    const auto third = admission.admit(address("192.0.2.3"));
    REQUIRE_FALSE(third);
    CHECK(third.error() == Refusal::server_full);
    CHECK(admission.connections() == 2);

    const Admission::Ticket moved = std::move(*second);
    CHECK(admission.connections() == 2);
  }
  CHECK(admission.connections() == 0);
  CHECK(admission.admit(address("192.0.2.3")));
}

TEST_CASE("one client cannot take all places, and a refused one takes none") {
  Admission admission({.connections = 10, .connections_per_client = 1});
  auto first = admission.admit(address("192.0.2.1"));
  REQUIRE(first);
  const auto second = admission.admit(address("192.0.2.1"));
  REQUIRE_FALSE(second);
  CHECK(second.error() == Refusal::client_full);
  CHECK(admission.connections() == 1);
  CHECK(admission.admit(address("192.0.2.2")));
}

TEST_CASE("an IPv6 client is a /64") {
  Admission admission({.connections = 10, .connections_per_client = 1});
  const auto first = admission.admit(address("2001:db8:0:1::1"));
  REQUIRE(first);
  CHECK_FALSE(admission.admit(address("2001:db8:0:1:ffff::2")));
  CHECK(admission.admit(address("2001:db8:0:2::1")));
}

TEST_CASE("behind a proxy the client is named later") {
  Admission admission({.connections = 10, .connections_per_client = 1});
  auto direct = admission.admit(address("192.0.2.1"));
  auto first = admission.take_place();
  auto second = admission.take_place();
  REQUIRE(first);
  REQUIRE(second);
  CHECK_FALSE(first->name_client(address("192.0.2.1")));
  CHECK(second->name_client(address("192.0.2.2")));
  CHECK_FALSE(admission.admit(address("192.0.2.2")));
}

TEST_CASE("new limits hold for connections to come") {
  Admission admission({.connections = 10, .connections_per_client = 0});
  CHECK_FALSE(admission.admit(address("192.0.2.1")));
  admission.set_limits({.connections = 10, .connections_per_client = 1});
  CHECK(admission.admit(address("192.0.2.1")));
}

TEST_CASE("threads share the limits") {
  Admission admission({.connections = 8, .connections_per_client = 3});
  std::atomic<int> too_many = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        const IpAddress client = address(t % 2 == 0 ? "192.0.2.1" : "192.0.2.2");
        for (int i = 0; i < 5000; ++i) {
          std::vector<Admission::Ticket> held;
          for (int k = 0; k < 3; ++k) {
            auto ticket = admission.admit(client);
            if (ticket) held.push_back(std::move(*ticket));
          }
          if (admission.connections() > 8) ++too_many;
        }
      });
    }
  }
  CHECK(too_many == 0);
  CHECK(admission.connections() == 0);
}
