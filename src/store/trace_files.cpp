#include "store/trace_files.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/ascii.h"

namespace postern::store {
namespace {

namespace fs = std::filesystem;

/// `2025-01-29.db…`
bool is_day_file(const std::string& name) {
  if (name.size() < 13 || name.substr(10, 3) != ".db") return false;
  for (std::size_t i = 0; i < 10; ++i) {
    const bool dash = i == 4 || i == 7;
    if (dash ? name[i] != '-' : !is_digit(name[i])) return false;
  }
  return true;
}

}  // namespace

std::vector<TraceDay> list_trace_days(const std::string& folder) {
  std::map<std::string, TraceDay> days;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string file = entry->path().filename().string();
    if (!is_day_file(file)) continue;
    const std::string name = file.substr(0, 10);
    TraceDay& day = days[name];
    day.name = name;
    day.path = folder + "/" + name + ".db";
    std::error_code gone;
    const auto bytes = entry->file_size(gone);
    if (!gone) day.bytes += static_cast<std::int64_t>(bytes);
  }
  std::vector<TraceDay> sorted;
  for (auto& [name, day] : days) sorted.push_back(std::move(day));
  return sorted;
}

std::vector<TraceDay> days_to_drop(const std::vector<TraceDay>& days, const std::string& first_kept,
                                   const std::string& today, std::int64_t max_bytes) {
  std::int64_t total = 0;
  for (const TraceDay& day : days) total += day.bytes;
  std::vector<TraceDay> drop;
  for (const TraceDay& day : days) {
    if (day.name >= today) break;
    if (day.name >= first_kept && total <= max_bytes) break;
    total -= day.bytes;
    drop.push_back(day);
  }
  return drop;
}

void drop_trace_day(const TraceDay& day) {
  for (const char* ending : {"", "-wal", "-shm", ".damaged"}) {
    std::error_code ignored;  // Not there, or tried again at the next look.
    fs::remove(day.path + ending, ignored);
  }
}

void set_aside(const std::string& path) {
  std::error_code ignored;
  fs::rename(path, path + ".damaged", ignored);
  // They belong to the file that is gone; a new database must not replay them.
  fs::remove(path + "-wal", ignored);
  fs::remove(path + "-shm", ignored);
}

}  // namespace postern::store
