#include "delivery/folder_sync.h"

namespace postern::delivery {

FileResult<void> FolderSync::sync(const std::string& path) {
  std::unique_lock lock(mutex_);
  Folder& folder = folders_[path];  // Stays where it is while `callers` counts us.
  ++folder.callers;
  if (!folder.next) folder.next = std::make_shared<Round>();
  const std::shared_ptr<Round> round = folder.next;

  done_.wait(lock, [&] { return round->has_value() || !folder.running; });
  if (!round->has_value()) {
    // Nobody has done ours and nobody is at it: we do it, for all who joined this round.
    folder.running = true;
    folder.next = nullptr;
    lock.unlock();
    FileResult<void> result = sync_folder(files_, path);
    lock.lock();
    folder.running = false;
    *round = std::move(result);
    done_.notify_all();
  }
  FileResult<void> result = **round;
  if (--folder.callers == 0) folders_.erase(path);
  return result;
}

}  // namespace postern::delivery
