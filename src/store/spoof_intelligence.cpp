#include "store/spoof_intelligence.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <variant>

#include "base/log.h"
#include "store/spoof_intelligence_rows.h"
#include "store/sqlite.h"

namespace postern::store {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using policy::day_number;
using policy::DayNumber;
using policy::Sighting;
using policy::SightingTable;
using policy::SpoofPairName;
using policy::TrafficKeys;

constexpr std::size_t shard_count = 16;
/// What waits for a disk that fails; beyond, counts are lost.
constexpr std::size_t most_pending = 200'000;
constexpr std::size_t most_dirty = 500'000;
/// Sightings are written this often, or when so many are new: most are of the same few things.
constexpr auto sightings_interval = 60s;
constexpr std::size_t sightings_at_once = 50'000;
constexpr auto look_interval = 1h;
constexpr auto report_interval = 30s;
constexpr auto query_patience = 3s;

struct Legitimate {
  TrafficKeys keys;
  Time at;
};
struct Disputed {
  TrafficKeys keys;
  Time at;
};
struct Sent {
  std::uint64_t key = 0;
  Time at;
};
using Event = std::variant<SpoofSighting, Legitimate, Disputed, Sent>;

/// The tables of sightings for a part of the keys.
struct Shard {
  explicit Shard(const SpoofIntelligenceSettings& settings)
      : history(settings.history_places / shard_count),
        source(settings.source_places / shard_count, SightingTable::Bits::marks),
        sent(settings.sent_places / shard_count) {}

  SightingTable& table(SightingKind kind) {
    switch (kind) {
      case SightingKind::history:
        return history;
      case SightingKind::source:
        return source;
      case SightingKind::sent:
        return sent;
    }
    std::abort();  // never a SightingKind
  }

  std::mutex mutex;
  SightingTable history;
  SightingTable source;
  SightingTable sent;
};

/// What is counted together; all of a pair stand next to each other.
struct CountKey {
  SpoofPairName pair;
  DayNumber day = 0;
  SpoofOutcome outcome{};
  bool by_list = false;
  policy::CompositeResult result{};
  int reason = 0;

  auto operator<=>(const CountKey&) const = default;
};

CountKey key_of(const SpoofSighting& sighting) {
  return {sighting.pair,    day_number(sighting.at), sighting.outcome,
          sighting.by_list, sighting.result,         sighting.reason};
}

/// Counted on, without the names that strangers choose.
SpoofSighting nameless(SpoofSighting sighting) {
  sighting.pair.spoofed_user.clear();
  sighting.pair.sending_infrastructure.clear();
  for (std::string* text : {&sighting.author_domain, &sighting.true_sender, &sighting.spf,
                            &sighting.dkim, &sighting.dmarc}) {
    text->clear();
  }
  return sighting;
}

class ThreadedSpoofIntelligence final : public SpoofIntelligence {
 public:
  ThreadedSpoofIntelligence(SpoofIntelligenceSettings settings, Database database)
      : settings_(std::move(settings)),
        database_(std::move(database)),
        hash_(load_hash_key(database_)),
        book_(settings_.pairs) {
    for (auto& shard : shards_) shard = std::make_unique<Shard>(settings_);
    load();
    thread_ = std::thread([this] { work(); });
  }

  ~ThreadedSpoofIntelligence() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

  const KeyedHash& hash() const override { return hash_; }

  policy::TrafficHistories history(const TrafficKeys& keys, Time now) const override {
    const auto look = [this, today = day_number(now)](SightingKind kind) {
      return [this, today, kind](std::uint64_t key) { return find_sighting(kind, key, today); };
    };
    return policy::traffic_histories(keys, look(SightingKind::history), look(SightingKind::source));
  }

  bool has_sent(std::uint64_t key, Time now) const override {
    const auto found = find_sighting(SightingKind::sent, key, day_number(now));
    return found && (found->bits & ((std::uint64_t{1} << (sent_days + 1)) - 1)) != 0;
  }

