// The same packets however the stream is cut, and what was parsed is printed to the same octets.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "milter/packets.h"

using namespace postern::milter;

namespace {

constexpr std::size_t max_packet = 4096;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string read_in_pieces(std::string_view stream, std::size_t size) {
  FrameReader reader(max_packet);
  std::string seen;
  for (std::string_view left = stream; !left.empty();
       left.remove_prefix(std::min(size, left.size()))) {
    reader.append(left.substr(0, size));
    for (;;) {
      const auto frame = reader.next();
      if (!frame) return seen + frame.error().message;
      if (!*frame) break;
      require((*frame)->data.size() < max_packet);
      seen += to_wire(**frame);
      if (const auto request = parse_request(**frame))
        require(to_wire(*request) == to_wire(**frame));
    }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view stream(static_cast<const char*>(static_cast<const void*>(data)), size);
  const std::string whole = read_in_pieces(stream, std::max<std::size_t>(1, size));
  require(read_in_pieces(stream, 1) == whole);
  require(read_in_pieces(stream, 7) == whole);
  // Whatever the octets are, each of them can be the data of a packet.
  if (size > 0) {
    if (const auto request = parse_request({stream[0], stream.substr(1)}))
      require(to_wire(*request) == to_wire(Frame{stream[0], stream.substr(1)}));
  }
  return 0;
}
