#include "smtp/text_check.h"

#include <cstdlib>

namespace postern::smtp {

void TextCheck::feed(std::string_view bytes) {
  while (!bytes.empty() && !has_bare_line_ending()) {
    const std::size_t lf = bytes.find('\n');
    const std::size_t size = lf == std::string_view::npos ? bytes.size() : lf + 1;
    feed_line(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
}

void TextCheck::finish() {
  if (after_cr_) note(TextFault::bare_cr);
}

void TextCheck::feed_line(std::string_view piece) {
  const bool ends = piece.back() == '\n';
  std::string_view text = piece;
  if (ends) text.remove_suffix(1);

  // The CR of CRLF, in this piece or at the end of the one before.
  if (after_cr_ && !text.empty()) return note(TextFault::bare_cr);
  const std::size_t cr = text.find('\r');
  if (cr != std::string_view::npos && cr + 1 < text.size()) return note(TextFault::bare_cr);
  const bool has_cr = after_cr_ || cr != std::string_view::npos;
  if (ends && !has_cr) return note(TextFault::bare_lf);

  if (text.contains('\0')) note(TextFault::nul);
  length_ += piece.size();
  if (length_ > max_line_) note(TextFault::long_line);
  after_cr_ = has_cr && !ends;
  if (ends) {
    length_ = 0;
    ++line_;
  }
}

void TextCheck::note(TextFault fault) {
  const bool is_mild = fault == TextFault::nul || fault == TextFault::long_line;
  // Of the two in one line always the same one, whichever is seen first.
  const bool is_first =
      fault_ == TextFault::none ||
      (fault_ == TextFault::long_line && fault == TextFault::nul && fault_line_ == line_);
  if (is_mild && !is_first) return;
  fault_ = fault;
  fault_line_ = line_;
}

std::string_view describe(TextFault fault) {
  switch (fault) {
    case TextFault::none:
      break;
    case TextFault::bare_cr:
      return "has a CR without LF";
    case TextFault::bare_lf:
      return "ends with LF alone, not with CR LF";
    case TextFault::nul:
      return "has a NUL character";
    case TextFault::long_line:
      return "is too long";
  }
  std::abort();  // Nobody describes what is not there.
}

}  // namespace postern::smtp
