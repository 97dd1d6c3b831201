// What concerns the whole process: its data directory, its user, its limit of open files.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "base/result.h"

namespace postern::edge {

/// Holds the data directory for this process until destroyed; a second posternd on the same
/// directory would lose its own mail's ledger.
class DataDirectoryLock {
 public:
  static Result<DataDirectoryLock> take(const std::filesystem::path& directory);
  DataDirectoryLock(DataDirectoryLock&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  DataDirectoryLock& operator=(DataDirectoryLock&&) = delete;
  ~DataDirectoryLock();

 private:
  explicit DataDirectoryLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

/// Makes the directory and its folders with mode 0700 where they are missing. If we are root and
/// `user` is not empty, the directory itself and what was made is given to that user.
Result<void> prepare_data_directory(const std::filesystem::path& directory,
                                    const std::string& user);

/// Becomes `user` for good: groups, gid, uid. An error if that does not work or could be undone.
/// Empty: stays.
Result<void> become_user(const std::string& user);

/// Raises the limit of open files to the hard limit: every connection needs one.
void raise_open_files();

}  // namespace postern::edge
