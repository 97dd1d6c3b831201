#include "delivery/line_endings.h"

namespace postern::delivery {

void DotStuffer::append(std::string_view piece, std::string& out) {
  while (!piece.empty()) {
    if (after_ == After::cr) {
      // A CR was the last octet: only LF may follow.
      if (piece.front() != '\n') spoiled_ = true;
      after_ = piece.front() == '\n' ? After::crlf : After::text;
      out += piece.front();
      piece.remove_prefix(1);
      continue;
    }
    if (after_ == After::crlf && piece.front() == '.') out += '.';
    after_ = After::text;

    // The rest of the line, up to its CR.
    const std::size_t cr = piece.find('\r');
    const std::string_view text = piece.substr(0, cr);
    if (text.contains('\n')) spoiled_ = true;
    out += text;
    piece.remove_prefix(text.size());
    if (piece.empty()) break;
    out += '\r';
    piece.remove_prefix(1);
    after_ = After::cr;
  }
}

bool DotStuffer::finish(std::string& out) {
  if (after_ == After::cr) spoiled_ = true;
  if (spoiled_) return false;
  // A last chunk of BDAT need not end a line; the final dot needs one to itself.
  if (after_ == After::text) out += "\r\n";
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
