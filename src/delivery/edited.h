// A message with its header fields stamped and forged ones taken out, as a stream of pieces:
// the content itself is never changed and never copied as a whole.
//
//   EditedReader reader(content, edit);
//   while (!(piece = reader.next(buffer))->empty()) use(*piece);
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "delivery/content.h"

namespace postern::delivery {

/// What is delivered instead of the bytes that arrived: `prepend` (whole header fields, each
/// ended by CRLF), then the content without the ranges in `removed` (ascending, disjoint).
struct Edit {
  struct Range {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  std::string prepend;
  std::vector<Range> removed;
};

/// Octets of the edited message.
std::uint64_t edited_size(const Content& content, const Edit& edit);

/// The beginning of the edited message, at least `octets` of it or the whole; less if the file
/// behind it fails. Blocks if the content is in a file.
std::string read_beginning(const Content& content, const Edit& edit, std::size_t octets);

class EditedReader {
 public:
  /// Pieces are no longer than this.
  static constexpr std::size_t max_piece = 64 * 1024;

  /// Both outlive the reader.
  EditedReader(const Content& content, const Edit& edit) : content_(content), edit_(edit) {}

  /// The next piece, empty at the end: a view that holds until the next call. Blocks if the
  /// content is in a file; then `buffer` is where the piece is kept.
  Result<std::string_view> next(std::string& buffer);

 private:
  const Content& content_;
  const Edit& edit_;
  std::size_t prepended_ = 0;
  std::uint64_t offset_ = 0;
  std::size_t range_ = 0;  ///< the first removed range that ends after `offset_`
};

}  // namespace postern::delivery
