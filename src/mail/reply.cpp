#include "mail/reply.h"

#include <algorithm>

namespace postern::mail {

std::string Reply::to_wire() const {
  const std::string digits = std::to_string(code);
  std::string wire;
  wire.reserve(digits.size() + enhanced.size() + text.size() + 4);
  std::string_view rest = text;
  for (bool last = false; !last;) {
    const std::size_t end = rest.find('\n');
    last = end == std::string_view::npos;
    wire += digits;
    wire += last ? ' ' : '-';
    if (!enhanced.empty()) wire.append(enhanced).append(" ");
    wire += rest.substr(0, end);
    wire += "\r\n";
    if (!last) rest.remove_prefix(end + 1);
  }
  return wire;
}

std::string Reply::to_line() const {
  std::string line = std::to_string(code);
  if (!enhanced.empty()) line.append(" ").append(enhanced);
  if (!text.empty()) line.append(" ").append(text);
  std::ranges::replace(line, '\n', ' ');
  return line;
}

}  // namespace postern::mail
