// The few calls with which files are made safe. Virtual so that tests can make the Nth of them
// fail and see what was synced; each returns what the system call of its name returns, with errno.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace postern::delivery {

class FileCalls {
 public:
  virtual ~FileCalls() = default;

  virtual int open(const std::string& path, int flags, mode_t mode);
  virtual ssize_t write(int descriptor, std::string_view bytes);
  virtual int fsync(int descriptor);
  virtual int close(int descriptor);
  virtual int rename(const std::string& from, const std::string& to);
  virtual int mkdir(const std::string& path, mode_t mode);
  virtual int unlink(const std::string& path);

  /// The real ones.
  static FileCalls& system();
};

/// What went wrong with which file, kept as errno so that the caller can choose a reply.
struct FileTrouble {
  int error = 0;
  std::string path;

  std::string to_string() const;
  /// No space, or over a quota.
  bool is_full() const;
};

template <class T>
using FileResult = std::expected<T, FileTrouble>;

inline std::unexpected<FileTrouble> file_trouble(int error, std::string path) {
  return std::unexpected(FileTrouble{error, std::move(path)});
}

/// A file that is being written: closed, and unless it was kept also removed, when this ends.
class NewFile {
 public:
  /// 0600; fails if there is one of this name.
  static FileResult<NewFile> create(FileCalls& files, std::string path);
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  FileResult<void> write(std::string_view bytes);
  FileResult<void> sync();
  /// Gives it its final name; from then on it stays.
  FileResult<void> rename(const std::string& to);
  const std::string& path() const { return path_; }

 private:
  NewFile(FileCalls& files, std::string path, int descriptor)
      : files_(&files), path_(std::move(path)), descriptor_(descriptor) {}
  void close();

  FileCalls* files_;
  std::string path_;  ///< empty: moved from
  int descriptor_;
  bool kept_ = false;
};

/// fsync of a folder, so that the names in it outlast a crash.
FileResult<void> sync_folder(FileCalls& files, const std::string& path);

}  // namespace postern::delivery
