// The traffic counts of one UTC day: one SQLite file, such as traffic/2025-01-29.db.
//
// A row's number is a hash of its texts, under a key of the file's own. So counting on is one
// statement without an index, and nobody can choose texts that meet another's row.
//
// The limits hold here, where it is known what is there already: the writer knows the numbers of
// all rows. A row that is there is counted on, whatever the limits say; a new one needs room for
// its step of detail, or tells less. What tells less is put together before the disk is asked, so
// that a flood costs little.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/keyed_hash.h"
#include "store/sqlite.h"
#include "store/traffic_key.h"

namespace postern::store {

/// Hashes keys under a secret: strangers choose most of their text.
struct TrafficHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const;
};
template <class Value>
using TrafficMap = std::unordered_map<std::string, Value, TrafficHash, std::equal_to<>>;

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
  enum class Table : std::uint8_t { traffic, address };
  /// The number that a key with these texts has.
  std::int64_t number_of(Table table, std::string_view texts) const;
  void load_rows(Table table);
  bool is_there(std::int64_t id) const { return rows_.contains(id); }
  /// Is there room for one more? If so, it is taken, for `id`.
  bool take_room(std::int64_t id, Table table, std::int64_t hour, TrafficKind kind, int detail,
                 std::string_view organization, std::uint64_t limit);
  void insert(std::int64_t id, const CountedTraffic& row);
  void update(std::int64_t id, const TrafficCount& count);
  void insert(std::int64_t id, const CountedAddress& row);
  void update(std::int64_t id, const AddressCount& count);
  template <class Counted, class Rows, class TakeRoom, class Placed>
  void write_rows(Table table, const Rows& rows, Written& written, TakeRoom room_for,
                  Placed placed);
  void write_traffic(const TrafficBatch& batch, bool is_full, Written& written);
  void write_addresses(const TrafficBatch& batch, bool is_full, Written& written);

  std::string path_;
  TrafficLimits limits_;
  Database database_;
  std::uint64_t inode_ = 0;
  Statement update_row_;
  Statement add_row_;
  Statement update_address_;
  Statement add_address_;
  KeyedHash hash_;
  boost::unordered_flat_set<std::int64_t> rows_;                        ///< that are there
  boost::unordered_flat_map<std::uint64_t, std::uint64_t> budgets_;     ///< how many, of a step
  boost::unordered_flat_map<std::int64_t, std::uint64_t> hour_budget_;  ///< of all
};

/// Calls `use` for what was counted between the two times; a row of an hour belongs to it if any of
/// its messages may. Throws SqliteError.
void read_traffic(const std::string& path, const TrafficQuery& query,
                  const std::function<void(const CountedTraffic&)>& use);
void read_addresses(const std::string& path, const TrafficQuery& query,
                    const std::function<void(const CountedAddress&)>& use);

}  // namespace postern::store
