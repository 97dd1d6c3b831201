// Copies that have to be kept because nobody else takes them: a next hop refused some recipients
// of a message for good, beside others that it took, and there is no relay for a DSN.
//
//   data_directory/quarantine/<id>.eml    the message as it would have been delivered
//   data_directory/quarantine/<id>.json   who should have had it, who refused it and why
//
// Both are synced before the client hears 250; the .json is renamed last, so where it stands the
// message is whole. 0600, as is the folder's 0700.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
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

namespace postern::delivery {

/// Shared by all threads.
class QuarantineFolder {
 public:
  static constexpr std::uint64_t default_max_bytes = std::uint64_t{10} << 30;

  /// Makes the folder if it is missing and counts what is there.
  static Result<std::unique_ptr<QuarantineFolder>> open(std::string folder, net::BlockingPool& pool,
                                                        std::uint64_t max_bytes = default_max_bytes,
                                                        FileCalls& files = FileCalls::system());

  /// One copy for all of `recipients`. Its identity, or a sentence: then nothing was kept. What is
  /// passed must live until the pool's work is done.
  awaitable<Result<std::string>> keep(const Envelope& envelope,
                                      std::span<const RecipientOutcome> recipients,
                                      std::string_view reason, const Content& content,
                                      const Edit& edit, Time time);

  /// The same on the thread that calls.
  Result<std::string> keep_now(const Envelope& envelope,
                               std::span<const RecipientOutcome> recipients,
                               std::string_view reason, const Content& content, const Edit& edit,
                               Time time);

  /// Octets in the folder.
  std::uint64_t size() const { return size_.load(); }

 private:
  QuarantineFolder(std::string folder, net::BlockingPool& pool, std::uint64_t max_bytes,
                   FileCalls& files)
      : folder_(std::move(folder)), pool_(pool), max_bytes_(max_bytes), files_(files) {}
  FileResult<void> write(const std::string& id, std::string_view description,
                         const Content& content, const Edit& edit);

  const std::string folder_;
  net::BlockingPool& pool_;
  const std::uint64_t max_bytes_;
  FileCalls& files_;
  std::atomic<std::uint64_t> size_{0};
};

}  // namespace postern::delivery
