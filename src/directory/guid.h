// The GUID by which Exchange Online names every object: 16 bytes, and the text of RFC 9562.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern::directory {

class Guid {
 public:
  /// All zero: no object has it.
  constexpr Guid() = default;

  /// `f81d4fae-7dec-11d0-a765-00a0c91e6bf6`, digits in either case.
  static std::optional<Guid> parse(std::string_view text);
  std::string to_string() const;

  /// 16, as numbers in network order.
  std::string_view bytes() const {
    return {static_cast<const char*>(static_cast<const void*>(bytes_.data())), bytes_.size()};
  }

  auto operator<=>(const Guid&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace postern::directory
