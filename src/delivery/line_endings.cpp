#include "delivery/line_endings.h"

namespace postern::delivery {

void DotStuffer::append(std::string_view piece, std::string& out) {
  std::size_t copied = 0;
  for (std::size_t at = 0; at < piece.size();) {
    if (after_ == After::crlf && piece[at] == '.') {
      out.append(piece.substr(copied, at - copied)).append(".");
      copied = at;
    }
    // The rest of the line: a CR may stand only before its LF.
    const std::size_t lf = piece.find('\n', at);
    const bool ends = lf != std::string_view::npos;
    const std::string_view text = piece.substr(at, lf - at);
    if (after_ == After::cr && !text.empty()) spoiled_ = true;
    if (text.substr(0, text.size() - !text.empty()).contains('\r')) spoiled_ = true;
    const bool has_cr = text.empty() ? after_ == After::cr : text.back() == '\r';
    if (ends && !has_cr) spoiled_ = true;
    after_ = !has_cr ? After::text : ends ? After::crlf : After::cr;
    at = ends ? lf + 1 : piece.size();
  }
  out += piece.substr(copied);
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
