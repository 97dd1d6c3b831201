// What the Tab key offers: names of cmdlets at the beginning of a command, then its parameters and
// the words that a parameter accepts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace postern::ctl {

struct Completion {
  std::size_t start = 0;                ///< where in the line the word begins that is completed
  std::vector<std::string> candidates;  ///< whole words, sorted
};

/// For the cursor at the end of `line`.
Completion complete(std::string_view line);

/// What all candidates begin with, in the case of the first.
std::string common_beginning(const std::vector<std::string>& candidates);

}  // namespace postern::ctl
