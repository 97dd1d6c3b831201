#include "net/endpoint.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::net;

TEST_CASE("endpoints are read and written in one form") {
  for (const char* text : {"0.0.0.0:25", "127.0.0.1:0", "[::]:25", "[2001:db8::1]:65535",
                           "unix:/run/postern/lmtp.sock"}) {
    CAPTURE(text);
    const auto endpoint = parse_endpoint(text);
    REQUIRE(endpoint);
    CHECK(endpoint->to_string() == text);
  }
}

TEST_CASE("what is no endpoint is explained") {
  const auto problem = [](std::string_view text) {
    const auto endpoint = parse_endpoint(text);
    return endpoint ? std::string() : endpoint.error().message;
  };
  CHECK(problem("127.0.0.1").contains("names no port"));
  CHECK(problem("").contains("names no port"));
  CHECK(problem("localhost:25").contains("\"localhost\" is not an IP address"));
  CHECK(problem("::1:25").contains("brackets"));
  CHECK(problem("[127.0.0.1]:25").contains("brackets"));
  CHECK(problem("127.0.0.1:65536").contains("0 to 65535"));
  CHECK(problem("127.0.0.1:").contains("0 to 65535"));
  CHECK(problem("127.0.0.1:+25").contains("0 to 65535"));
  CHECK(problem("unix:relative").contains("begins with /"));
  CHECK(problem("unix:/" + std::string(200, 'x')).contains("at most"));
}

TEST_CASE("socket addresses and endpoints are the same thing") {
  for (const char* text : {"192.0.2.1:25", "[2001:db8::1]:25", "unix:/run/x"}) {
    CAPTURE(text);
    const auto endpoint = parse_endpoint(text);
    REQUIRE(endpoint);
    CHECK(SocketAddress::from(*endpoint).to_endpoint() == *endpoint);
  }
  const std::string longest = "/" + std::string(max_socket_path - 1, 'x');
  const auto endpoint = parse_endpoint("unix:" + longest);
  REQUIRE(endpoint);
  CHECK(SocketAddress::from(*endpoint).to_endpoint().path == longest);
}
