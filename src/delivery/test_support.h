// What the tests of this folder share: folders of their own, and content to deliver.
#pragma once

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "delivery/content.h"
#include "net/blocking_pool.h"
#include "net/run.h"

namespace postern::delivery {

using net::run_on;

/// As net::run, on an io_context that outlives every pool: the thread of a pool may still be inside
/// asio::post when what it has posted is done. For the test's own thread.
inline boost::asio::io_context& io_of_tests() {
  static boost::asio::io_context io(1);
  return io;
}

template <class T>
T run(boost::asio::awaitable<T> task) {
  return run_on(io_of_tests(), std::move(task));
}

/// A folder that disappears with the test.
class TestFolder {
 public:
  TestFolder() {
    std::string name =
        (std::filesystem::temp_directory_path() / "postern-delivery-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name;
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string str() const { return path_.string(); }

  /// All regular files below, relative to the folder, sorted.
  std::vector<std::string> files() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path_)) {
      if (entry.is_regular_file()) found.push_back(entry.path().lexically_relative(path_).string());
    }
    std::ranges::sort(found);
    return found;
  }

 private:
  std::filesystem::path path_;
};

inline std::string read_whole(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A content store with a pool and a spool folder of its own.
struct TestStore {
  explicit TestStore(ContentLimits limits = {}) : store(folder.str(), limits, pool) {}

  std::unique_ptr<Content> content(std::string_view bytes) {
    auto made = std::make_unique<Content>(store);
    if (run(made->append(bytes))) throw std::runtime_error("the content was refused");
    return made;
  }

  TestFolder folder;
  net::BlockingPool pool{2, 64};
  ContentStore store;
};

}  // namespace postern::delivery
