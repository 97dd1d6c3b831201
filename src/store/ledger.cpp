#include "store/ledger.h"

#include <algorithm>

#include "base/encoding.h"

namespace postern::store {
namespace {

std::int64_t to_microseconds(Time time) {
  return time.time_since_epoch().count();
}
Time from_microseconds(std::int64_t count) {
  return Time(std::chrono::microseconds(count));
}

std::string_view bytes_of(const LedgerKey& key) {
  return {key.data(), key.size()};
}

/// A row per recipient. Full synchronisation: the reply that follows a commit counts on it.
constexpr const char* schema = R"(
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS delivered (
    message BLOB NOT NULL,
    forward_path TEXT NOT NULL,
    recorded INTEGER NOT NULL,
    PRIMARY KEY (message, forward_path)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS delivered_recorded ON delivered (recorded);
)";

}  // namespace

LedgerKey ledger_key(std::string_view reverse_path, const IpAddress& client,
                     std::string_view digest) {
  // The digest has a fixed length and neither a path nor an address holds a line feed.
  std::string text(digest);
  text += reverse_path;
  text += '\n';
  text += client.to_string();
  const std::string hash = sha256(text);
  LedgerKey key;
  std::ranges::copy(hash, key.begin());
  return key;
}

Result<std::unique_ptr<Ledger>> Ledger::open(const std::string& path, Time now,
                                             std::size_t max_messages) {
  auto database = Database::open(path);
  if (!database) return std::unexpected(database.error());
  std::unique_ptr<Ledger> ledger(new Ledger(std::move(*database), max_messages));
  try {
    ledger->load(now);
  } catch (const SqliteError& error) {
    return fail("Cannot use the ledger " + path + ": " + error.what());
  }
  return ledger;
}

Ledger::Ledger(Database database, std::size_t max_messages)
    : max_messages_(max_messages), database_(std::move(database)) {}

Ledger::~Ledger() {
  // Changes that nobody waited for.
  if (next_) (void)apply(next_->changes);
}

void Ledger::load(Time now) {
  database_.execute(schema);
  database_.prepare("DELETE FROM delivered WHERE recorded < ?")
      .bind(1, to_microseconds(now - keep_for))
      .run();
  Statement rows =
      database_.prepare("SELECT message, forward_path, recorded FROM delivered ORDER BY recorded");
  std::vector<Change> forgotten;
  index_.with([&](Index& index) {
    while (rows.step()) {
      const std::string_view blob = rows.blob(0);
      LedgerKey key{};
      if (blob.size() != key.size()) continue;
      std::ranges::copy(blob, key.begin());
      const auto [entry, is_new] = index.messages.try_emplace(key);
      if (is_new) {
        entry->second.recorded = from_microseconds(rows.number(2));
        index.by_age.push_back(key);
      }
      entry->second.forward_paths.emplace_back(rows.text(1));
    }
    drop_oldest(index, now, forgotten);
  });
  if (!forgotten.empty()) write_rows(forgotten);
}

std::vector<std::string> Ledger::lookup(const LedgerKey& key, Time now) const {
  return index_.with([&](const Index& index) -> std::vector<std::string> {
    const auto entry = index.messages.find(key);
    if (entry == index.messages.end() || entry->second.recorded < now - keep_for) return {};
    return entry->second.forward_paths;
  });
}

std::size_t Ledger::size() const {
  return index_.with([](const Index& index) { return index.messages.size(); });
}

/// Keeps the index within its limit and its time, and the list of ages near the size of the index.
void Ledger::drop_oldest(Index& index, Time now, std::vector<Change>& changes) const {
  const auto is_due = [&](const LedgerKey& oldest) {
    if (index.messages.size() > max_messages_ || index.by_age.size() > 2 * max_messages_)
      return true;
    const auto entry = index.messages.find(oldest);
    return entry == index.messages.end() || entry->second.recorded < now - keep_for;
  };
  while (!index.by_age.empty() && is_due(index.by_age.front())) {
    const LedgerKey oldest = index.by_age.front();
    index.by_age.pop_front();
    if (index.messages.erase(oldest) == 0) continue;
    changes.push_back(
        {.what = Change::What::remove_all, .key = oldest, .forward_paths = {}, .recorded = {}});
  }
}

Ledger::Pending Ledger::add(const LedgerKey& key, std::vector<std::string> forward_paths,
                            Time now) {
  // Queued under the index's lock, so that rows change in the order in which the index did.
  return index_.with([&](Index& index) {
    std::vector<Change> changes;
    drop_oldest(index, now, changes);
    auto [entry, is_new] = index.messages.try_emplace(key);
    Message& message = entry->second;
    if (is_new) {
      message.recorded = now;
      index.by_age.push_back(key);
    }
    Change change{
        .what = Change::What::add, .key = key, .forward_paths = {}, .recorded = message.recorded};
    for (std::string& path : forward_paths) {
      if (std::ranges::find(message.forward_paths, path) != message.forward_paths.end()) continue;
      message.forward_paths.push_back(path);
      change.forward_paths.push_back(std::move(path));
    }
    if (!change.forward_paths.empty()) changes.push_back(std::move(change));
    drop_oldest(index, now, changes);
    return Pending(enqueue(std::move(changes)));
  });
}

Ledger::Pending Ledger::forget(const LedgerKey& key,
                               const std::vector<std::string>& forward_paths) {
  return index_.with([&](Index& index) {
    const auto entry = index.messages.find(key);
    if (entry == index.messages.end()) return Pending(nullptr);
    std::vector<std::string>& known = entry->second.forward_paths;
    Change change{.what = Change::What::remove, .key = key, .forward_paths = {}, .recorded = {}};
    for (const std::string& path : forward_paths) {
      if (std::erase(known, path) > 0) change.forward_paths.push_back(path);
    }
    if (known.empty()) index.messages.erase(entry);
    if (change.forward_paths.empty()) return Pending(nullptr);
    return Pending(enqueue({std::move(change)}));
  });
}

std::shared_ptr<Ledger::Batch> Ledger::enqueue(std::vector<Change> changes) {
  if (changes.empty()) return nullptr;
  const std::lock_guard lock(mutex_);
  if (!next_) next_ = std::make_shared<Batch>();
  std::ranges::move(changes, std::back_inserter(next_->changes));
  return next_;
}

/// Waits until someone has written the batch, or does it for all who joined it.
Result<void> Ledger::write(const Pending& pending) {
  if (!pending.batch_) return {};
  Batch& batch = *pending.batch_;
  std::unique_lock lock(mutex_);
  written_.wait(lock, [&] { return batch.outcome.has_value() || !writing_; });
  if (!batch.outcome) {
    writing_ = true;
    next_ = nullptr;
    lock.unlock();
    Result<void> outcome = apply(batch.changes);
    lock.lock();
    writing_ = false;
    batch.outcome = std::move(outcome);
    written_.notify_all();
  }
  return *batch.outcome;
}

Result<void> Ledger::apply(const std::vector<Change>& changes) {
  try {
    write_rows(changes);
    return {};
  } catch (const SqliteError& error) {
    return fail(std::string("Cannot write the ledger: ") + error.what());
  }
}

void Ledger::write_rows(const std::vector<Change>& changes) {
  SqliteTransaction transaction(database_);
  Statement insert = database_.prepare("INSERT OR IGNORE INTO delivered VALUES (?, ?, ?)");
  Statement remove =
      database_.prepare("DELETE FROM delivered WHERE message = ? AND forward_path = ?");
  Statement remove_all = database_.prepare("DELETE FROM delivered WHERE message = ?");
  for (const Change& change : changes) {
    const std::string_view key = bytes_of(change.key);
    switch (change.what) {
      case Change::What::add:
        for (const std::string& path : change.forward_paths) {
          insert.bind_blob(1, key).bind(2, path).bind(3, to_microseconds(change.recorded)).run();
        }
        break;
      case Change::What::remove:
        for (const std::string& path : change.forward_paths)
          remove.bind_blob(1, key).bind(2, path).run();
        break;
      case Change::What::remove_all:
        remove_all.bind_blob(1, key).run();
        break;
    }
  }
  transaction.commit();
}

}  // namespace postern::store
