#include "mail/header_collector.h"

namespace postern::mail {

std::string_view HeaderCollector::feed(std::string_view piece) {
  if (complete_) return piece;

  // The empty line may be cut anywhere, so look again at the last octets that were kept.
  const std::size_t old_size = text_.size();
  const std::size_t room = max_header_bytes + 1 - old_size;
  text_.append(piece.substr(0, room));

  // A message may begin with the empty line: it has no header section.
  const std::size_t from = old_size < 3 ? 0 : old_size - 3;
  std::size_t end = text_.starts_with("\r\n") ? 2 : std::string::npos;
  if (end == std::string::npos) {
    const std::size_t at = text_.find("\r\n\r\n", from);
    if (at != std::string::npos) end = at + 4;
  }
  if (end != std::string::npos) {
    complete_ = true;
    text_.resize(end);
    return piece.substr(end - old_size);
  }
  if (piece.size() >= room) {
    complete_ = true;
    return piece.substr(room);
  }
  return {};
}

}  // namespace postern::mail
