// Messages that are being handed on at this moment, so that one that comes again too early
// reaches nobody twice.
//
// A next hop may take minutes to reply, and a client that does not wait for it leaves and sends
// the message again: while the first is still under way, no ledger knows of it yet. So a message
// that is the same as one under way, whose client has left, waits for the end of that one, and
// then asks the ledger. The same bytes from a client that is still there are another message.
#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/guarded.h"
#include "delivery/counters.h"
#include "delivery/smtp_client.h"
#include "store/ledger.h"

namespace postern::delivery {

/// Shared by all threads.
class InFlight {
 public:
  /// Asked from any thread, as long as the entry lives. Empty: the client counts as present.
  using ClientHasLeft = std::function<bool()>;

  /// The message is under way until this is destroyed.
  class Entry;

  /// Nothing: an identical message is still under way at the deadline. `waits` counts those that
  /// meet one.
  awaitable<std::optional<Entry>> enter(store::LedgerKey key, ClientHasLeft client_has_left,
                                        Deadline deadline, Counters::Count& waits);

 private:
  struct Waiter {
    boost::asio::any_io_executor executor;
    std::shared_ptr<boost::asio::steady_timer> timer;
  };
  struct Message {
    ClientHasLeft client_has_left;
    std::vector<Waiter> waiters;
  };
  struct HashKey {
    std::size_t operator()(const store::LedgerKey& key) const;
  };
  using Messages = std::unordered_multimap<store::LedgerKey, std::shared_ptr<Message>, HashKey>;
  using Shard = Guarded<Messages>;

  class Registration;

  std::shared_ptr<Message> try_enter(const store::LedgerKey& key,
                                     const std::shared_ptr<Message>& message, const Waiter& waiter);
  Shard& shard_of(const store::LedgerKey& key) {
    return shards_[static_cast<unsigned char>(key.back()) % shards_.size()];
  }
  void leave(const store::LedgerKey& key, const std::shared_ptr<Message>& message);

  std::array<Shard, 16> shards_;
};

class InFlight::Entry {
 public:
  Entry(Entry&& other) noexcept = default;
  Entry& operator=(Entry&&) = delete;
  ~Entry() {
    if (message_) owner_->leave(key_, message_);
  }

 private:
  friend class InFlight;
  Entry(InFlight& owner, const store::LedgerKey& key, std::shared_ptr<Message> message)
      : owner_(&owner), key_(key), message_(std::move(message)) {}

  InFlight* owner_;
  store::LedgerKey key_;
  std::shared_ptr<Message> message_;  ///< null: moved from
};

}  // namespace postern::delivery
