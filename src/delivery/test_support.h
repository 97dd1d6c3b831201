// What the tests of this folder share: running a coroutine to its end, and folders of their own.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "delivery/content.h"
#include "net/blocking_pool.h"

namespace postern::delivery {

/// Runs the io_context until nothing is left to do and returns what the coroutine returned.
template <class T>
T run(boost::asio::io_context& io, awaitable<T> work) {
  std::optional<T> result;
  std::exception_ptr trouble;
  boost::asio::co_spawn(io, std::move(work), [&](std::exception_ptr error, T value) {
    trouble = error;
    result.emplace(std::move(value));
  });
  io.restart();
  io.run();
  if (trouble) std::rethrow_exception(trouble);
  if (!result) throw std::logic_error("the coroutine never ended");
  return std::move(*result);
}

template <class T>
T run(awaitable<T> work) {
  boost::asio::io_context io(1);
  return run(io, std::move(work));
}

/// A folder that disappears with the test.
class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "postern-delivery-XXXXXX").string();
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
