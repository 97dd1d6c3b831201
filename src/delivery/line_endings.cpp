#include "delivery/line_endings.h"

namespace postern::delivery {

void DotStuffer::append(std::string_view piece, std::string& out) {
  if (piece.empty()) return;
  const auto is_bare = [](char before, char c) { return (before == '\r') != (c == '\n'); };
  const auto is_dot = [](char before, char c) { return before == '\n' && c == '.'; };
  const bool begins_with_dot = is_dot(last_, piece.front());
  // Hardly any message has such a dot. Without branches and checks, many octets are compared at
  // once.
  bool bare = is_bare(last_, piece.front());
  bool dots = false;
  for (const char* c = piece.data() + 1; c != piece.data() + piece.size(); ++c) {
    bare |= is_bare(c[-1], c[0]);
    dots |= is_dot(c[-1], c[0]);
  }
  spoiled_ |= bare;
  last_ = piece.back();

  if (begins_with_dot) out += '.';
  for (; dots; dots = piece.contains("\n.")) {
    const std::size_t line = piece.find("\n.") + 1;
    out.append(piece.substr(0, line)) += '.';
    piece.remove_prefix(line);
  }
  out += piece;
}

bool DotStuffer::finish(std::string& out) {
  if (last_ == '\r') spoiled_ = true;
  if (spoiled_) return false;
  // A last chunk of BDAT need not end a line; the final dot needs one to itself.
  if (last_ != '\n') out += "\r\n";
  out += ".\r\n";
  return true;
}

void UnixLines::append(std::string_view piece, std::string& out) {
  if (piece.empty()) return;
  if (held_cr_ && piece.front() != '\n') out += '\r';
  held_cr_ = false;
  for (;;) {
    const std::size_t cr = piece.find('\r');
    out += piece.substr(0, cr);
    if (cr == std::string_view::npos) return;
    piece.remove_prefix(cr + 1);
    if (piece.empty()) {
      held_cr_ = true;
      return;
    }
    if (piece.front() != '\n') out += '\r';
  }
}

void UnixLines::finish(std::string& out) {
  if (held_cr_) out += '\r';
  held_cr_ = false;
}

}  // namespace postern::delivery
