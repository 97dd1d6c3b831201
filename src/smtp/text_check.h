// The rules for the text of a message, checked while it arrives in pieces: lines end with CR LF
// and hold neither of the two elsewhere (RFC 5321 section 2.3.8), they are not too long, and
// there is no NUL (RFC 6152 section 3 and RFC 2045 section 2.8 exclude it even from 8-bit text).
//
// A bare CR or LF is never repaired: what one server takes for the end of a line the next one
// may not, and between the two a second message appears. A NUL is refused for the same reason,
// since some servers drop it, and the dot behind it then stands at the beginning of a line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern::smtp {

enum class TextFault { none, bare_cr, bare_lf, nul, long_line };

class TextCheck {
 public:
  /// The limit counts the CRLF of a line.
  explicit TextCheck(std::uint64_t max_line) : max_line_(max_line) {}

  /// Looks at the next bytes, wherever they were cut. After a bare CR or LF nothing more is seen.
  void feed(std::string_view bytes);
  /// As feed, for a caller that knows the lines: `piece` is not empty and has an LF at most as
  /// its last byte.
  void feed_line(std::string_view piece);
  /// The text is complete: it may not end with CR.
  void finish();
  /// Remembers a fault that the caller has found in the current line.
  void note(TextFault fault);

  /// The first fault by lines, whichever way the text was cut; but a bare CR or LF takes the
  /// place of the two milder ones.
  TextFault fault() const { return fault_; }
  bool has_bare_line_ending() const {
    return fault_ == TextFault::bare_cr || fault_ == TextFault::bare_lf;
  }
  /// The line in which it was found, counted from 1.
  std::uint64_t fault_line() const { return fault_line_; }

 private:
  const std::uint64_t max_line_;
  /// Octets of the line so far.
  std::uint64_t length_ = 0;
  std::uint64_t line_ = 1;
  bool after_cr_ = false;
  TextFault fault_ = TextFault::none;
  std::uint64_t fault_line_ = 0;
};

/// `a line ends with LF alone`, as it stands in a reply.
std::string_view describe(TextFault fault);

}  // namespace postern::smtp
