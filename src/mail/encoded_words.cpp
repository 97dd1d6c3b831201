#include "mail/encoded_words.h"

#include <optional>
#include <utility>

#include "base/ascii.h"
#include "base/cursor.h"
#include "mail/charset.h"
#include "mail/lexical.h"
#include "mail/transfer_encoding.h"
#include "mail/utf8.h"

namespace postern::mail {
namespace {

/// IANA's longest name has 45 letters; a language may follow.
constexpr std::size_t max_charset = 60;

/// Blanks of the field: a fold counts as one, whatever stands around it.
std::string_view shown(std::string_view blanks) {
  return blanks.find_first_of("\r\n") == std::string_view::npos ? blanks : " ";
}

/// A fold in the middle of an encoded word is none of its letters; a blank is.
std::string without_folds(std::string_view text) {
  std::string joined;
  for (Cursor in(text); !in.at_end();) {
    const std::string_view blanks = in.take_while(is_fws);
    if (shown(blanks) == blanks) joined += blanks;
    joined += in.take_while([](char c) { return !is_fws(c); });
  }
  return joined;
}

struct EncodedWord {
  std::string_view charset;
  std::string bytes;
};

class Decoder {
 public:
  explicit Decoder(std::string_view text) : in_(text) {}

  std::string decode() {
    while (!in_.at_end()) {
      const std::string_view blanks = in_.take_while(is_fws);
      if (!blanks.empty()) blanks_ = shown(blanks);
      if (auto word = take_encoded_word()) {
        add(*std::move(word));
      } else if (!in_.at_end()) {
        add_text();
      }
    }
    flush();
    return displayable(trim(out_));
  }

 private:
  enum class Last { nothing, text, word };

  // encoded-word = "=?" charset "?" encoding "?" encoded-text "?="
  std::optional<EncodedWord> take_encoded_word() {
    Cursor ahead = in_;
    if (count_ == max_encoded_words || !ahead.take("=?")) return std::nullopt;
    const std::size_t end_of_charset = ahead.rest().substr(0, max_charset).find('?');
    if (end_of_charset == std::string_view::npos) return std::nullopt;
    const std::string_view charset = ahead.take_count(end_of_charset);
    ahead.take('?');
    const char encoding = to_lower(ahead.peek());
    ahead.take_count(1);
    if (!ahead.take('?') || (encoding != 'q' && encoding != 'b')) return std::nullopt;
    if (!is_known_charset(charset)) return std::nullopt;
    // Where no end follows here, none follows further on: looked for once.
    const std::size_t end = has_no_end_ ? std::string_view::npos : ahead.rest().find("?=");
    has_no_end_ = end == std::string_view::npos;
    if (has_no_end_) return std::nullopt;
    const std::string text = without_folds(ahead.take_count(end));
    ahead.take("?=");
    in_ = ahead;
    ++count_;
    return EncodedWord{charset, encoding == 'q' ? decode_q(text) : decode_base64(text)};
  }

  /// Section 6.2: blanks between two encoded words are not shown. Their octets are put together
  /// before they are converted, because some programs cut characters in two.
  void add(EncodedWord word) {
    if (last_ == Last::text) {
      const bool is_opened = std::string_view("([{<\"'").contains(out_.back());
      out_ += blanks_.empty() && !is_opened ? " " : blanks_;
    }
    if (last_ == Last::nothing) out_ += blanks_;
    blanks_ = {};
    if (!iequals(word.charset, charset_)) flush();
    charset_ = word.charset;
    bytes_ += word.bytes;
    last_ = Last::word;
  }

  void add_text() {
    flush();
    const char first = in_.peek();
    const bool is_closing = std::string_view(")]}>\"',.;:!?").contains(first);
    out_ += blanks_.empty() && last_ == Last::word && !is_closing ? " " : blanks_;
    blanks_ = {};
    // Up to the next blank or what may begin an encoded word; at least the first letter.
    out_ += in_.take_count(1);
    out_ += in_.take_while([](char c) { return !is_fws(c) && c != '='; });
    last_ = Last::text;
  }

  void flush() {
    if (!bytes_.empty())
      out_ +=
          to_utf8(std::exchange(bytes_, {}), charset_).value_or(std::string(replacement_character));
  }

  Cursor in_;
  std::string out_;
  std::string_view blanks_;  ///< seen, and not yet shown
  std::string bytes_;        ///< of the encoded words just read, not yet converted
  std::string_view charset_;
  Last last_ = Last::nothing;
  int count_ = 0;
  bool has_no_end_ = false;
};

}  // namespace

std::string decode_encoded_words(std::string_view text) {
  return Decoder(text).decode();
}

}  // namespace postern::mail
