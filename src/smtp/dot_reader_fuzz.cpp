// The same result however the stream is cut, and what was read can be stuffed again to the same
// bytes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "smtp/dot_reader.h"

using namespace postern::smtp;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  DotReader reader{100};
  std::string text;
  std::string rest;
};

Outcome read_in_pieces(std::string_view stream, std::size_t size) {
  Outcome outcome;
  for (std::string_view left = stream; !left.empty();
       left.remove_prefix(std::min(size, left.size()))) {
    const auto fed = outcome.reader.feed(left.substr(0, size));
    outcome.text += fed.text;
    outcome.rest += fed.rest;
  }
  return outcome;
}

/// RFC 5321 section 4.5.2, the client's side.
std::string stuff(std::string_view text) {
  std::string stuffed;
  bool at_line_start = true;
  for (const char c : text) {
    if (at_line_start && c == '.') stuffed += '.';
    stuffed += c;
    at_line_start = c == '\n';
  }
  return stuffed + ".\r\n";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(static_cast<const char*>(static_cast<const void*>(data + 1)),
                                size - 1);
  const Outcome whole = read_in_pieces(stream, stream.size() + 1);
  const Outcome cut = read_in_pieces(stream, data[0] % 16u + 1);
  const auto& check = whole.reader.check();
  require(whole.reader.state() == cut.reader.state());
  require(check.fault() == cut.reader.check().fault());
  require(check.fault_line() == cut.reader.check().fault_line());
  if (whole.reader.state() == DotReader::State::broken) {
    require(check.has_bare_line_ending());
    return 0;
  }
  require(whole.text == cut.text && whole.rest == cut.rest);
  if (whole.reader.state() != DotReader::State::complete) return 0;

  // A client may also have stuffed what needed no dot: "." before another character.
  const std::string again = stuff(whole.text) + whole.rest;
  require(again.size() <= stream.size());
  if (again.size() == stream.size()) require(again == stream);
  const Outcome second = read_in_pieces(again, again.size() + 1);
  require(second.reader.state() == DotReader::State::complete && second.text == whole.text);
  return 0;
}
