// Keeps the header section of a message while the message streams by.
//
// What arrives in pieces is cut at the empty line: everything up to it is kept, everything
// behind it is the body and passes on. A section larger than max_header_bytes is kept to one
// octet more, so that parse_header_section says too_large.
#pragma once

#include <string>
#include <string_view>

#include "mail/header_fields.h"

namespace postern::mail {

class HeaderCollector {
 public:
  /// Takes what belongs to the header section and returns the rest: a part of the body, perhaps
  /// empty.
  std::string_view feed(std::string_view piece);

  /// All that was collected, with the empty line if it has come.
  const std::string& text() const { return text_; }
  bool is_complete() const { return complete_; }

 private:
  std::string text_;
  bool complete_ = false;
};

}  // namespace postern::mail
