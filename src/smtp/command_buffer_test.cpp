#include "smtp/command_buffer.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace postern::smtp;

namespace {

struct Found {
  std::string text;
  LineFault fault;
  bool operator==(const Found&) const = default;
};

std::vector<Found> lines_of(CommandBuffer& buffer) {
  std::vector<Found> found;
  while (const auto line = buffer.take_line())
    found.push_back({std::string(line->text), line->fault});
  return found;
}

}  // namespace

TEST_CASE("lines are found wherever the stream was cut") {
  const std::string stream =
      "NOOP\r\nbare\nin\rside\r\nnul" + std::string(1, '\0') + "\r\n0123456789abcdef\r\n\r\nlast";
  const std::vector<Found> expected{{"NOOP", LineFault::none},
                                    {"bare", LineFault::bare_line_ending},
                                    {"in\rside", LineFault::bare_line_ending},
                                    {"nul" + std::string(1, '\0'), LineFault::control_character},
                                    {"", LineFault::too_long},
                                    {"", LineFault::none}};
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    CommandBuffer buffer(16);
    buffer.append(std::string_view(stream).substr(0, cut));
    std::vector<Found> found = lines_of(buffer);
    buffer.append(std::string_view(stream).substr(cut));
    for (const Found& line : lines_of(buffer)) found.push_back(line);
    CHECK(found == expected);
    CHECK(buffer.rest() == "last");
  }
}

TEST_CASE("the limit counts CR and LF") {
  CommandBuffer buffer(6);
  buffer.append("NOOP\r\nNOOP \r\n");
  CHECK(buffer.take_line()->fault == LineFault::none);
  CHECK(buffer.take_line()->fault == LineFault::too_long);
}

TEST_CASE("of an endless line nothing is kept") {
  CommandBuffer buffer(16);
  for (int i = 0; i < 1000; ++i) {
    buffer.append(std::string(100, 'x'));
    CHECK_FALSE(buffer.take_line());
    CHECK(buffer.empty());
    CHECK(buffer.is_within_line());
  }
  buffer.append("\r\nNOOP\r\n");
  CHECK(buffer.take_line()->fault == LineFault::too_long);
  CHECK(buffer.take_line()->text == "NOOP");
  CHECK_FALSE(buffer.is_within_line());
}

TEST_CASE("content behind a command can be taken as it is") {
  CommandBuffer buffer(100);
  buffer.append("BDAT 3\r\nabcNOOP\r\n");
  CHECK(buffer.take_line()->text == "BDAT 3");
  CHECK(buffer.rest().substr(0, 3) == "abc");
  buffer.consume(3);
  CHECK(buffer.take_line()->text == "NOOP");
  CHECK(buffer.empty());
}