  void note(SpoofSighting sighting) override { enqueue(std::move(sighting)); }
  void note_legitimate(const TrafficKeys& keys, Time at) override { enqueue(Legitimate{keys, at}); }
  void note_disputed(const TrafficKeys& keys, Time at) override { enqueue(Disputed{keys, at}); }
  void note_sent(std::uint64_t key, Time at) override { enqueue(Sent{key, at}); }

  SpoofCounters counters() const override {
    const std::lock_guard lock(mutex_);
    SpoofCounters counters = counters_;
    counters.queued = queue_.size();
    return counters;
  }

  bool flush(std::chrono::milliseconds limit) override {
    std::unique_lock lock(mutex_);
    const std::uint64_t target = taken_;
    const std::uint64_t failures = counters_.write_failures;
    if (settled_ >= target) return true;
    flush_wanted_ = true;
    wake_.notify_one();
    progress_.wait_for(lock, limit,
                       [&] { return settled_ >= target || counters_.write_failures != failures; });
    return settled_ >= target;
  }

  Result<std::vector<SpoofCount>> find(const SpoofQuery& query) override {
    const bool is_complete = flush(query_patience);
    auto database = Database::open(settings_.path, Database::Mode::read_only);
    if (!database) return std::unexpected(database.error());
    try {
      auto found = find_counts(*database, query);
      if (!is_complete) log_warning("spoof_counts_incomplete", {{"file", settings_.path}});
      return found;
    } catch (const SqliteError& error) {
      return fail(fmt::format("Cannot read {}: {}.", settings_.path, error.what()));
    }
  }

 private:
  Shard& shard_of(std::uint64_t key) const { return *shards_[key >> 60]; }

  std::optional<Sighting> find_sighting(SightingKind kind, std::uint64_t key,
                                        DayNumber today) const {
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    return shard.table(kind).find(key, today);
  }

  void enqueue(Event event) {
    bool wake = false;
    {
      const std::lock_guard lock(mutex_);
      ++counters_.noted;
      if (queue_.size() >= settings_.queue_events) {
        ++counters_.lost;
        return;
      }
      ++taken_;
      queue_.push_back(std::move(event));
      wake = queue_.size() == 1;
    }
    if (wake) wake_.notify_one();
  }

  void load();
  void work();
  struct Batch {
    std::vector<Event> events;
    bool write_all = false;  ///< somebody waits for it, or it is the end
  };
  Batch next_batch();
  void apply(SpoofSighting& sighting);
  void apply(const Legitimate& message);
  void apply(const Disputed& message);
  void apply(const Sent& message);
  void add_sighting(SightingKind kind, std::uint64_t key, DayNumber day, unsigned mark = 0);
  void count(SpoofSighting sighting, std::uint64_t times);
  void push_out(const std::vector<SpoofPairName>& pairs);
  void write(bool write_all);
  void write_sightings();
  void look_after();
  void tell_sizes();

  const SpoofIntelligenceSettings settings_;
  Database database_;  // of the thread, once it runs
  const KeyedHash hash_;
  std::array<std::unique_ptr<Shard>, shard_count> shards_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable progress_;
  std::vector<Event> queue_;
  std::uint64_t taken_ = 0;    // were in the queue
  std::uint64_t settled_ = 0;  // of these: counted, and written or waiting for a disk that fails
  bool flush_wanted_ = false;
  bool stopping_ = false;
  SpoofCounters counters_;

  // Of the thread alone.
  policy::SpoofPairBook book_;
  std::map<CountKey, SpoofCount> pending_;  // to be added to the rows on disk
  std::set<SpoofPairName> fresh_;           // nothing of them is on disk
  std::set<SpoofPairName> forgotten_;       // whose rows on disk are to lose their names
  std::set<std::pair<SightingKind, std::uint64_t>> dirty_;
  std::uint64_t pushed_out_ = 0;
  std::uint64_t nameless_ = 0;
  std::uint64_t lost_ = 0;
  Clock::time_point next_sightings_{};
  Clock::time_point next_look_{};
  Clock::time_point next_report_{};
  DayNumber looked_on_ = 0;

