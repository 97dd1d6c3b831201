// Addresses as numbers, most significant bit first: what prefix trees and sorted prefixes
// compute with.
#pragma once

#include <array>
#include <cstdint>

#include "base/ip_address.h"

namespace postern::directory {

using V4Bits = std::uint32_t;
using V6Bits = unsigned __int128;

template <class Bits>
inline constexpr unsigned bit_width = sizeof(Bits) * 8;

/// The first `length` bits set.
template <class Bits>
constexpr Bits prefix_mask(unsigned length) {
  return length == 0 ? Bits{0} : static_cast<Bits>(~Bits{0} << (bit_width<Bits> - length));
}

template <class Bits>
Bits to_bits(const IpAddress& address) {
  Bits bits = 0;
  for (const std::uint8_t byte : address.bytes()) bits = static_cast<Bits>(bits << 8 | byte);
  return bits;
}
inline V4Bits to_v4_bits(const IpAddress& address) {
  return to_bits<V4Bits>(address);
}
inline V6Bits to_v6_bits(const IpAddress& address) {
  return to_bits<V6Bits>(address);
}

template <class Bits>
std::array<std::uint8_t, sizeof(Bits)> to_bytes(Bits bits) {
  std::array<std::uint8_t, sizeof(Bits)> bytes;
  for (std::size_t i = bytes.size(); i-- > 0; bits >>= 8)
    bytes[i] = static_cast<std::uint8_t>(bits);
  return bytes;
}
inline IpAddress to_address(V4Bits bits) {
  return IpAddress::v4(to_bytes(bits));
}
inline IpAddress to_address(V6Bits bits) {
  return IpAddress::v6(to_bytes(bits));
}

}  // namespace postern::directory
