#include "edge/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <system_error>

namespace postern::edge {
namespace {

std::string last_error() {
  return std::generic_category().message(errno);
}

Result<passwd> find_user(const std::string& name) {
  errno = 0;
  const passwd* entry = getpwnam(name.c_str());
  if (entry == nullptr)
    return fail(fmt::format("[server] user: there is no user \"{}\" on this machine", name));
  return *entry;
}

}  // namespace

Result<DataDirectoryLock> DataDirectoryLock::take(const std::filesystem::path& directory) {
  const std::string file = (directory / "posternd.lock").string();
  const int descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return fail(fmt::format("Cannot write to {}: {}", file, last_error()));
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    close(descriptor);
    return fail(fmt::format("Another posternd uses {}", directory.string()));
  }
  return DataDirectoryLock(descriptor);
}

DataDirectoryLock::~DataDirectoryLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

Result<void> prepare_data_directory(const std::filesystem::path& directory,
                                    const std::string& user) {
  std::error_code error;
  std::filesystem::create_directories(directory.parent_path(), error);
  for (const auto& folder : {directory, directory / "mail", directory / "spool",
                             directory / "trace", directory / "quarantine"}) {
    if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
      return fail(fmt::format("Cannot make {}: {}", folder.string(), last_error()));
    }
    if (user.empty() || geteuid() != 0) continue;
    const auto entry = find_user(user);
    if (!entry) return std::unexpected(entry.error());
    if (chown(folder.c_str(), entry->pw_uid, entry->pw_gid) != 0) {
      return fail(fmt::format("Cannot give {} to {}: {}", folder.string(), user, last_error()));
    }
  }
  if (access(directory.c_str(), R_OK | W_OK | X_OK) != 0) {
    return fail(fmt::format("Cannot use {}: {}", directory.string(), last_error()));
  }
  return {};
}

Result<void> become_user(const std::string& user) {
  if (user.empty()) return {};
  const auto entry = find_user(user);
  if (!entry) return std::unexpected(entry.error());
  if (geteuid() == entry->pw_uid) return {};
  if (geteuid() != 0) {
    return fail(fmt::format(
        "[server] user: only root can change to \"{}\"; start as root or as that user", user));
  }
  if (initgroups(user.c_str(), entry->pw_gid) != 0 || setgid(entry->pw_gid) != 0 ||
      setuid(entry->pw_uid) != 0) {
    return fail(fmt::format("Cannot become {}: {}", user, last_error()));
  }
  if (entry->pw_uid != 0 && setuid(0) == 0)
    return fail("Could become root again after giving it up");
  return {};
}

void raise_open_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace postern::edge