  std::thread thread_;
};

void ThreadedSpoofIntelligence::load() {
  for (const auto kind : {SightingKind::history, SightingKind::source, SightingKind::sent}) {
    load_sightings(database_, kind, [&](const Sighting& sighting) {
      shard_of(sighting.key).table(kind).put(sighting);
    });
  }
  load_pairs(database_, [&](const SpoofPairName& pair, std::uint32_t days, DayNumber last_day) {
    const auto added = book_.restore(pair, days, last_day);
    push_out(added.pushed_out);
    if (!added.remembered) push_out({pair});
  });
  tell_sizes();
}

ThreadedSpoofIntelligence::Batch ThreadedSpoofIntelligence::next_batch() {
  std::unique_lock lock(mutex_);
  const auto is_due = [&] {
    return stopping_ || flush_wanted_ || queue_.size() >= settings_.queue_events / 4;
  };
  wake_.wait_for(lock, sightings_interval,
                 [&] { return stopping_ || flush_wanted_ || !queue_.empty(); });
  if (!queue_.empty()) wake_.wait_for(lock, settings_.batch_delay, is_due);
  return {.events = std::exchange(queue_, {}),
          .write_all = std::exchange(flush_wanted_, false) || stopping_};
}

void ThreadedSpoofIntelligence::work() {
  for (;;) {
    Batch batch = next_batch();
    for (Event& event : batch.events) std::visit([this](auto& one) { apply(one); }, event);
    look_after();
    write(batch.write_all);
    tell_sizes();
    const std::lock_guard lock(mutex_);
    settled_ += batch.events.size();
    progress_.notify_all();
    if (stopping_ && queue_.empty() && batch.write_all) return;
  }
}

void ThreadedSpoofIntelligence::apply(SpoofSighting& sighting) {
  const auto added = book_.add(sighting.pair, day_number(sighting.at));
  push_out(added.pushed_out);
  if (added.is_new) fresh_.insert(sighting.pair);
  if (added.remembered) return count(std::move(sighting), 1);
  ++nameless_;
  count(nameless(std::move(sighting)), 1);
}

void ThreadedSpoofIntelligence::count(SpoofSighting sighting, std::uint64_t times) {
  CountKey key = key_of(sighting);
  const auto found = pending_.find(key);
  if (found == pending_.end() && pending_.size() >= most_pending) {
    lost_ += times;
    return;
  }
  SpoofCount& counted = found == pending_.end() ? pending_[std::move(key)] : found->second;
  counted.count += times;
  counted.last = std::move(sighting);
}

void ThreadedSpoofIntelligence::push_out(const std::vector<SpoofPairName>& pairs) {
  for (const SpoofPairName& pair : pairs) {
    ++pushed_out_;
    const bool is_on_disk = fresh_.erase(pair) == 0;
    if (is_on_disk && forgotten_.size() < most_pending) forgotten_.insert(pair);
    // What is not on disk yet loses its name at once.
    for (auto at = pending_.lower_bound({.pair = pair}); at != pending_.end();) {
      if (at->first.pair != pair) break;
      SpoofCount moved = std::move(at->second);
      at = pending_.erase(at);
      nameless_ += moved.count;
      count(nameless(std::move(moved.last)), moved.count);
    }
  }
}

void ThreadedSpoofIntelligence::add_sighting(SightingKind kind, std::uint64_t key, DayNumber day,
                                             unsigned mark) {
  Shard& shard = shard_of(key);
  SightingTable::Added added;
  {
    const std::lock_guard lock(shard.mutex);
    added = shard.table(kind).add(key, day, mark);
  }
  if (!added.remembered || dirty_.size() >= most_dirty) return;
  dirty_.emplace(kind, key);
  if (added.pushed_out != 0) dirty_.emplace(kind, added.pushed_out);
}

void ThreadedSpoofIntelligence::apply(const Legitimate& message) {
  const DayNumber day = day_number(message.at);
  for (const policy::TrafficKey& key : message.keys.keys()) {
    add_sighting(SightingKind::history, key.history, day);
    if (key.kind != policy::HistoryKind::author)  // whose source is that of the subnet
      add_sighting(SightingKind::source, key.source, day, message.keys.author_mark);
  }
}

void ThreadedSpoofIntelligence::apply(const Disputed& message) {
  const DayNumber day = day_number(message.at);
  for (const policy::TrafficKey& key : message.keys.keys()) {
    Shard& shard = shard_of(key.history);
    const std::lock_guard lock(shard.mutex);
    if (shard.history.dispute(key.history, day) && dirty_.size() < most_dirty)
      dirty_.emplace(SightingKind::history, key.history);
  }
}

void ThreadedSpoofIntelligence::apply(const Sent& message) {
  add_sighting(SightingKind::sent, message.key, day_number(message.at));
}

void ThreadedSpoofIntelligence::write(bool write_all) {
  const bool with_sightings =
      write_all || dirty_.size() >= sightings_at_once || Clock::now() >= next_sightings_;
  if (pending_.empty() && forgotten_.empty() && (dirty_.empty() || !with_sightings)) return;
  try {
    SqliteTransaction transaction(database_);
    // First, since a pair that came again has new counts under its name.
    for (const SpoofPairName& pair : forgotten_) forget_pair(database_, pair);
    auto add = prepare_count_add(database_);
    for (const auto& [key, counted] : pending_) add_count(add, counted);
    if (with_sightings) write_sightings();
    transaction.commit();
    forgotten_.clear();
    pending_.clear();
    fresh_.clear();
    if (!with_sightings) return;
    dirty_.clear();
    next_sightings_ = Clock::now() + sightings_interval;
  } catch (const SqliteError& error) {
    {
      const std::lock_guard lock(mutex_);
      ++counters_.write_failures;
    }
    if (Clock::now() < next_report_) return;
    next_report_ = Clock::now() + report_interval;
    log_error("spoof_counts_failing", {{"file", settings_.path}, {"problem", error.what()}});
  }
}

void ThreadedSpoofIntelligence::write_sightings() {
  auto put = prepare_sighting_put(database_);
  const DayNumber today = day_number(settings_.clock());
  for (const auto& [kind, key] : dirty_) {
    if (const auto sighting = find_sighting(kind, key, today)) {
      put_sighting(put, kind, *sighting);
    } else {
      delete_sighting(database_, kind, key);
    }
  }
}

/// What is too old goes, once an hour and when a day begins.
void ThreadedSpoofIntelligence::look_after() {
  const DayNumber today = day_number(settings_.clock());
  if (today == looked_on_ && Clock::now() < next_look_) return;
  looked_on_ = today;
  next_look_ = Clock::now() + look_interval;
  const auto before = [today](int days) {
    return static_cast<DayNumber>(std::max(0, today - days));
  };
  book_.forget_before(before(report_days));
  try {
    drop_old_counts(database_, before(report_days), settings_.max_rows);
    drop_old_sightings(database_, before(SightingTable::kept_days));
  } catch (const SqliteError& error) {
    log_error("spoof_counts_failing", {{"file", settings_.path}, {"problem", error.what()}});
  }
}

void ThreadedSpoofIntelligence::tell_sizes() {
  std::uint64_t histories = 0;
  std::uint64_t sent = 0;
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard->mutex);
    histories += shard->history.size();
    sent += shard->sent.size();
  }
  const std::lock_guard lock(mutex_);
  counters_.pairs = book_.size();
  counters_.histories = histories;
  counters_.sent = sent;
  counters_.pushed_out = pushed_out_;
  counters_.nameless = nameless_;
  counters_.lost += std::exchange(lost_, 0);
}

}  // namespace

Result<std::unique_ptr<SpoofIntelligence>> SpoofIntelligence::open(
    SpoofIntelligenceSettings settings) {
  auto database = Database::open(settings.path);
  if (!database) return std::unexpected(database.error());
  try {
    prepare_spoof_tables(*database);
    return std::make_unique<ThreadedSpoofIntelligence>(std::move(settings), *std::move(database));
  } catch (const SqliteError& error) {
    return fail(
        fmt::format("Cannot read what was learned about forged authors: {}.", error.what()));
  }
}

}  // namespace postern::store
