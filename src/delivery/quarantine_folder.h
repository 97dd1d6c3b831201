// Copies that are kept here: of recipients whose policy wants that, and of those whose next hop
// refused a message for good beside others that it took, where no relay could tell the sender.
//
//   data_directory/quarantine/<id>.eml    the message as it would have been delivered
//   data_directory/quarantine/<id>.json   who should have had it, who refused it and why
//
// Both are synced before the client hears 250; the .json is renamed last, so where it stands the
// message is whole, and it is removed first. 0600, as is the folder's 0700. The rows by which
// messages are found (store/quarantine_rows.h) follow the files: what a crash left out is made
// again at the start.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "delivery/edited.h"
#include "delivery/envelope.h"
#include "delivery/file_calls.h"
#include "delivery/outcome.h"
#include "net/blocking_pool.h"
#include "store/quarantine_rows.h"

namespace postern::delivery {

/// Why a message was not kept.
struct NotKept {
  std::string message;   ///< a sentence
  bool is_full = false;  ///< the limit is reached, or the disk's end
};

/// Octets of a message that is read back.
inline constexpr std::uint64_t max_kept_message = std::uint64_t{512} << 20;

/// Shared by all threads.
class QuarantineFolder {
 public:
  static constexpr std::uint64_t default_max_bytes = std::uint64_t{10} << 30;
  /// Whose recipient an address is, a GUID; empty: nobody's.
  using OwnerOf = std::function<std::string(std::string_view forward_path)>;

  /// Makes the folder if it is missing, removes what a crash left half written, and counts what is
  /// there. Nobody else may use the folder.
  static Result<std::unique_ptr<QuarantineFolder>> open(std::string folder, net::BlockingPool& pool,
                                                        std::uint64_t max_bytes = default_max_bytes,
                                                        FileCalls& files = FileCalls::system());

  /// From now on `rows` follow the files; before any thread keeps a message. Of files whose
  /// description does not say whose they are `owner_of` tells it.
  Result<void> use_rows(store::QuarantineRows& rows, const OwnerOf& owner_of);

  /// One copy for all of `recipients`. Its identity, or why nothing was kept. What is passed must
  /// live until the pool's work is done.
  awaitable<std::expected<std::string, NotKept>> keep(const Envelope& envelope,
                                                      std::span<const RecipientOutcome> recipients,
                                                      std::string_view reason,
                                                      const Content& content, const Edit& edit,
                                                      Time time);

  /// The same on the thread that calls.
  std::expected<std::string, NotKept> keep_now(const Envelope& envelope,
                                               std::span<const RecipientOutcome> recipients,
                                               std::string_view reason, const Content& content,
                                               const Edit& edit, Time time);

  // These block for the disk. `id` is the text of a GUID.

  /// The whole message.
  Result<std::string> read(const std::string& id) const;
  /// Files and row.
  Result<void> remove(const std::string& id);
  /// Removes what was received before `time`; how many messages. Each is a line in the log.
  Result<std::size_t> remove_before(Time time);

  void set_max_bytes(std::uint64_t max_bytes) { max_bytes_ = max_bytes; }

  /// Octets in the folder.
  std::uint64_t size() const { return size_.load(); }
  /// Messages in the folder.
  std::uint64_t messages() const { return messages_.load(); }
  // Since the start:
  /// Messages that were deferred since there was no room.
  std::uint64_t full() const { return full_.load(); }
  /// Messages that were removed for their age.
  std::uint64_t expired() const { return expired_.load(); }

 private:
  QuarantineFolder(std::string folder, net::BlockingPool& pool, std::uint64_t max_bytes,
                   FileCalls& files)
      : folder_(std::move(folder)), pool_(pool), max_bytes_(max_bytes), files_(files) {}
  Result<void> look_through();
  Result<store::QuarantinedMessage> read_description(const std::string& id) const;
  Result<void> add_rows(std::span<const std::string> ids, const OwnerOf& owner_of);
  FileResult<void> write(const std::string& id, std::string_view description,
                         const Content& content, const Edit& edit);
  std::string path(const std::string& id, std::string_view ending) const;

  const std::string folder_;
  net::BlockingPool& pool_;
  std::atomic<std::uint64_t> max_bytes_;
  FileCalls& files_;
  store::QuarantineRows* rows_ = nullptr;
  std::atomic<std::uint64_t> size_{0};
  std::atomic<std::uint64_t> messages_{0};
  std::atomic<std::uint64_t> full_{0};
  std::atomic<std::uint64_t> expired_{0};
};

}  // namespace postern::delivery
