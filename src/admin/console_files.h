// The files of the web console, as they lie in the program: compressed, with what HTTP says of
// each.
//
// console/embed.mjs makes the table from what Vite has built (CMake's option POSTERN_CONSOLE), and
// posternd hands it to the server. Only gzip is kept: every browser takes it.
#pragma once

#include <span>
#include <string_view>

namespace postern::admin {

struct ConsoleFile {
  std::string_view path;  ///< `/index.html`, `/assets/index-3f2a.js`
  std::string_view type;  ///< `text/html; charset=utf-8`
  std::string_view etag;  ///< with its quotes
  std::string_view gzip;  ///< the content
  /// Its name changes with its content, so that it may be kept for ever.
  bool is_immutable = false;
};

/// Of this program; empty where it was built without a console. Defined in what embed.mjs writes.
std::span<const ConsoleFile> console_files();

/// By path; `/` is `/index.html`. Null: there is none.
const ConsoleFile* find_console_file(std::span<const ConsoleFile> files, std::string_view path);

}  // namespace postern::admin
