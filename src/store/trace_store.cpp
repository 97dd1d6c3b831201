#include "store/trace_store.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "store/trace_day.h"
#include "store/trace_files.h"
#include "store/trace_search.h"

namespace postern::store {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// A batch is closed by its delay or by this many rows.
constexpr std::size_t batch_rows = 10'000;
constexpr auto first_retry = 100ms;
constexpr auto last_retry = 5s;
/// How often the folder is looked at without a new day.
constexpr auto look_interval = 60s;
/// At most one line about lost rows in this time.
constexpr auto report_interval = 30s;
/// How long a query waits for rows recorded before it.
constexpr auto query_patience = 3s;
constexpr std::string_view not_on_disk =
    "The newest rows are not on disk yet and are missing here.";
/// At the end of the program rows are given up when waiting has grown to this.
constexpr auto give_up_at_end = 800ms;

/// May the same write succeed later?
bool is_passing(int code) {
  switch (code) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_READONLY:
    case SQLITE_NOMEM:
    case SQLITE_PERM:
      return true;
    default:
      return false;
  }
}

bool is_damage(int code) {
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

class ThreadedTraceStore final : public TraceStore {
 public:
  explicit ThreadedTraceStore(TraceSettings settings) : settings_(std::move(settings)) {
    thread_ = std::thread([this] { work(); });
  }

  ~ThreadedTraceStore() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

  void record(TraceRecord record) override {
    cut_to_size(record);
    bool wake = false;
    {
      const std::lock_guard lock(mutex_);
      ++counters_.recorded;
      if (queue_.size() + in_hand_ >= settings_.queue_rows) {
        ++counters_.lost;
        return;
      }
      queue_.push_back(std::move(record));
      wake = queue_.size() == 1 || queue_.size() == batch_rows;
    }
    if (wake) wake_.notify_one();
  }

  bool flush(std::chrono::milliseconds limit) override {
    std::unique_lock lock(mutex_);
    const std::uint64_t target = settled_ + in_hand_ + queue_.size();
    if (settled_ >= target) return true;
    flush_wanted_ = true;
    wake_.notify_one();
    progress_.wait_for(lock, limit, [&] { return settled_ >= target || retrying_; });
    return settled_ >= target;
  }

  Result<TraceAnswer> find(const TraceQuery& query) override;
  TraceScanned scan(const TraceScan& wanted, TraceRowReader& reader) override;

  TraceCounters counters() const override {
    const std::lock_guard lock(mutex_);
    TraceCounters counters = counters_;
    counters.queued = queue_.size() + in_hand_;
    return counters;
  }

  void reload(const TraceSettings& settings) override {
    const std::lock_guard lock(mutex_);
    settings_.keep_days = settings.keep_days;
    settings_.max_bytes = settings.max_bytes;
    settings_.queue_rows = settings.queue_rows;
  }

 private:
  void work();
  std::vector<TraceRecord> next_batch();
  void write_batch(std::span<const TraceRecord> batch);
  void write_day(const std::string& day, std::span<const TraceRecord> records);
  bool wait_to_retry();
  void settle(std::size_t rows, bool written);
  void set_failing(bool failing);
  void look_after_files();
  void report_losses();

  mutable std::mutex mutex_;
  TraceSettings settings_;            // folder, delays, clock and follower never change
  std::condition_variable wake_;      // there is work, or the end
  std::condition_variable progress_;  // rows were settled, or writing fails
  std::vector<TraceRecord> queue_;
  std::size_t in_hand_ = 0;    // taken from the queue, not settled
  std::uint64_t settled_ = 0;  // written or given up
  bool flush_wanted_ = false;
  bool retrying_ = false;  // rows are in hand that cannot be written now
  bool stopping_ = false;
  TraceCounters counters_;

  // Of the thread alone.
  std::optional<TraceDayWriter> writer_;
  std::string writer_day_;
  std::string last_trouble_;
  std::chrono::milliseconds delay_ = first_retry;  // before the next try
  bool failing_ = false;
  Clock::time_point failing_since_{};
  Clock::time_point next_look_{};
  Clock::time_point next_report_{};
  std::string looked_on_;
  std::uint64_t reported_ = 0;
  bool full_ = false;  // today's file alone exceeds max_bytes

  std::thread thread_;
};

std::vector<TraceRecord> ThreadedTraceStore::next_batch() {
  std::unique_lock lock(mutex_);
  const auto is_due = [&] { return stopping_ || flush_wanted_ || queue_.size() >= batch_rows; };
  wake_.wait_for(lock, look_interval, [&] { return stopping_ || !queue_.empty(); });
  if (!queue_.empty()) wake_.wait_for(lock, settings_.batch_delay, is_due);
  flush_wanted_ = false;
  in_hand_ = queue_.size();
  std::vector<TraceRecord> next;
  next.reserve(std::min(in_hand_, batch_rows));  // Traffic of the next batch is much as of this.
  return std::exchange(queue_, std::move(next));
}

void ThreadedTraceStore::work() {
  for (;;) {
    const std::vector<TraceRecord> batch = next_batch();
    if (settings_.follower && !batch.empty()) settings_.follower(batch);
    look_after_files();
    // In pieces, so that flush and the counters see progress during a flood.
    std::span<const TraceRecord> rest(batch);
    while (!rest.empty()) {
      const auto piece = rest.first(std::min(rest.size(), batch_rows));
      write_batch(piece);
      rest = rest.subspan(piece.size());
    }
    report_losses();
    const std::lock_guard lock(mutex_);
    if (stopping_ && queue_.empty()) break;
  }
  next_report_ = {};  // The last word is not to be held back.
  report_losses();
}

/// Rows of one day stand together but around midnight, so runs of them are written.
void ThreadedTraceStore::write_batch(std::span<const TraceRecord> batch) {
  while (!batch.empty()) {
    const auto day_of = [](const TraceRecord& record) {
      return std::chrono::floor<std::chrono::days>(record.received);
    };
    std::size_t count = 1;
    while (count < batch.size() && day_of(batch[count]) == day_of(batch.front())) ++count;
    write_day(trace_day_name(batch.front().received), batch.first(count));
    batch = batch.subspan(count);
  }
}

void ThreadedTraceStore::write_day(const std::string& day, std::span<const TraceRecord> records) {
  if (full_) return settle(records.size(), false);
  const std::string path = settings_.folder + "/" + day + ".db";
  bool set_aside_before = false;
  for (;;) {
    try {
      if (writer_ && (writer_day_ != day || !writer_->is_in_place())) writer_.reset();
      if (!writer_) {
        ::mkdir(settings_.folder.c_str(), 0700);  // Perhaps somebody has removed it.
        writer_.emplace(path);
        writer_day_ = day;
      }
      writer_->write(records);
      set_failing(false);
      delay_ = first_retry;
      return settle(records.size(), true);
    } catch (const SqliteError& error) {
      writer_.reset();
      last_trouble_ = error.what();
      if (is_damage(error.code()) && !set_aside_before) {
        log_error("trace_damaged", {{"file", path}, {"problem", error.what()}});
        set_aside(path);
        set_aside_before = true;
        continue;
      }
      if (!is_passing(error.code())) return settle(records.size(), false);
    }
    set_failing(true);
    report_losses();
    if (!wait_to_retry()) return settle(records.size(), false);
    look_after_files();  // A full disk may be the trace's own doing.
  }
}

/// False: writing has been tried for long enough.
bool ThreadedTraceStore::wait_to_retry() {
  if (Clock::now() - failing_since_ >= settings_.patience) return false;
  std::unique_lock lock(mutex_);
  const bool was_stopping = stopping_;
  if (was_stopping && delay_ >= give_up_at_end) return false;
  retrying_ = true;
  progress_.notify_all();
  wake_.wait_for(lock, delay_, [&] { return stopping_ && !was_stopping; });
  delay_ = std::min<std::chrono::milliseconds>(2 * delay_, last_retry);
  return true;
}

void ThreadedTraceStore::settle(std::size_t rows, bool written) {
  {
    const std::lock_guard lock(mutex_);
    settled_ += rows;
    in_hand_ -= rows;
    retrying_ = false;
    (written ? counters_.written : counters_.lost) += rows;
  }
  progress_.notify_all();
}

void ThreadedTraceStore::set_failing(bool failing) {
  if (failing_ == failing) return;
  failing_ = failing;
  failing_since_ = Clock::now();
  if (failing) {
    log_error("trace_failing", {{"folder", settings_.folder}, {"problem", last_trouble_}});
  } else {
    log_info("trace_recovered", {{"folder", settings_.folder}});
  }
}

void ThreadedTraceStore::look_after_files() {
  const Time time = settings_.clock();
  const std::string today = trace_day_name(time);
  if (today == looked_on_ && Clock::now() < next_look_) return;
  looked_on_ = today;
  next_look_ = Clock::now() + look_interval;

  TraceSettings settings;
  {
    const std::lock_guard lock(mutex_);
    settings = settings_;
  }
  std::vector<TraceDay> days = list_trace_days(settings.folder);
  const std::string first_kept = trace_day_name(time - std::chrono::days(settings.keep_days));
  for (const TraceDay& day : days_to_drop(days, first_kept, today, settings.max_bytes)) {
    if (writer_day_ == day.name) writer_.reset();
    drop_trace_day(day);
    std::erase_if(days, [&](const TraceDay& kept) { return kept.name == day.name; });
    log_info("trace_day_dropped", {{"day", day.name}, {"bytes", day.bytes}});
  }
  std::int64_t bytes = 0;
  for (const TraceDay& day : days) bytes += day.bytes;
  full_ = bytes >= settings.max_bytes;
  if (full_) last_trouble_ = "max_bytes is reached within one day";
  const std::lock_guard lock(mutex_);
  counters_.bytes = static_cast<std::uint64_t>(bytes);
}

void ThreadedTraceStore::report_losses() {
  const std::uint64_t lost = counters().lost;
  if (lost == reported_ || Clock::now() < next_report_) return;
  next_report_ = Clock::now() + report_interval;
  log_error("trace_rows_lost",
            {{"rows", lost - reported_},
             {"problem", last_trouble_.empty() ? "the queue is full" : last_trouble_}});
  reported_ = lost;
}

Result<TraceAnswer> ThreadedTraceStore::find(const TraceQuery& query) {
  const Result<TraceRange> range = trace_range(query, settings_.clock());
  if (!range) return std::unexpected(range.error());

  TraceAnswer answer;
  if (!flush(query_patience)) answer.problems.emplace_back(not_on_disk);
  std::vector<TraceDay> days = list_trace_days(settings_.folder);
  const std::string first = trace_day_name(range->start);
  const std::string last = trace_day_name(range->end);
  for (auto day = days.rbegin(); day != days.rend() && answer.records.size() <= query.limit;
       ++day) {
    if (day->name < first || day->name > last) continue;
    Result<std::vector<TraceRecord>> found = search_trace_day(day->path, query, *range);
    if (!found) {
      answer.problems.push_back(found.error().message);
      continue;
    }
    std::ranges::move(*found, std::back_inserter(answer.records));
  }
  if (answer.records.size() > query.limit) {
    answer.records.resize(query.limit);
    answer.more = true;
  }
  return answer;
}

TraceScanned ThreadedTraceStore::scan(const TraceScan& wanted, TraceRowReader& reader) {
  TraceScanned scanned;
  if (!flush(query_patience)) scanned.problems.emplace_back(not_on_disk);
  const std::string first = trace_day_name(wanted.start);
  const std::string last = trace_day_name(wanted.end);
  for (const TraceDay& day : list_trace_days(settings_.folder)) {
    if (day.name < first || day.name > last) continue;
    scan_trace_day(day.path, wanted, reader, scanned);
  }
  return scanned;
}

}  // namespace

Result<std::unique_ptr<TraceStore>> TraceStore::open(TraceSettings settings) {
  std::error_code error;
  std::filesystem::create_directories(settings.folder, error);
  if (error) {
    return fail(fmt::format("Cannot make the folder {}: {}.", settings.folder, error.message()));
  }
  ::chmod(settings.folder.c_str(), 0700);
  if (::access(settings.folder.c_str(), W_OK) != 0) {
    return fail(fmt::format("The folder {} cannot be written.", settings.folder));
  }
  return std::make_unique<ThreadedTraceStore>(std::move(settings));
}

}  // namespace postern::store
