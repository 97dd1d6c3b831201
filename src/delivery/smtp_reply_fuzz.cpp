// Whatever a server sends: cut anywhere it is the same, and what we repeat of it is one reply.
#include "delivery/smtp_reply.h"

#include <cstdint>
#include <cstdlib>

using namespace postern::delivery;

namespace {

std::string read_all(std::string_view text, std::size_t cut) {
  ReplyParser parser;
  std::string seen;
  for (std::string_view piece : {text.substr(0, cut), text.substr(cut)}) {
    while (!piece.empty()) {
      const ReplyParser::Status status = parser.feed(piece);
      if (status == ReplyParser::Status::malformed) return seen + "malformed";
      if (status == ReplyParser::Status::complete) seen += parser.reply().to_reply().to_wire();
    }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string whole = read_all(text, 0);
  if (whole != read_all(text, size == 0 ? 0 : data[size - 1] % (size + 1))) std::abort();

  // What was repeated reads as replies again, every line short and printable.
  std::string_view rest = whole;
  if (rest.ends_with("malformed")) rest.remove_suffix(9);
  ReplyParser parser;
  while (!rest.empty()) {
    const std::size_t line = rest.find("\r\n");
    if (line == std::string_view::npos || line > 510) std::abort();
    const std::string_view before = rest;
    if (parser.feed(rest) == ReplyParser::Status::malformed) std::abort();
    if (rest.size() == before.size()) std::abort();
  }
  return 0;
}
