#include "base/encoding.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <cstdlib>

#include "base/ascii.h"

namespace postern {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> make_values() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}
constexpr auto values = make_values();

constexpr bool is_space(char c) {
  return is_wsp(c) || c == '\r' || c == '\n';
}

/// Up to `count` random bytes that nobody had before. OpenSSL's generator costs a microsecond for
/// every call, however few bytes it gives, so they are fetched in stock. Valid until the next call.
std::string_view take_random(std::size_t count) {
  static thread_local std::array<char, 512> stock;
  static thread_local std::size_t used = stock.size();
  if (used == stock.size()) {
    // Without random numbers no identifier of ours could be trusted: stop.
    if (RAND_bytes(reinterpret_cast<unsigned char*>(stock.data()), stock.size()) != 1) std::abort();
    used = 0;
  }
  const std::string_view taken = std::string_view(stock.data(), stock.size()).substr(used, count);
  used += taken.size();
  return taken;
}

std::string random_bytes(std::size_t count) {
  std::string bytes;
  bytes.reserve(count);
  while (bytes.size() < count) bytes += take_random(count - bytes.size());
  return bytes;
}

}  // namespace

std::string to_hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text(bytes.size() * 2, '\0');
  std::size_t at = 0;
  for (const std::uint8_t byte : bytes) {
    text[at++] = digits[byte >> 4];
    text[at++] = digits[byte & 15];
  }
  return text;
}

std::string to_hex(std::string_view bytes) {
  return to_hex(std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

std::string to_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    }
    const std::size_t known = bytes.size() - i;
    text += alphabet[group >> 18];
    text += alphabet[group >> 12 & 63];
    text += known > 1 ? alphabet[group >> 6 & 63] : '=';
    text += known > 2 ? alphabet[group & 63] : '=';
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  int letters = 0;
  int padding = 0;
  for (const char c : text) {
    if (is_space(c)) continue;
    if (c == '=') {
      if (++padding > 2 || letters < 2) return std::nullopt;
    } else {
      const int value = values[static_cast<unsigned char>(c)];
      if (value < 0 || padding > 0) return std::nullopt;
      group = group << 6 | static_cast<std::uint32_t>(value);
      ++letters;
    }
    if (letters + padding == 4) {
      group <<= 6 * padding;
      bytes += static_cast<char>(group >> 16);
      if (padding < 2) bytes += static_cast<char>(group >> 8 & 255);
      if (padding < 1) bytes += static_cast<char>(group & 255);
      group = 0;
      letters = 0;
      if (padding > 0) letters = 4;  // Nothing may follow: a further letter or '=' fails below.
    } else if (letters + padding > 4) {
      return std::nullopt;
    }
  }
  if (padding > 0 ? letters != 4 : letters != 0) return std::nullopt;
  return bytes;
}

std::string random_hex(std::size_t count) {
  std::string text = to_hex(random_bytes(count));
  for (char& c : text) {
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 32);
  }
  return text;
}

namespace {

constexpr std::size_t uuid_size = 36;

/// Of 16 bytes (RFC 9562 section 4).
std::string to_uuid(std::string bytes, unsigned char version) {
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | version << 4);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  const std::string digits = to_hex(bytes);
  std::string text(uuid_size, '-');
  std::size_t to = 0;
  for (std::size_t from = 0; from < digits.size(); ++from) {
    if (to == 8 || to == 13 || to == 18 || to == 23) ++to;
    text[to++] = digits[from];
  }
  return text;
}

}  // namespace

std::string random_uuid() {
  return to_uuid(random_bytes(16), 4);
}

std::string time_ordered_uuid(Time time) {
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  std::string bytes;
  bytes.reserve(16);
  for (int shift = 40; shift >= 0; shift -= 8) bytes += static_cast<char>(milliseconds >> shift);
  return to_uuid(bytes + random_bytes(10), 7);
}

std::string sha256(std::string_view bytes) {
  // Fetched once: to look the algorithm up costs more than to digest a short text.
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  std::string digest(32, '\0');
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
                 algorithm, nullptr) != 1) {
    std::abort();
  }
  return digest;
}

}  // namespace postern
