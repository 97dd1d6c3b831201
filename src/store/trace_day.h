// The trace of one UTC day: one SQLite file, such as trace/2025-01-29.db.
//
// Most texts of a row come again and again: the same client, its HELO, its reply. A row
// therefore holds numbers, and the table `string` holds each text once. With realistic mail this
// halves the file, and an index on a number costs a dozen bytes, so that recipient, sender, client
// and Message-ID can all have one. What a message was judged on (policy/judged.h) are such texts,
// too: an organization's settings, and mostly the evidence about a sender, stand there once a day.
// Strings are found by 48 bits of a SHA-256 of their lower-case form: an index of short numbers,
// in which nobody can provoke collisions, and which finds an address however it is spelled.
//
// PRAGMA user_version is the schema's version. A later version adds columns at the end of `row`,
// which are null in older rows, and a step in `migrate` for the file of the day on which it is
// installed; files of the days before are read with the columns that they have.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/keyed_hash.h"
#include "store/sqlite.h"
#include "store/trace_record.h"

namespace postern::store {

inline constexpr std::int64_t trace_schema_version = 5;
/// Older files cannot be read.
inline constexpr std::int64_t oldest_trace_schema_version = 3;
/// From here on rows have what they were judged on.
inline constexpr std::int64_t first_trace_schema_with_basis = 5;

/// Longest text that a row keeps, in octets; what is longer is cut between characters.
inline constexpr std::size_t max_trace_text = 1000;

/// `2025-01-29`
std::string trace_day_name(Time time);

/// Cuts every text to max_trace_text, and long lists.
void cut_to_size(TraceRecord& record);

/// Writes to one day's file. Everything throws SqliteError.
class TraceDayWriter {
 public:
  /// Creates the file if need be. A file that is no database, damaged or of a newer schema is
  /// SQLITE_NOTADB or SQLITE_CORRUPT.
  explicit TraceDayWriter(const std::string& path);

  /// All in one transaction. A record with the id and forward-path of an earlier one replaces it.
  void write(std::span<const TraceRecord> records);

  /// Is the file still where it was opened? Removed files can be written without an error.
  bool is_in_place() const;

  /// Bytes of the file and its journal.
  std::int64_t bytes() const;

 private:
  /// So that a view can be looked up.
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  // The number of a text; with the column, whose text is mostly that of the row before.
  std::int64_t intern(std::string_view text);
  std::int64_t intern(int column, std::string_view text);
  /// Of add_row_. Empty text is null.
  void bind_string(int column, std::string_view text);
  std::int64_t intern(const dns::Asked::Entry& entry);
  /// The answers as numbers of strings.
  std::string pack_answers(const TraceRecord& record);
  void insert(const TraceRecord& record);

  std::string path_;
  Database database_;
  std::uint64_t inode_ = 0;
  Statement find_string_;
  Statement add_string_;
  Statement add_row_;
  // The strings used last; long ones by their digest. All that is known is emptied when a
  // transaction failed, since then it may hold numbers that were rolled back; this also when full.
  std::unordered_map<std::string, std::int64_t, TextHash, std::equal_to<>> known_strings_;
  static constexpr std::size_t columns = 41;
  struct Previous {
    std::string text;
    std::int64_t id = 0;  ///< 0: there was none
  };
  std::array<Previous, columns> previous_;
  const KeyedHash digest_{KeyedHash::random_key()};
  /// An answer from the DNS cache comes with many messages: its text is made once. Held, so that
  /// its address stays its own; emptied together with the strings.
  struct KnownAnswer {
    dns::Asked::Entry entry;
    std::int64_t id = 0;
  };
  std::unordered_map<const dns::Answer*, KnownAnswer> known_answers_;
};

}  // namespace postern::store
