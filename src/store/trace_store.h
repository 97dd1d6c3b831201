// The trace: what became of every recipient of every message, kept for months beside the edge.
//
// record() puts a row into a queue in memory and returns. A thread of the store's own writes
// what has gathered, a second's rows or ten thousand in one transaction, into the file
// of the row's UTC day (trace_day.h). So the disk never holds up mail: when it is slow, full or
// gone, rows wait in the queue, writing is tried again, and what the queue cannot hold is lost,
// counted and logged. A damaged file is set aside (`2025-01-29.db.damaged`) and a new one begun.
//
// Whole days are dropped, oldest first, when they are older than keep_days or all files together
// exceed max_bytes. Today's file is never dropped: if it alone exceeds max_bytes, rows are lost
// until tomorrow.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "store/trace_query.h"
#include "store/trace_scan.h"
#include "store/trace_sink.h"

namespace postern::store {

struct TraceSettings {
  std::string folder;  ///< made if need be, with rights for the owner alone
  int keep_days = 90;  ///< days before today
  std::int64_t max_bytes = std::int64_t{20} * 1024 * 1024 * 1024;
  std::size_t queue_rows = 50'000;  ///< about 2 kB of memory each
  std::chrono::milliseconds batch_delay{1000};
  std::chrono::seconds patience{10};
  /// The clock that says which day is today.
  std::function<Time()> clock = now;
  /// Sees all rows that were not lost to a full queue, on the store's thread, before they are
  /// written. It must not wait.
  std::function<void(std::span<const TraceRecord>)> follower = {};
};

/// Since the start, but `bytes` and `queued`.
struct TraceCounters {
  std::uint64_t recorded = 0;
  std::uint64_t written = 0;
  std::uint64_t lost = 0;
  std::uint64_t queued = 0;
  std::uint64_t bytes = 0;  ///< of all files, as of the last look
};

class TraceStore : public TraceSink {
 public:
  /// Starts the thread. A folder that cannot be made or written is an error; later trouble is not.
  static Result<std::unique_ptr<TraceStore>> open(TraceSettings settings);

  /// Writes what is queued, within a few seconds; what cannot be written is lost and logged.
  ~TraceStore() override = default;

  /// From any thread; never blocks for the disk.
  void record(TraceRecord record) override = 0;

  /// Waits until what was recorded before is on disk or lost. False: not within `limit`, or the
  /// disk fails just now.
  virtual bool flush(std::chrono::milliseconds limit) = 0;

  /// Rows recorded before this call are found, unless the disk fails. Reads the disk: from an
  /// administration thread, never from one that serves mail. An error: the query makes no sense.
  virtual Result<TraceAnswer> find(const TraceQuery& query) = 0;

  /// Shows `reader` every row of the organization, day by day, the oldest day first, those recorded
  /// before this call included, unless the disk fails. Takes seconds for a million rows: as find().
  virtual TraceScanned scan(const TraceScan& wanted, TraceRowReader& reader) = 0;

  virtual TraceCounters counters() const = 0;

  /// Takes over keep_days, max_bytes and queue_rows from changed settings.
  virtual void reload(const TraceSettings& settings) = 0;
};

}  // namespace postern::store
