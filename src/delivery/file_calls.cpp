#include "delivery/file_calls.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace postern::delivery {

int FileCalls::open(const std::string& path, int flags, mode_t mode) {
  return ::open(path.c_str(), flags | O_CLOEXEC, mode);
}
ssize_t FileCalls::write(int descriptor, std::string_view bytes) {
  return ::write(descriptor, bytes.data(), bytes.size());
}
int FileCalls::fsync(int descriptor) {
  return ::fsync(descriptor);
}
int FileCalls::close(int descriptor) {
  return ::close(descriptor);
}
int FileCalls::rename(const std::string& from, const std::string& to) {
  return ::rename(from.c_str(), to.c_str());
}
int FileCalls::mkdir(const std::string& path, mode_t mode) {
  return ::mkdir(path.c_str(), mode);
}
int FileCalls::unlink(const std::string& path) {
  return ::unlink(path.c_str());
}

FileCalls& FileCalls::system() {
  static FileCalls calls;
  return calls;
}

std::string FileTrouble::to_string() const {
  return path + ": " + std::strerror(error);
}

bool FileTrouble::is_full() const {
  return error == ENOSPC || error == EDQUOT;
}

FileResult<NewFile> NewFile::create(FileCalls& files, std::string path) {
  const int descriptor = files.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (descriptor < 0) return file_trouble(errno, std::move(path));
  return NewFile(files, std::move(path), descriptor);
}

NewFile::NewFile(NewFile&& other) noexcept
    : files_(other.files_),
      path_(std::exchange(other.path_, {})),
      descriptor_(std::exchange(other.descriptor_, -1)),
      kept_(other.kept_) {}

NewFile::~NewFile() {
  close();
  if (!kept_ && !path_.empty()) files_->unlink(path_);
}

void NewFile::close() {
  if (descriptor_ >= 0) files_->close(std::exchange(descriptor_, -1));
}

FileResult<void> NewFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = files_->write(descriptor_, bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_trouble(errno, path_);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

FileResult<void> NewFile::sync() {
  if (files_->fsync(descriptor_) != 0) return file_trouble(errno, path_);
  // Network file systems tell of trouble only now.
  if (files_->close(std::exchange(descriptor_, -1)) != 0) return file_trouble(errno, path_);
  return {};
}

FileResult<void> NewFile::rename(const std::string& to) {
  if (files_->rename(path_, to) != 0) return file_trouble(errno, to);
  kept_ = true;
  return {};
}

FileResult<void> sync_folder(FileCalls& files, const std::string& path) {
  const int descriptor = files.open(path, O_RDONLY | O_DIRECTORY, 0);
  if (descriptor < 0) return file_trouble(errno, path);
  const int status = files.fsync(descriptor);
  const int error = errno;
  files.close(descriptor);
  if (status != 0) return file_trouble(error, path);
  return {};
}

}  // namespace postern::delivery
