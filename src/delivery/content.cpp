#include "delivery/content.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "base/log.h"

namespace postern::delivery {
namespace {

constexpr std::size_t smallest_buffer = 4096;

const mail::Reply no_room{452, "4.3.1", "Insufficient system storage; try again later"};
const mail::Reply too_busy{451, "4.3.1", "The system is too busy; try again later"};
const mail::Reply spool_fails{451, "4.3.0",
                              "The system cannot store mail at the moment; try again later"};

/// Fetched once: EVP_sha256() would search the providers for every message.
const EVP_MD* sha256_method() {
  static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  if (method == nullptr) std::abort();
  return method;
}

int open_nameless(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
    return descriptor;
  // A file system without O_TMPFILE: a file that loses its name at once.
  std::string name = folder + "/content.XXXXXX";
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

struct Written {
  std::shared_ptr<SpoolFile> file;
  std::string bytes;  ///< given back for its memory
  int error = 0;
};

/// On a worker thread. Opens the file if there is none yet.
Written write_out(const std::string& folder, Written job) {
  if (!job.file) {
    const int descriptor = open_nameless(folder);
    if (descriptor < 0) {
      job.error = errno;
      return job;
    }
    job.file = std::make_shared<SpoolFile>(descriptor);
  }
  std::string_view rest = job.bytes;
  while (!rest.empty()) {
    const ssize_t count = ::write(job.file->descriptor(), rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      job.error = errno;
      return job;
    }
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  return job;
}

}  // namespace

SpoolFile::~SpoolFile() {
  ::close(descriptor_);
}

bool ContentStore::take(std::atomic<std::uint64_t>& used, std::uint64_t limit,
                        std::uint64_t count) {
  if (used.fetch_add(count, std::memory_order_relaxed) + count <= limit) return true;
  used.fetch_sub(count, std::memory_order_relaxed);
  return false;
}

void Content::FreeDigest::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

Content::Content(ContentStore& store) : store_(store), digest_(EVP_MD_CTX_new()) {
  if (!digest_ || EVP_DigestInit_ex2(digest_.get(), sha256_method(), nullptr) != 1)
    throw std::bad_alloc();
}

Content::~Content() {
  release();
}

void Content::release() {
  store_.memory_.fetch_sub(std::exchange(memory_taken_, 0), std::memory_order_relaxed);
  store_.disk_.fetch_sub(std::exchange(disk_taken_, 0), std::memory_order_relaxed);
  tail_ = std::string();
  in_file_ = 0;
  if (!file_) return;
  // Who drops it last closes it: the closer, unless it has too much to do.
  store_.closer_.try_submit([file = std::exchange(file_, nullptr)] {});
}

mail::Reply Content::give_up(mail::Reply reason) {
  release();
  trouble_ = reason;
  return reason;
}

/// Room in memory for `more` octets. Grows in powers of two, so the totals are touched rarely
/// and count what is really allocated.
bool Content::reserve(std::size_t more) {
  const std::size_t wanted = tail_.size() + more;
  if (wanted <= memory_taken_) return true;
  const std::size_t capacity = std::max(smallest_buffer, std::bit_ceil(wanted));
  if (!ContentStore::take(store_.memory_, store_.limits_.memory, capacity - memory_taken_))
    return false;
  memory_taken_ = capacity;
  tail_.reserve(capacity);
  return true;
}

awaitable<std::optional<mail::Reply>> Content::append(std::string_view bytes) {
  if (trouble_) co_return trouble_;
  if (!reserve(bytes.size())) co_return give_up(no_room);
  EVP_DigestUpdate(digest_.get(), bytes.data(), bytes.size());
  tail_.append(bytes);
  if (tail_.size() <= max_in_memory) co_return std::nullopt;
  co_return co_await move_tail_to_file();
}

awaitable<std::optional<mail::Reply>> Content::move_tail_to_file() {
  const std::uint64_t count = tail_.size();
  if (!ContentStore::take(store_.disk_, store_.limits_.spool, count)) co_return give_up(no_room);
  disk_taken_ += count;

  Written job{.file = file_, .bytes = std::move(tail_)};
  auto work = [folder = store_.spool_, job = std::move(job)]() mutable {
    return write_out(folder, std::move(job));
  };
  auto written = co_await store_.pool_.run(std::move(work));
  if (!written) co_return give_up(too_busy);
  if (written->error != 0) {
    log_error("spool", {{"folder", store_.spool_}, {"error", std::strerror(written->error)}});
    const bool full = written->error == ENOSPC || written->error == EDQUOT;
    co_return give_up(full ? no_room : spool_fails);
  }
  file_ = std::move(written->file);
  in_file_ += count;
  tail_ = std::move(written->bytes);
  tail_.clear();
  co_return std::nullopt;
}

std::string Content::digest() const {
  // A copy is finished, so that appending may go on.
  const std::unique_ptr<evp_md_ctx_st, FreeDigest> copy(EVP_MD_CTX_new());
  std::string result(32, '\0');
  if (!copy || EVP_MD_CTX_copy_ex(copy.get(), digest_.get()) != 1) throw std::bad_alloc();
  EVP_DigestFinal_ex(copy.get(), reinterpret_cast<unsigned char*>(result.data()), nullptr);
  return result;
}

Result<std::string_view> Content::read(std::uint64_t offset, std::size_t at_most,
                                       std::string& buffer) const {
  assert(at_most > 0);
  if (offset >= in_file_) {
    const std::uint64_t begin = std::min<std::uint64_t>(offset - in_file_, tail_.size());
    return std::string_view(tail_).substr(begin, at_most);
  }
  buffer.resize(static_cast<std::size_t>(std::min<std::uint64_t>(at_most, in_file_ - offset)));
  ssize_t count = 0;
  do {
    count = ::pread(file_->descriptor(), buffer.data(), buffer.size(), static_cast<off_t>(offset));
  } while (count < 0 && errno == EINTR);
  if (count < 0) return fail(std::string("Cannot read the spool file: ") + std::strerror(errno));
  if (count == 0) return fail("The spool file is shorter than what was written to it.");
  return std::string_view(buffer).substr(0, static_cast<std::size_t>(count));
}

}  // namespace postern::delivery
