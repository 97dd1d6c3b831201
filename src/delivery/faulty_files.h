// File calls for tests: the real ones, with one that fails, and a record of what would outlast a
// crash of the machine.
#pragma once

#include <cerrno>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "delivery/file_calls.h"

namespace postern::delivery {

class FaultyFiles final : public FileCalls {
 public:
  enum class Then { works_again, stays_broken };

  /// The call with this number (from 0) fails with `error`.
  FaultyFiles(std::size_t failing_call, int error, Then then)
      : failing_call_(failing_call), error_(error), then_(then) {}

  bool has_failed() const { return has_failed_; }
  /// A file was renamed before its bytes were synced.
  bool renamed_too_early() const { return renamed_too_early_; }

  /// Is every name on the way from `root` to `path` synced into its folder?
  bool is_durable(const std::filesystem::path& path, const std::filesystem::path& root) const {
    for (auto at = path; at != root; at = at.parent_path()) {
      if (unsynced_names_.contains(at.string())) return false;
    }
    return !unsynced_bytes_.contains(path.string());
  }

  int open(const std::string& path, int flags, mode_t mode) override {
    if (fails()) return -1;
    const int descriptor = FileCalls::open(path, flags, mode);
    if (descriptor >= 0) open_[descriptor] = path;
    return descriptor;
  }
  ssize_t write(int descriptor, std::string_view bytes) override {
    if (fails()) return -1;
    unsynced_bytes_.insert(open_.at(descriptor));
    // As disks that are nearly full do: only a part.
    return FileCalls::write(descriptor, bytes.substr(0, bytes.size() / 2 + 1));
  }
  int fsync(int descriptor) override {
    if (fails()) return -1;
    const std::string path = open_.at(descriptor);
    unsynced_bytes_.erase(path);
    std::erase_if(unsynced_names_, [&](const std::string& name) {
      return std::filesystem::path(name).parent_path() == path;
    });
    return 0;  // recorded; the test does not wait for a real disk
  }
  int close(int descriptor) override {
    // A failing close has closed all the same.
    open_.erase(descriptor);
    const int status = FileCalls::close(descriptor);
    return fails() ? -1 : status;
  }
  int rename(const std::string& from, const std::string& to) override {
    if (fails()) return -1;
    if (unsynced_bytes_.contains(from)) renamed_too_early_ = true;
    unsynced_names_.insert(to);
    return FileCalls::rename(from, to);
  }
  int mkdir(const std::string& path, mode_t mode) override {
    if (fails()) return -1;
    const int status = FileCalls::mkdir(path, mode);
    if (status == 0) unsynced_names_.insert(path);
    return status;
  }
  int unlink(const std::string& path) override {
    if (fails()) return -1;
    return FileCalls::unlink(path);
  }

 private:
  bool fails() {
    const std::size_t number = calls_++;
    const bool fail =
        then_ == Then::works_again ? number == failing_call_ : number >= failing_call_;
    if (!fail) return false;
    has_failed_ = true;
    errno = error_;
    return true;
  }

  const std::size_t failing_call_;
  const int error_;
  const Then then_;
  std::size_t calls_ = 0;
  bool has_failed_ = false;
  bool renamed_too_early_ = false;
  std::map<int, std::string> open_;
  std::set<std::string> unsynced_bytes_;
  std::set<std::string> unsynced_names_;
};

}  // namespace postern::delivery
