#include "mail/header_collector.h"

#include <doctest/doctest.h>

using postern::mail::HeaderCollector;

TEST_CASE("wherever a message is cut, header section and body come apart at the empty line") {
  for (const std::string& message : std::initializer_list<std::string>{
           "A: 1\r\nB: 2\r\n\r\nbody\r\n\r\nmore", "\r\nbody", "A: 1\r\n\r\n", "A: 1\r\nno end"}) {
    const std::size_t empty = message.starts_with("\r\n") ? 0 : message.find("\r\n\r\n");
    const std::size_t split =
        empty == std::string::npos ? message.size() : empty + (empty == 0 ? 2 : 4);
    for (std::size_t first = 0; first <= message.size(); ++first) {
      for (std::size_t second = first; second <= message.size(); ++second) {
        HeaderCollector collector;
        std::string body;
        body += collector.feed(std::string_view(message).substr(0, first));
        body += collector.feed(std::string_view(message).substr(first, second - first));
        body += collector.feed(std::string_view(message).substr(second));
        REQUIRE(collector.text() == message.substr(0, split));
        REQUIRE(body == message.substr(split));
        REQUIRE(collector.is_complete() == (empty != std::string::npos));
      }
    }
  }
}

TEST_CASE("a header section that never ends is kept to its limit and no further") {
  HeaderCollector collector;
  const std::string line = "X: " + std::string(1000, 'x') + "\r\n";
  for (int i = 0; i < 1000; ++i) collector.feed(line);
  CHECK(collector.text().size() == postern::mail::max_header_bytes + 1);
  CHECK(postern::mail::parse_header_section(collector.text()).trouble ==
        postern::mail::HeaderTrouble::too_large);
}
