// Reads what follows DATA: undoes dot-stuffing and finds the final dot (RFC 5321 section 4.5.2).
//
// Only CR LF "." CR LF ends the data, and only at the very beginning "." CR LF does too. The
// reader moves between these places, one move per byte:
//
//   line_start -> dot         "."                   the dot is dropped
//   line_start -> within      any other byte
//   dot        -> dot_cr      CR                    not text yet
//   dot        -> within      any other byte        the line was stuffed
//   dot_cr     -> complete    LF                    the final dot
//   within     -> line_start  LF after CR
//
// and a CR or LF that is not part of a pair ends it with a fault: after that the two sides no
// longer agree where the data ends, so the caller must refuse and close. A line that is too
// long, a NUL and a message that is too large do not disturb the places: reading goes on to the
// final dot, and only then the message is refused, or the rest would be taken for commands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "smtp/text_check.h"

namespace postern::smtp {

class DotReader {
 public:
  enum class State {
    reading,
    complete,  ///< the final dot was read
    broken     ///< a bare CR or LF, see check().fault()
  };

  /// Both are meaningless once the state is broken.
  struct Fed {
    /// The text, without stuffed dots. A view of the bytes, or, if dots fell out of their
    /// middle, of this reader, valid until it is fed again.
    std::string_view text;
    /// What stands behind the final dot; a view of the bytes.
    std::string_view rest;
  };

  explicit DotReader(std::uint64_t max_line) : check_(max_line) {}

  Fed feed(std::string_view bytes);

  State state() const { return state_; }
  const TextCheck& check() const { return check_; }

 private:
  enum class Place { line_start, dot, dot_cr, within };

  State state_ = State::reading;
  Place place_ = Place::line_start;
  TextCheck check_;
  std::string joined_;
};

}  // namespace postern::smtp
