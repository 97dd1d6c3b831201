#include "base/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace postern {

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> bytes) {
  IpAddress address;
  std::ranges::copy(bytes, address.bytes_.begin());
  return address;
}

IpAddress IpAddress::v6(std::array<std::uint8_t, 16> bytes) {
  constexpr std::array<std::uint8_t, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(mapped.begin(), mapped.end(), bytes.begin())) {
    return v4({bytes[12], bytes[13], bytes[14], bytes[15]});
  }
  IpAddress address;
  address.bytes_ = bytes;
  address.v4_ = false;
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  // inet_pton wants a terminated string and is strict: no octal, no short forms.
  char terminated[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof terminated || text.contains('\0')) return std::nullopt;
  text.copy(terminated, text.size());
  terminated[text.size()] = '\0';

  if (std::array<std::uint8_t, 4> four; inet_pton(AF_INET, terminated, four.data()) == 1) {
    return v4(four);
  }
  if (std::array<std::uint8_t, 16> six; inet_pton(AF_INET6, terminated, six.data()) == 1) {
    return v6(six);
  }
  return std::nullopt;
}

bool IpAddress::is_loopback() const {
  if (v4_) return bytes_[0] == 127;
  return bytes_[15] == 1 &&
         std::all_of(bytes_.begin(), bytes_.end() - 1, [](auto b) { return b == 0; });
}

std::string IpAddress::to_string() const {
  char text[INET6_ADDRSTRLEN];
  if (!v4_) return inet_ntop(AF_INET6, bytes_.data(), text, sizeof text);
  // inet_ntop prints IPv4 through sprintf, and every message says its client several times.
  char* end = text;
  for (int i = 0; i < 4; ++i) {
    if (i > 0) *end++ = '.';
    end = std::to_chars(end, end + 3, bytes_[static_cast<std::size_t>(i)]).ptr;
  }
  return {text, end};
}

std::string IpAddress::to_literal() const {
  return v4_ ? to_string() : "IPv6:" + to_string();
}

IpPrefix::IpPrefix(const IpAddress& address, unsigned length)
    : length_(static_cast<std::uint8_t>(std::min(length, address.width()))) {
  std::array<std::uint8_t, 16> bytes{};
  std::ranges::copy(address.bytes(), bytes.begin());
  for (unsigned i = length_; i < address.width(); ++i) {
    bytes[i / 8] = static_cast<std::uint8_t>(bytes[i / 8] & ~(0x80u >> (i % 8)));
  }
  network_ = address.is_v4() ? IpAddress::v4({bytes[0], bytes[1], bytes[2], bytes[3]})
                             : IpAddress::v6(bytes);
}

std::optional<IpPrefix> IpPrefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return IpPrefix(*address, address->width());

  const std::string_view digits = text.substr(slash + 1);
  unsigned length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  if (length > address->width()) return std::nullopt;
  return IpPrefix(*address, length);
}

bool IpPrefix::contains(const IpAddress& address) const {
  if (address.is_v4() != network_.is_v4()) return false;
  const auto ours = network_.bytes();
  const auto theirs = address.bytes();
  const unsigned whole = length_ / 8u;
  if (std::memcmp(ours.data(), theirs.data(), whole) != 0) return false;
  const unsigned left = length_ % 8u;
  return left == 0 || ((ours[whole] ^ theirs[whole]) >> (8 - left)) == 0;
}

bool IpPrefix::contains(const IpPrefix& other) const {
  return other.length_ >= length_ && contains(other.network_);
}

std::string IpPrefix::to_string() const {
  if (length_ == network_.width()) return network_.to_string();
  return network_.to_string() + '/' + std::to_string(length_);
}

bool IpPrefixList::contains(const IpAddress& address) const {
  return std::ranges::any_of(prefixes_,
                             [&](const IpPrefix& prefix) { return prefix.contains(address); });
}

}  // namespace postern
