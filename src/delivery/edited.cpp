#include "delivery/edited.h"

#include <algorithm>

namespace postern::delivery {

std::uint64_t edited_size(const Content& content, const Edit& edit) {
  std::uint64_t size = edit.prepend.size() + content.size();
  for (const Edit::Range& range : edit.removed) {
    const std::uint64_t end = std::min(range.end, content.size());
    size -= end - std::min(range.begin, end);
  }
  return size;
}

Result<std::string_view> EditedReader::next(std::string& buffer) {
  if (prepended_ < edit_.prepend.size()) {
    const auto piece = std::string_view(edit_.prepend).substr(prepended_, max_piece);
    prepended_ += piece.size();
    return piece;
  }
  while (range_ < edit_.removed.size() && edit_.removed[range_].begin <= offset_) {
    offset_ = std::max(offset_, edit_.removed[range_].end);
    ++range_;
  }
  std::size_t at_most = max_piece;
  if (range_ < edit_.removed.size()) {
    at_most = static_cast<std::size_t>(
        std::min<std::uint64_t>(at_most, edit_.removed[range_].begin - offset_));
  }
  auto piece = content_.read(offset_, at_most, buffer);
  if (piece) offset_ += piece->size();
  return piece;
}

std::string read_beginning(const Content& content, const Edit& edit, std::size_t octets) {
  EditedReader reader(content, edit);
  std::string text;
  std::string buffer;
  while (text.size() < octets) {
    const auto piece = reader.next(buffer);
    if (!piece || piece->empty()) break;
    text += *piece;
  }
  return text;
}

}  // namespace postern::delivery
