#include "assess/csv.h"

#include <algorithm>
#include <cstdlib>

#include "base/cursor.h"

namespace postern::assess {
namespace {

/// escaped = DQUOTE *(TEXTDATA / COMMA / CR / LF / 2DQUOTE) DQUOTE
std::expected<std::string, CsvTrouble> take_escaped(Cursor& in) {
  std::string field;
  while (const auto part = in.take_until('"')) {
    field += *part;
    if (!in.take('"')) return field;
    field += '"';
  }
  return std::unexpected(CsvTrouble::open_quote);
}

/// non-escaped = *TEXTDATA: real files have quotes inside too, which then mean themselves.
std::string_view take_plain(Cursor& in, char separator) {
  return in.take_while([separator](char c) { return c != separator; });
}

}  // namespace

std::string_view to_words(CsvTrouble trouble) {
  switch (trouble) {
    case CsvTrouble::too_long:
      return "the row is longer than 256 kB; is a quote not closed?";
    case CsvTrouble::too_many_fields:
      return "the row has more than 256 fields";
    case CsvTrouble::text_after_quote:
      return "there is text between a closing quote and the next separator";
    case CsvTrouble::open_quote:
      return "a quote is not closed";
  }
  std::abort();
}

std::expected<CsvRecord, CsvTrouble> parse_csv_record(std::string_view text, char separator) {
  CsvRecord record;
  Cursor in(text);
  do {
    if (record.size() == max_csv_fields) return std::unexpected(CsvTrouble::too_many_fields);
    if (in.take('"')) {
      auto field = take_escaped(in);
      if (!field) return std::unexpected(field.error());
      if (!in.at_end() && in.peek() != separator)
        return std::unexpected(CsvTrouble::text_after_quote);
      record.push_back(*std::move(field));
    } else {
      record.emplace_back(take_plain(in, separator));
    }
  } while (in.take(separator));
  return record;
}

std::string to_csv_field(std::string_view text, char separator) {
  const bool plain = text.find_first_of("\"\r\n") == std::string_view::npos &&
                     text.find(separator) == std::string_view::npos;
  if (plain) return std::string(text);
  std::string field = "\"";
  for (const char c : text) {
    if (c == '"') field += '"';
    field += c;
  }
  return field += '"';
}

void CsvSplitter::feed(std::string_view text) {
  // Kept small, so that dropping an overlong record's first line costs little.
  constexpr std::size_t piece = 64 * 1024;
  while (!text.empty()) {
    buffer_ += text.substr(0, piece);
    text.remove_prefix(std::min(piece, text.size()));
    split(false);
  }
}

void CsvSplitter::finish() {
  split(true);
}

/// A quote opens a field only where one begins; elsewhere (`5" disk`) it means itself. Which of the
/// usual separators the file has does not matter for that.
bool CsvSplitter::opens(std::size_t at, std::size_t begin) const {
  if (at == begin || at == closed_) return true;
  const char before = buffer_[at - 1];
  return before == ',' || before == ';' || before == '\t';
}

/// The line break that ends the record at `begin`, or nothing yet: then all has been looked at.
std::size_t CsvSplitter::find_end(std::size_t begin) {
  for (;;) {
    const std::size_t at = buffer_.find_first_of("\"\n", scanned_);
    if (at == std::string::npos) {
      scanned_ = buffer_.size();
      return at;
    }
    scanned_ = at + 1;
    if (buffer_[at] == '"') {
      if (in_quotes_) closed_ = at + 1;  // a quote right here is the second of a pair
      in_quotes_ = !in_quotes_ && opens(at, begin);
    } else if (in_quotes_) {
      ++breaks_;
    } else {
      return at;
    }
  }
}

void CsvSplitter::take(std::size_t begin, std::size_t end, bool overlong) {
  std::string_view text = std::string_view(buffer_).substr(begin, end - begin);
  if (text.ends_with('\r')) text.remove_suffix(1);
  take_(line_, text, overlong);
}

void CsvSplitter::restart(std::size_t begin) {
  scanned_ = begin;
  closed_ = std::string::npos;
  breaks_ = 0;
  in_quotes_ = false;
}

void CsvSplitter::split(bool at_end) {
  std::size_t begin = 0;
  for (;;) {
    if (skipping_) {
      const std::size_t at = buffer_.find('\n', begin);
      begin = at == std::string::npos ? buffer_.size() : at + 1;
      restart(begin);
      if (at == std::string::npos) break;
      skipping_ = false;
      ++line_;
    }
    const std::size_t end = find_end(begin);
    const std::size_t length = (end == std::string::npos ? scanned_ : end) - begin;
    if (length <= max_csv_record) {
      if (end != std::string::npos) {
        take(begin, end, false);
        line_ += breaks_ + 1;
        begin = end + 1;
        restart(begin);
        continue;
      }
      if (!at_end || begin == buffer_.size()) break;
      if (!in_quotes_) {
        take(begin, buffer_.size(), false);
        begin = buffer_.size();
        restart(begin);
        break;
      }
    }
    // Without end, or with a quote that is open at the end of the file: only the first line counts
    // as bad, and what stands behind it is read anew.
    take(begin, std::min({buffer_.find('\n', begin), buffer_.size(), begin + max_csv_record}),
         true);
    skipping_ = true;
  }
  buffer_.erase(0, begin);
  scanned_ -= begin;
  if (closed_ != std::string::npos) closed_ -= begin;
}

}  // namespace postern::assess
