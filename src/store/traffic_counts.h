// Traffic counts: who sends with an own reverse-path, by source and hour, for months.
//
// Fed by the trace's thread with the records that it is about to write (TraceSettings::follower),
// so a message costs the thread that serves it nothing. add() counts in memory; a thread of the
// store's own writes what has gathered some seconds later, one file for each UTC day
// (traffic_day.h). So equal messages of some seconds cost one write. Records may have any time, as
// those of a replayed month have: each goes to the file of its day.
//
// Everything is bounded, whatever strangers send: what waits in memory, the rows of an hour
// (TrafficLimits), the files together (max_bytes, the oldest day goes first). Beyond a limit
// counting goes on with less detail, at last as "others" (traffic_key.h): numbers stay right. When
// the disk fails, counting goes on in memory and is written later; what is lost at the end of the
// program is counted and logged. A damaged file is set aside and a new one begun.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/traffic_key.h"

namespace postern::store {

struct TrafficSettings {
  std::string folder;  ///< made if need be, with rights for the owner alone
  int keep_days = 90;  ///< days before today
  std::int64_t max_bytes = 2'000'000'000;
  TrafficLimits limits = {};
  std::size_t pending_rows = 20'000;  ///< in memory, and as many names
  std::chrono::milliseconds write_delay{10'000};
  /// The clock that says which day is today.
  std::function<Time()> clock = now;
};

/// Since the start, but `bytes`.
struct TrafficCounters {
  std::uint64_t messages = 0;  ///< counted
  std::uint64_t rows = 0;      ///< written anew
  std::uint64_t others = 0;    ///< messages that were counted without their source
  std::uint64_t lost = 0;      ///< messages
  std::uint64_t bytes = 0;     ///< of all files, as of the last look
};

class TrafficCounts {
 public:
  /// Starts the thread. A folder that cannot be made or written is an error; later trouble is not.
  static Result<std::unique_ptr<TrafficCounts>> open(TrafficSettings settings);
  /// Writes what waits.
  virtual ~TrafficCounts() = default;

  /// From any thread; never waits for the disk. What is no traffic (is_traffic) is passed over.
  virtual void add(std::span<const TraceRecord> records) = 0;

  /// Waits until what was added before is on disk. False: not within `limit`, or the disk fails.
  virtual bool flush(std::chrono::milliseconds limit) = 0;

  // For administration: these read the disk. What was added before is found, unless it fails.
  // Days from the oldest on, within a day in no order. The result are sentences about days that
  // could not be read.

  virtual std::vector<std::string> read(const TrafficQuery& query,
                                        const std::function<void(const CountedTraffic&)>& use) = 0;
  virtual std::vector<std::string> read(const TrafficQuery& query,
                                        const std::function<void(const CountedAddress&)>& use) = 0;

  virtual TrafficCounters counters() const = 0;
  /// keep_days, max_bytes.
  virtual void reload(const TrafficSettings& settings) = 0;
  virtual int keep_days() const = 0;
};

}  // namespace postern::store
