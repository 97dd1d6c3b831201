// A file descriptor that closes itself.
#pragma once

#include <unistd.h>

#include <utility>

namespace postern::net {

class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    FileDescriptor old(std::exchange(fd_, other.release()));
    return *this;
  }
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }

  /// -1 if there is none.
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  void reset() { *this = FileDescriptor(); }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

}  // namespace postern::net
