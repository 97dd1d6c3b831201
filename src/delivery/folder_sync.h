// fsync of folders, shared by all who need the same one at the same time.
//
// A folder's fsync covers every rename that was done before it began. So threads that come
// while one is running wait for the next, and one of them does it for all: a busy mailbox costs
// two fsyncs at a time, however many messages arrive.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "delivery/file_calls.h"

namespace postern::delivery {

class FolderSync {
 public:
  explicit FolderSync(FileCalls& files) : files_(files) {}

  /// Returns after an fsync of the folder that began after this call.
  FileResult<void> sync(const std::string& folder);

 private:
  using Round = std::optional<FileResult<void>>;  ///< empty until it is done
  struct Folder {
    std::shared_ptr<Round> next;  ///< the round that has not begun, if someone waits for it
    bool running = false;
    std::size_t callers = 0;
  };

  FileCalls& files_;
  std::mutex mutex_;
  std::condition_variable done_;
  std::map<std::string, Folder> folders_;
};

}  // namespace postern::delivery
