// The folder of the trace: which days there are, how large they are, which must go.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace postern::store {

/// One day with everything that belongs to its file: `…db`, `…db-wal`, `…db.damaged`.
struct TraceDay {
  std::string name;  ///< `2025-01-29`
  std::string path;  ///< of the database
  std::int64_t bytes = 0;
};

/// Oldest first. Other files of the folder are left out; a folder that cannot be read is empty.
std::vector<TraceDay> list_trace_days(const std::string& folder);

/// Which of `days` (oldest first) must go: those before `first_kept`, then the oldest until
/// `max_bytes` hold the rest. Never `today` and what is later.
std::vector<TraceDay> days_to_drop(const std::vector<TraceDay>& days, const std::string& first_kept,
                                   const std::string& today, std::int64_t max_bytes);

/// Removes its files.
void drop_trace_day(const TraceDay& day);

/// Renames a file that cannot be used, over one that was set aside before.
void set_aside(const std::string& path);

}  // namespace postern::store
