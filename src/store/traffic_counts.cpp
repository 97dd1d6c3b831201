#include "store/traffic_counts.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>
#include <utility>

#include "base/ascii.h"
#include "base/keyed_hash.h"
#include "base/log.h"
#include "store/trace_day.h"
#include "store/trace_files.h"
#include "store/traffic_day.h"

namespace postern::store {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto look_interval = 60s;
constexpr auto report_interval = 30s;
constexpr auto query_patience = 5s;
/// Of so many transactions is known that they were counted; then the older half is forgotten.
constexpr std::size_t known_messages = 100'000;

bool is_damage(int code) {
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

Time time_of_day(std::int64_t day) {
  return Time(std::chrono::days(day));
}

/// A message has a record for each recipient, which come together or nearly so.
class CountedMessages {
 public:
  /// False: it was there already.
  bool insert(std::string_view id) {
    const std::uint64_t key = hash_(id);
    if (recent_.contains(key) || older_.contains(key)) return false;
    if (recent_.size() >= known_messages / 2) older_ = std::exchange(recent_, {});
    recent_.insert(key);
    return true;
  }

 private:
  const KeyedHash hash_{KeyedHash::random_key()};
  std::unordered_set<std::uint64_t> recent_;
  std::unordered_set<std::uint64_t> older_;
};

/// What waits to be written, by days since 1970.
struct Pending {
  std::map<std::int64_t, TrafficBatch> days;
  std::size_t rows = 0;
  std::size_t addresses = 0;

  std::uint64_t messages() const {
    std::uint64_t sum = 0;
    for (const auto& [day, batch] : days) sum += batch.messages;
    return sum;
  }
};

class ThreadedTrafficCounts final : public TrafficCounts {
 public:
  explicit ThreadedTrafficCounts(TrafficSettings settings) : settings_(std::move(settings)) {
    thread_ = std::thread([this] { work(); });
  }

  ~ThreadedTrafficCounts() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

  void add(std::span<const TraceRecord> records) override {
    bool wake = false;
    {
      const std::lock_guard lock(mutex_);
      for (const TraceRecord& record : records) {
        if (is_traffic(record)) count(record);
      }
      wake = pending_.rows >= settings_.pending_rows / 2;
    }
    if (wake) wake_.notify_one();
  }

  bool flush(std::chrono::milliseconds limit) override {
    std::unique_lock lock(mutex_);
    const std::uint64_t target = counted_;
    const std::uint64_t failures = failures_;
    if (settled_ >= target) return true;
    flush_wanted_ = true;
    wake_.notify_one();
    progress_.wait_for(lock, limit, [&] { return settled_ >= target || failures_ != failures; });
    return settled_ >= target;
  }

  std::vector<std::string> read(const TrafficQuery& query,
                                const std::function<void(const CountedTraffic&)>& use) override {
    return read_days(query, [&](const std::string& path) { read_traffic(path, query, use); });
  }
  std::vector<std::string> read(const TrafficQuery& query,
                                const std::function<void(const CountedAddress&)>& use) override {
    return read_days(query, [&](const std::string& path) { read_addresses(path, query, use); });
  }

  TrafficCounters counters() const override {
    const std::lock_guard lock(mutex_);
    return counters_;
  }
  void reload(const TrafficSettings& settings) override {
    const std::lock_guard lock(mutex_);
    settings_.keep_days = settings.keep_days;
    settings_.max_bytes = settings.max_bytes;
  }
  int keep_days() const override {
    const std::lock_guard lock(mutex_);
    return settings_.keep_days;
  }

 private:
  void count(const TraceRecord& record);
  void count_address(TrafficBatch& batch, AddressRole role, const TraceRecord& record);
  std::vector<std::string> read_days(const TrafficQuery& query,
                                     const std::function<void(const std::string&)>& read);
  void work();
  bool wait_for_work();
  bool write(Pending& pending);
  TrafficDayWriter::Written write_day(std::int64_t day, const TrafficBatch& batch);
  void set_failing(bool failing);
  void look_after_files();

  mutable std::mutex mutex_;
  TrafficSettings settings_;  // folder, limits, delay and clock never change
  std::condition_variable wake_;
  std::condition_variable progress_;
  Pending pending_;
  CountedMessages messages_;
  // Their strings keep their memory from record to record.
  TrafficKey key_;
  AddressKey address_;
  std::string text_;
  std::uint64_t counted_ = 0;  // records
  std::uint64_t settled_ = 0;  // of these: written or given up
  std::uint64_t failures_ = 0;
  bool flush_wanted_ = false;
  bool stopping_ = false;
  TrafficCounters counters_;

  // Of the thread alone.
  std::optional<TrafficDayWriter> writer_;
  std::int64_t writer_day_ = 0;
  std::string last_trouble_;
  bool failing_ = false;
  bool full_ = false;  // today's file alone exceeds max_bytes
  Clock::time_point next_look_{};
  Clock::time_point next_report_{};
  std::string looked_on_;

  std::thread thread_;
};

void ThreadedTrafficCounts::count(const TraceRecord& record) {
  ++counted_;
  fill(key_, record);
  if (pending_.rows >= settings_.pending_rows) {
    while (key_.detail != TrafficDetail::none) coarsen(key_);
  }
  const bool is_new = messages_.insert(record.message_trace_id);
  TrafficBatch& batch = pending_.days[day_of_hour(key_.hour)];
  text_.clear();
  append_to(text_, key_);
  auto found = batch.rows.find(std::string_view(text_));
  if (found == batch.rows.end()) {
    found = batch.rows.emplace(text_, CountedTraffic{key_, {}}).first;
    found->second.count.first = found->second.count.last = record.received;
    found->second.count.sample = record.message_trace_id;
    ++pending_.rows;
  }
  TrafficCount& count = found->second.count;
  ++count.recipients;
  count.first = std::min(count.first, record.received);
  count.last = std::max(count.last, record.received);
  if (is_new) {
    ++batch.messages;
    ++counters_.messages;
    ++count.messages;
    if (!record.tls.empty()) ++count.with_tls;
    if (iequals(record.reverse_path, record.forward_path)) ++count.self_to_self;
  }
  // What is deferred comes again.
  if (key_.kind == TrafficKind::foreign || record.decision == "Defer") return;
  if (is_new) count_address(batch, AddressRole::sender, record);
  count_address(batch, AddressRole::recipient, record);
}

void ThreadedTrafficCounts::count_address(TrafficBatch& batch, AddressRole role,
                                          const TraceRecord& record) {
  fill(address_, role, record, key_);
  if (pending_.addresses >= settings_.pending_rows) {
    while (!is_coarsest(address_)) coarsen(address_);
  }
  text_.clear();
  append_to(text_, address_);
  auto found = batch.addresses.find(std::string_view(text_));
  if (found == batch.addresses.end()) {
    found = batch.addresses.emplace(text_, CountedAddress{address_, {}}).first;
    ++pending_.addresses;
  }
  found->second.count.add({.messages = 1,
                           .refused = key_.is_refused() ? 1u : 0u,
                           .first = record.received,
                           .last = record.received});
}

std::vector<std::string> ThreadedTrafficCounts::read_days(
    const TrafficQuery& query, const std::function<void(const std::string&)>& read) {
  std::vector<std::string> problems;
  if (!flush(query_patience))
    problems.emplace_back("The newest counts are not on disk yet and are missing here.");
  const std::string first = trace_day_name(query.start);
  const std::string last = trace_day_name(query.end);
  for (const TraceDay& day : list_trace_days(settings_.folder)) {
    if (day.name < first || day.name > last || !std::filesystem::exists(day.path)) continue;
    try {
      read(day.path);
    } catch (const SqliteError& error) {
      problems.push_back(
          fmt::format("The counts of {} cannot be read: {}.", day.name, error.what()));
    }
  }
  return problems;
}

/// False: it is the end.
bool ThreadedTrafficCounts::wait_for_work() {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, settings_.write_delay, [&] {
    return stopping_ || flush_wanted_ || (!failing_ && pending_.rows >= settings_.pending_rows / 2);
  });
  flush_wanted_ = false;
  return !stopping_;
}

void ThreadedTrafficCounts::work() {
  Pending in_hand;  // Perhaps of an earlier round, when the disk failed.
  std::uint64_t target = 0;
  for (bool goes_on = true; goes_on;) {
    goes_on = wait_for_work();
    look_after_files();
    // At the end, or when the disk is back, there are two: what was in hand and what came since.
    for (int round = 0; round < 2; ++round) {
      if (in_hand.days.empty()) {
        const std::lock_guard lock(mutex_);
        in_hand = std::exchange(pending_, {});
        target = counted_;
      }
      const bool done = write(in_hand);
      const std::lock_guard lock(mutex_);
      if (done) {
        settled_ = target;
      } else {
        ++failures_;
      }
      progress_.notify_all();
      if (!done) break;
      in_hand = {};
    }
  }
  const std::uint64_t lost = in_hand.messages() + pending_.messages();
  if (lost == 0) return;
  const std::lock_guard lock(mutex_);
  counters_.lost += lost;
  log_error("traffic_counts_lost", {{"messages", lost}, {"problem", last_trouble_}});
}

/// Days that are written go from `pending`, so that nothing is counted twice.
bool ThreadedTrafficCounts::write(Pending& pending) {
  TrafficSettings settings;
  {
    const std::lock_guard lock(mutex_);
    settings = settings_;
  }
  const std::int64_t first_kept =
      day_of_hour(hour_of(settings.clock() - std::chrono::days(settings.keep_days)));
  for (auto day = pending.days.begin(); day != pending.days.end(); day = pending.days.erase(day)) {
    const bool is_kept = day->first >= first_kept;
    TrafficDayWriter::Written written;
    try {
      if (is_kept) written = write_day(day->first, day->second);
    } catch (const SqliteError& error) {
      writer_.reset();
      last_trouble_ = error.what();
      set_failing(true);
      return false;
    }
    const std::lock_guard lock(mutex_);
    counters_.rows += written.new_rows;
    counters_.others += written.others;
    if (!is_kept) counters_.lost += day->second.messages;
  }
  set_failing(false);
  return true;
}

TrafficDayWriter::Written ThreadedTrafficCounts::write_day(std::int64_t day,
                                                           const TrafficBatch& batch) {
  const std::string path = settings_.folder + "/" + trace_day_name(time_of_day(day)) + ".db";
  for (bool is_second = false;; is_second = true) {
    try {
      if (writer_ && (writer_day_ != day || !writer_->is_in_place())) writer_.reset();
      if (!writer_) {
        ::mkdir(settings_.folder.c_str(), 0700);  // Perhaps somebody has removed it.
        writer_.emplace(path, settings_.limits);
        writer_day_ = day;
      }
      return writer_->write(batch, full_);
    } catch (const SqliteError& error) {
      writer_.reset();
      if (!is_damage(error.code()) || is_second) throw;
      log_error("traffic_counts_damaged", {{"file", path}, {"problem", error.what()}});
      set_aside(path);
    }
  }
}

void ThreadedTrafficCounts::set_failing(bool failing) {
  if (failing && Clock::now() >= next_report_) {
    next_report_ = Clock::now() + report_interval;
    log_error("traffic_counts_failing", {{"folder", settings_.folder}, {"problem", last_trouble_}});
  } else if (failing_ && !failing) {
    log_info("traffic_counts_recovered", {{"folder", settings_.folder}});
  }
  failing_ = failing;
}

void ThreadedTrafficCounts::look_after_files() {
  const Time time = settings_.clock();
  const std::string today = trace_day_name(time);
  if (today == looked_on_ && Clock::now() < next_look_) return;
  looked_on_ = today;
  next_look_ = Clock::now() + look_interval;
  TrafficSettings settings;
  {
    const std::lock_guard lock(mutex_);
    settings = settings_;
  }
  std::vector<TraceDay> days = list_trace_days(settings.folder);
  const std::string first_kept = trace_day_name(time - std::chrono::days(settings.keep_days));
  for (const TraceDay& day : days_to_drop(days, first_kept, today, settings.max_bytes)) {
    if (trace_day_name(time_of_day(writer_day_)) == day.name) writer_.reset();
    drop_trace_day(day);
    std::erase_if(days, [&](const TraceDay& kept) { return kept.name == day.name; });
    log_info("traffic_counts_dropped", {{"day", day.name}, {"bytes", day.bytes}});
  }
  std::int64_t bytes = 0;
  for (const TraceDay& day : days) bytes += day.bytes;
  full_ = bytes >= settings.max_bytes;
  const std::lock_guard lock(mutex_);
  counters_.bytes = static_cast<std::uint64_t>(bytes);
}

}  // namespace

Result<std::unique_ptr<TrafficCounts>> TrafficCounts::open(TrafficSettings settings) {
  std::error_code error;
  std::filesystem::create_directories(settings.folder, error);
  if (error)
    return fail(fmt::format("Cannot make the folder {}: {}.", settings.folder, error.message()));
  ::chmod(settings.folder.c_str(), 0700);
  if (::access(settings.folder.c_str(), W_OK) != 0)
    return fail(fmt::format("The folder {} cannot be written.", settings.folder));
  return std::make_unique<ThreadedTrafficCounts>(std::move(settings));
}

}  // namespace postern::store
