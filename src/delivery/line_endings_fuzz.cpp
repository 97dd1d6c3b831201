// What was stuffed reads back as the content, cut anywhere; only the content's own end is an end.
#include "delivery/line_endings.h"

#include <cassert>
#include <cstdint>
#include <cstdlib>

using postern::delivery::DotStuffer;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = size == 0 ? 0 : data[0] % (size + 1);

  DotStuffer whole;
  DotStuffer split;
  std::string out;
  std::string pieces;
  whole.append(text, out);
  split.append(text.substr(0, cut), pieces);
  split.append(text.substr(cut), pieces);
  const bool complete = whole.finish(out);
  if (complete != split.finish(pieces) || out != pieces) std::abort();
  if (!complete) return 0;

  // A server that takes CR or LF alone for a line end must find the same one end.
  if (("\r\n" + out).find("\r\n.\r\n") != out.size() - 3) std::abort();
  std::string back;
  bool at_start = true;
  for (std::size_t i = 0; i < out.size() - 3; ++i) {
    if (!(at_start && out[i] == '.')) back += out[i];
    at_start = out[i] == '\n';
  }
  if (back != text && back != std::string(text) + "\r\n") std::abort();
  return 0;
}
