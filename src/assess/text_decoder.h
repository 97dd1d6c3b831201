// The octets of an exported file as UTF-8, piece by piece: Exchange Online's reports come as UTF-16
// with a byte order mark, everything else as UTF-8 with or without one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace postern::assess {

class TextDecoder {
 public:
  /// Appends what `bytes` mean to `out`: at most three octets for each two, plus a few that an
  /// earlier piece held back. What is no UTF-16 becomes U+FFFD; UTF-8 passes through as it is.
  void feed(std::string_view bytes, std::string& out);
  /// At the end of the file: what was still held back.
  void finish(std::string& out);

 private:
  enum class Encoding { undecided, utf8, utf16_little, utf16_big };

  void decide(std::string& out);
  void decode_units(std::string_view bytes, std::string& out);
  void take_unit(std::uint16_t unit, std::string& out);

  Encoding encoding_ = Encoding::undecided;
  std::string held_;                  ///< not enough to decide, or half a unit
  std::uint16_t high_surrogate_ = 0;  ///< waits for its other half; 0: none
};

}  // namespace postern::assess
