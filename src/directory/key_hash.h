// Hashes of the keys in the directory's maps: names, which are short, and numbers.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "base/ascii.h"

namespace postern::directory {

/// Numbers are taken to be well spread already: hashes, or numbers given in order.
struct KeyHash {
  /// Eight octets at a time: both halves of a product of 128 bits, one upon the other, depend on
  /// all bits of its factors. Names are short and are hashed several times for each mail.
  std::uint64_t operator()(std::string_view text) const {
    constexpr std::size_t step = sizeof(std::uint64_t);
    std::uint64_t hash = text.size();
    std::uint64_t last = 0;
    if (text.size() < step) {
      text.copy(static_cast<char*>(static_cast<void*>(&last)), text.size());
    } else {
      for (std::size_t at = 0; at + step < text.size(); at += step) {
        hash = multiply(hash ^ read(text.data() + at));
      }
      last = read(text.data() + text.size() - step);  // perhaps some octets again
    }
    // Twice, since of two factors one is a constant.
    return multiply(multiply(hash ^ last));
  }
  template <class Number>
    requires std::integral<Number> || std::is_enum_v<Number>
  std::uint64_t operator()(Number number) const {
    return static_cast<std::uint64_t>(number);
  }

 private:
  static std::uint64_t read(const char* at) {
    std::uint64_t octets = 0;
    std::memcpy(&octets, at, sizeof octets);
    return octets;
  }
  static std::uint64_t multiply(std::uint64_t number) {
    const auto product = static_cast<unsigned __int128>(number) * 0x9e37'79b9'7f4a'7c15;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }
};

/// Hash and equality of names that are the same in any case.
struct IgnoringCase {
  std::uint64_t operator()(std::string_view text) const {
    std::array<char, 64> lower;  // most names fit
    if (text.size() > lower.size()) return KeyHash{}(to_lower(text));
    std::ranges::transform(text, lower.begin(), [](char c) { return to_lower(c); });
    return KeyHash{}(std::string_view(lower.data(), text.size()));
  }
  bool operator()(std::string_view a, std::string_view b) const { return iequals(a, b); }
};

}  // namespace postern::directory
