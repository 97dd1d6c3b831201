// The header section of a message, as views on the bytes that arrived (RFC 5322 section 2.2).
//
// Nothing is decoded or repaired: a field knows where it begins and ends, so that it can be
// cut out of the message, hashed for a signature or shown as it was sent. Real mail is full
// of lines that are no fields. They are kept, without a name, and reading goes on up to the
// empty line: a forged field behind such a line is seen here whatever the next reader makes
// of it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace postern::mail {

struct HeaderField {
  /// As written, without blanks before the colon. Empty: the line is no field.
  std::string_view name;
  /// Everything behind the colon with its folds, without the last line ending.
  std::string_view body;
  /// Offsets in the message: the whole field with its last line ending.
  std::size_t begin = 0;
  std::size_t end = 0;

  bool is(std::string_view wanted) const;
};

// Far above what honest mail has (RFC 5322 section 2.1.1: lines of 998), far below what hurts.
inline constexpr std::size_t max_header_bytes = 256 * 1024;
inline constexpr std::size_t max_header_fields = 1000;
inline constexpr std::size_t max_header_line = 16 * 1024;

enum class HeaderTrouble { none, too_large, too_many_fields, line_too_long };
/// A sentence for the reply, without a full stop; empty for none.
std::string_view to_sentence(HeaderTrouble trouble);

struct HeaderSection {
  /// In the order of the message; views on it.
  std::vector<HeaderField> fields;
  /// Where the body begins: behind the empty line, or at the end of the message.
  std::size_t body_begin = 0;
  /// With anything but none, `fields` is what stood before the trouble.
  HeaderTrouble trouble = HeaderTrouble::none;

  /// Null: there is none.
  const HeaderField* first(std::string_view name) const;
  std::size_t count(std::string_view name) const;
};

/// `message` is the whole message or its beginning, at least max_header_bytes of it. Lines end
/// with CRLF; LF alone is taken too, as files on disk have it.
HeaderSection parse_header_section(std::string_view message);

/// The body of a field on one line (RFC 5322 section 2.2.3): line endings removed, blanks at
/// both ends too.
std::string unfold(std::string_view body);

}  // namespace postern::mail
