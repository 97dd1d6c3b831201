// Reads exported files and logs, whatever they are: the format is known by the content.
//
//   CSV      message traces and EmailEvents, UTF-8 or UTF-16, separated by commas, semicolons, tabs
//   JSON     EmailEvents
//   logs     Postfix, Exim
//   .eml     one message, or all of a folder and the folders below
//
// Files are read in pieces, so their size does not matter. A row that makes no sense is counted and
// named, and the next is read.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "assess/survey.h"
#include "base/result.h"

namespace postern::assess {

/// Bad rows that are named; further ones are only counted.
inline constexpr std::size_t max_named_rows = 1000;

struct BadRow {
  std::string file;
  std::uint64_t line = 0;
  std::string what;  ///< without a full stop
};

struct ReadFile {
  std::string path;
  std::string format;
  std::uint64_t rows = 0;  ///< of messages; those of other events or of other programs are not
  /// What no row of the file tells.
  bool without_clients = false;
  bool without_connectors = false;
  bool without_reverse_paths = false;
  bool without_authentication = false;
  bool is_microsoft = false;
};

struct ReadReport {
  std::vector<ReadFile> files;
  std::uint64_t bad_rows = 0;
  std::vector<BadRow> named;
  std::vector<std::string> problems;  ///< sentences: files that could not be read
};

/// Called now and then: octets read, octets in all.
using ReadProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// All of the files and folders into the survey.
ReadReport read_files(const std::vector<std::string>& paths, Survey& survey,
                      const ReadProgress& progress);

}  // namespace postern::assess
