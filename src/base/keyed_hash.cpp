#include "base/keyed_hash.h"

#include <bit>
#include <cstring>

#include "base/encoding.h"

namespace postern {
namespace {

class State {
 public:
  State(std::uint64_t low, std::uint64_t high)
      : v_{low ^ 0x736f6d6570736575, high ^ 0x646f72616e646f6d, low ^ 0x6c7967656e657261,
           high ^ 0x7465646279746573} {}

  void take(std::uint64_t word) {
    v_[3] ^= word;
    round();
    round();
    v_[0] ^= word;
  }
  void take(std::string_view text) {
    const std::uint64_t size = text.size();
    std::uint64_t word = 0;
    while (text.size() >= sizeof word) {
      std::memcpy(&word, text.data(), sizeof word);
      take(word);
      text.remove_prefix(sizeof word);
    }
    word = 0;
    if (!text.empty()) std::memcpy(&word, text.data(), text.size());
    take(word | size << 56);
  }
  std::uint64_t finish() {
    v_[2] ^= 0xff;
    return result();
  }

  /// Before the first word: the hash is to have 128 bits.
  void make_wide() { v_[1] ^= 0xee; }
  std::array<std::uint64_t, 2> finish_wide() {
    v_[2] ^= 0xee;
    const std::uint64_t low = result();
    v_[1] ^= 0xdd;
    return {low, result()};
  }

 private:
  std::uint64_t result() {
    for (int i = 0; i < 4; ++i) round();
    return v_[0] ^ v_[1] ^ v_[2] ^ v_[3];
  }
  void round() {
    v_[0] += v_[1];
    v_[2] += v_[3];
    v_[1] = std::rotl(v_[1], 13) ^ v_[0];
    v_[3] = std::rotl(v_[3], 16) ^ v_[2];
    v_[0] = std::rotl(v_[0], 32);
    v_[2] += v_[1];
    v_[0] += v_[3];
    v_[1] = std::rotl(v_[1], 17) ^ v_[2];
    v_[3] = std::rotl(v_[3], 21) ^ v_[0];
    v_[2] = std::rotl(v_[2], 32);
  }

  std::array<std::uint64_t, 4> v_;
};

static_assert(std::endian::native == std::endian::little);

}  // namespace

KeyedHash::Key KeyedHash::random_key() {
  // As digits, since that is what the random generator's wrapper gives.
  const std::string bytes = sha256(random_hex(32));
  Key key;
  std::memcpy(&key.low, bytes.data(), sizeof key.low);
  std::memcpy(&key.high, bytes.data() + sizeof key.low, sizeof key.high);
  return key;
}

std::uint64_t KeyedHash::operator()(std::string_view text) const {
  State state(key_.low, key_.high);
  state.take(text);
  return state.finish();
}

std::array<std::uint64_t, 2> KeyedHash::digest(std::string_view text) const {
  State state(key_.low, key_.high);
  state.make_wide();
  state.take(text);
  return state.finish_wide();
}

}  // namespace postern
