// SipHash-2-4 (Aumasson, Bernstein, 2012): a hash of 64 or 128 bits under a secret key.
//
// Tables that remember what strangers send are searched by it. Who does not know the key cannot
// choose names that fall together, and cannot tell from a stored hash which name it was.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace postern {

class KeyedHash {
 public:
  struct Key {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
  };

  explicit KeyedHash(Key key) : key_(key) {}
  /// Of a key that nobody can guess.
  static Key random_key();

  std::uint64_t operator()(std::string_view text) const;
  /// 128 bits: two texts that have the same are the same text.
  std::array<std::uint64_t, 2> digest(std::string_view text) const;

 private:
  Key key_;
};

}  // namespace postern
