// The traffic counts of one UTC day: one SQLite file, such as traffic/2025-01-29.db.
//
// A row's key is its number: 63 bits of the SHA-256 of its texts. So counting on is one statement
// without an index, and nobody can choose texts that meet another's row.
//
// The limits hold here, where it is known what is there already. A row that is there is counted on,
// whatever the limits say; a new one needs room for its step of detail, or tells less.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "store/sqlite.h"
#include "store/traffic_key.h"

namespace postern::store {

/// Of an hour.
struct TrafficLimits {
  /// Of one organization, for each kind and each step of detail but the last.
  std::uint64_t organization_rows = 500;
  /// The same for names of senders and recipients.
  std::uint64_t organization_addresses = 2'000;
  /// Of all organizations together, of both.
  std::uint64_t all_rows = 50'000;
};

/// Hashes keys under a secret: strangers choose most of their text.
struct TrafficHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const;
};
template <class Value>
using TrafficMap = std::unordered_map<std::string, Value, TrafficHash, std::equal_to<>>;

struct CountedTraffic {
  TrafficKey key;
  TrafficCount count;
};
struct CountedAddress {
  AddressKey key;
  AddressCount count;
};

/// What waits to be written, by the texts of the keys.
struct TrafficBatch {
  TrafficMap<CountedTraffic> rows;
  TrafficMap<CountedAddress> addresses;
  std::uint64_t messages = 0;
};

/// Writes to one day's file. Everything throws SqliteError.
class TrafficDayWriter {
 public:
  struct Written {
    std::uint64_t new_rows = 0;
    std::uint64_t others = 0;  ///< messages that were counted without their source
  };

  /// Creates the file if need be. A file that is no database, damaged or of another schema is
  /// SQLITE_NOTADB or SQLITE_CORRUPT.
  TrafficDayWriter(const std::string& path, const TrafficLimits& limits);

  /// All in one transaction. `is_full`: new rows tell nothing but the decision.
  Written write(const TrafficBatch& batch, bool is_full);

  /// Is the file still where it was opened?
  bool is_in_place() const;

 private:
  void count_rows();
  bool take_room(std::int64_t hour, std::string_view budget, std::uint64_t limit);
  void write(const CountedTraffic& row, bool is_full, Written& written);
  void write(const CountedAddress& row, bool is_full, Written& written);

  std::string path_;
  TrafficLimits limits_;
  Database database_;
  std::uint64_t inode_ = 0;
  Statement update_row_;
  Statement add_row_;
  Statement update_address_;
  Statement add_address_;
  std::unordered_map<std::string, std::uint64_t> budgets_;       ///< rows that are there
  std::unordered_map<std::int64_t, std::uint64_t> hour_budget_;  ///< the same, of all
};

struct TrafficQuery {
  std::string organization;
  Time start;
  Time end;
};

/// Calls `use` for what was counted between the two times; a row of an hour belongs to it if any of
/// its messages may. Throws SqliteError.
void read_traffic(const std::string& path, const TrafficQuery& query,
                  const std::function<void(const CountedTraffic&)>& use);
void read_addresses(const std::string& path, const TrafficQuery& query,
                    const std::function<void(const CountedAddress&)>& use);

}  // namespace postern::store
