// Comma-separated values (RFC 4180) of any length, a record at a time.
//
//   Received,SenderAddress,Subject          a field in quotes may hold separators, "" for a quote,
//   2026-11-02,ann@contoso.com,"Hi, all"    and line breaks, so a record may be several lines
//
// A record is bounded: a quote that nobody closes would swallow the rest of the file. Then the line
// with it is a bad row, and reading goes on behind it.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::assess {

inline constexpr std::size_t max_csv_record = 256 * 1024;
inline constexpr std::size_t max_csv_fields = 256;

enum class CsvTrouble { too_long, too_many_fields, text_after_quote, open_quote };
/// `the row is longer than 256 kB`
std::string_view to_words(CsvTrouble trouble);

using CsvRecord = std::vector<std::string>;

/// One record without its line break. Empty text is a record of one empty field.
std::expected<CsvRecord, CsvTrouble> parse_csv_record(std::string_view text, char separator);

/// As parse_csv_record reads it again, with quotes only where they are needed.
std::string to_csv_field(std::string_view text, char separator = ',');

/// Cuts text into records.
class CsvSplitter {
 public:
  /// `line` counts from 1; `text` is a record without its line break, valid during the call.
  /// `overlong`: the first line of something without end.
  using Take = std::function<void(std::uint64_t line, std::string_view text, bool overlong)>;
  explicit CsvSplitter(Take take) : take_(std::move(take)) {}

  void feed(std::string_view text);
  void finish();

 private:
  void split(bool at_end);
  std::size_t find_end(std::size_t begin);
  bool opens(std::size_t at, std::size_t begin) const;
  void take(std::size_t begin, std::size_t end, bool overlong);
  void restart(std::size_t begin);

  Take take_;
  std::string buffer_;                      ///< begins with a record
  std::size_t scanned_ = 0;                 ///< of the buffer
  std::size_t closed_ = std::string::npos;  ///< behind the last quote that closed
  std::uint64_t line_ = 1;                  ///< where the record begins
  std::uint64_t breaks_ = 0;                ///< line breaks inside its quotes so far
  bool in_quotes_ = false;
  bool skipping_ = false;  ///< to the next line break
};

}  // namespace postern::assess
