// Who has a message already, although the client was told to send it again.
//
// The edge owns no mail and has no queue, so a message for three recipients of which one is
// deferred must come again as a whole. The ledger remembers, for this client and these very
// bytes, the two that have it; the retry then reaches only the third. It also remembers a message
// that was safe while the client left before it could hear so. An entry goes when a retry has
// completed, so that a later identical message is a message of its own, at the latest after
// seven days.
//
// The rows are in a database of their own (`ledger.db`), committed in batches and synced. An
// index of all of them is in memory: for a message that never failed in part, looking is one
// hash lookup and no I/O. A ledger that cannot be written costs duplicates, never mail.
//
//   const LedgerKey key = ledger_key(reverse_path, client, digest);
//   const auto have_it = ledger.lookup(key, now());       // from any thread
//   const auto pending = ledger.add(key, {"ann@contoso.test"}, now());
//   auto written = ledger.write(pending);                 // blocks: on a worker thread
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/guarded.h"
#include "base/ip_address.h"
#include "base/result.h"
#include "base/time.h"
#include "store/sqlite.h"

namespace postern::store {

/// A message of one client: SHA-256 over all that makes it the same when it comes again.
using LedgerKey = std::array<char, 32>;

/// `digest`: SHA-256 of the message as received.
LedgerKey ledger_key(std::string_view reverse_path, const IpAddress& client,
                     std::string_view digest);

class Ledger {
 public:
  static constexpr auto keep_for = std::chrono::days(7);
  /// Messages; beyond, the oldest is forgotten. One takes about 300 bytes of memory.
  static constexpr std::size_t default_max_messages = 200'000;

  /// Opens or creates the database, drops what is too old and reads the rest.
  static Result<std::unique_ptr<Ledger>> open(const std::string& path, Time now,
                                              std::size_t max_messages = default_max_messages);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  /// The forward-paths that have it; empty for nearly every message.
  std::vector<std::string> lookup(const LedgerKey& key, Time now) const;

  /// Changes that lookup() sees already, on their way to the disk.
  class Pending;

  /// Adds forward-paths to those that have it. Does not block.
  Pending add(const LedgerKey& key, std::vector<std::string> forward_paths, Time now);
  /// A retry to these has completed. Does not block. The others stay: a client may send one
  /// message in several transactions, each with recipients of its own.
  Pending forget(const LedgerKey& key, const std::vector<std::string>& forward_paths);
  /// Blocks until the changes are on the disk. If they cannot be written, lookup() still knows
  /// them until the process ends. Changes that nobody waits for go with the next ones.
  Result<void> write(const Pending& pending);

  /// Messages in the ledger now.
  std::size_t size() const;

 private:
  struct Message {
    Time recorded;  ///< the first time: seven days are counted from then
    std::vector<std::string> forward_paths;
  };
  struct HashKey {
    std::size_t operator()(const LedgerKey& key) const {
      std::size_t value = 0;  // SHA-256: any eight bytes will do
      std::memcpy(&value, key.data(), sizeof(value));
      return value;
    }
  };
  struct Index {
    std::unordered_map<LedgerKey, Message, HashKey> messages;
    std::deque<LedgerKey> by_age;  ///< with keys that are forgotten already
  };
  struct Change {
    enum class What { add, remove, remove_all } what = What::add;
    LedgerKey key{};
    std::vector<std::string> forward_paths;
    Time recorded;
  };
  struct Batch {
    std::vector<Change> changes;
    std::optional<Result<void>> outcome;  ///< empty until it was tried
  };

  Ledger(Database database, std::size_t max_messages);
  void load(Time now);
  void drop_oldest(Index& index, Time now, std::vector<Change>& changes) const;
  std::shared_ptr<Batch> enqueue(std::vector<Change> changes);
  Result<void> apply(const std::vector<Change>& changes);
  void write_rows(const std::vector<Change>& changes);

  const std::size_t max_messages_;
  Guarded<Index> index_;

  // Group commit: who comes while a batch is written joins the next one.
  std::mutex mutex_;
  std::condition_variable written_;
  std::shared_ptr<Batch> next_;
  bool writing_ = false;
  Database database_;  ///< used by the one thread that has set `writing_`
};

class Ledger::Pending {
 private:
  friend class Ledger;
  explicit Pending(std::shared_ptr<Batch> batch) : batch_(std::move(batch)) {}
  std::shared_ptr<Batch> batch_;  ///< null: nothing has changed
};

}  // namespace postern::store
