// The content of one message as it arrived, held until its hand-off has ended.
//
// Up to `max_in_memory` it is a string; what is larger goes to a file that has no name, so
// nothing is left behind whatever happens to the process. Nothing here is a promise: a message
// is safe when a next hop has it, and this is only its way there.
//
//   Content content(store);
//   if (auto refusal = co_await content.append(bytes)) …   // 452 4.3.1: no room
//   const std::string digest = content.digest();
//   auto piece = content.read(offset, 65536, buffer);      // on a worker thread if it is in a file
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "mail/reply.h"
#include "net/blocking_pool.h"

struct evp_md_ctx_st;

namespace postern::delivery {

using boost::asio::awaitable;

/// A message of this size or less never touches the disk before its delivery.
inline constexpr std::size_t max_in_memory = 256 * 1024;

/// What all sessions of the process may hold together, in octets.
struct ContentLimits {
  std::uint64_t memory = std::uint64_t{512} << 20;
  std::uint64_t spool = std::uint64_t{4} << 30;
};

/// Shared by all threads; outlives every Content.
class ContentStore {
 public:
  /// `spool` is a folder that exists and is ours alone.
  ContentStore(std::string spool, ContentLimits limits, net::BlockingPool& pool)
      : spool_(std::move(spool)), limits_(limits), pool_(pool) {}

  /// Octets in use now.
  std::uint64_t memory_in_use() const { return memory_.load(std::memory_order_relaxed); }
  std::uint64_t spool_in_use() const { return disk_.load(std::memory_order_relaxed); }

 private:
  friend class Content;
  static bool take(std::atomic<std::uint64_t>& used, std::uint64_t limit, std::uint64_t count);

  const std::string spool_;
  const ContentLimits limits_;
  net::BlockingPool& pool_;
  std::atomic<std::uint64_t> memory_{0};
  std::atomic<std::uint64_t> disk_{0};
  /// Closes files: freeing a large one takes tens of milliseconds. A thread of its own, since
  /// content may outlive the pool when the process ends.
  net::BlockingPool closer_{1, 1000};
};

/// An open file without a name.
class SpoolFile {
 public:
  explicit SpoolFile(int descriptor) : descriptor_(descriptor) {}
  ~SpoolFile();
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

class Content {
 public:
  explicit Content(ContentStore& store);
  ~Content();
  Content(const Content&) = delete;
  Content& operator=(const Content&) = delete;

  /// Suspends only when a file is involved; `bytes` are copied before. A reply says why there is
  /// no room (452 4.3.1), or that the spool fails (451); then the content is gone, and every
  /// later append says the same.
  awaitable<std::optional<mail::Reply>> append(std::string_view bytes);

  /// Octets that were appended.
  std::uint64_t size() const { return in_file_ + tail_.size(); }
  /// SHA-256 of the octets so far, 32 bytes.
  std::string digest() const;

  bool is_in_memory() const { return file_ == nullptr; }

  /// At most `at_most` octets (at least one) from `offset`: a view of the content itself or of
  /// `buffer`, empty at the end. From any thread; blocks if the content is in a file.
  Result<std::string_view> read(std::uint64_t offset, std::size_t at_most,
                                std::string& buffer) const;

 private:
  bool reserve(std::size_t more);
  awaitable<std::optional<mail::Reply>> move_tail_to_file();
  mail::Reply give_up(mail::Reply reason);
  void release();

  struct FreeDigest {
    void operator()(evp_md_ctx_st* context) const;
  };

  ContentStore& store_;
  std::unique_ptr<evp_md_ctx_st, FreeDigest> digest_;
  std::shared_ptr<SpoolFile> file_;
  std::uint64_t in_file_ = 0;  ///< octets that stand in the file, before `tail_`
  std::string tail_;
  std::uint64_t memory_taken_ = 0;
  std::uint64_t disk_taken_ = 0;
  std::optional<mail::Reply> trouble_;
};

}  // namespace postern::delivery
