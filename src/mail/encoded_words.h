// Encoded words, `=?iso-8859-1?q?J=FCrgen?=` (RFC 2047): how subjects, keywords and display names
// hold letters beyond ASCII.
//
// For DISPLAY only: logs, consoles, reports. Nothing that decides may look at the result. What a
// stranger encodes can be made to look like anything, readers differ in what they decode, and an
// address in an encoded word is no address; mail/address_list.h finds authors in the raw field.
#pragma once

#include <string>
#include <string_view>

namespace postern::mail {

/// More of them in one text stay as written.
inline constexpr int max_encoded_words = 500;

/// `text`, the raw body of a field or a piece of it, with its folds, as one line of UTF-8 without
/// control characters (`displayable`) and without blanks at its ends. A fold with the blanks
/// around it is one blank.
///
/// Tolerant beyond RFC 2047, as real mail needs it: blanks and folds within an encoded word,
/// characters that are divided between two of them, and words that are glued to other text, where
/// the missing blank of section 5 is shown. A word of an unknown encoding or character set stays
/// as written.
std::string decode_encoded_words(std::string_view text);

}  // namespace postern::mail
