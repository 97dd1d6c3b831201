// IPv4 and IPv6 addresses and prefixes as values.
//
// An IPv4-mapped IPv6 address (::ffff:192.0.2.1, what a dual-stack socket reports) is the
// IPv4 address: connectors, SPF and the trace must see one client under one name.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

class IpAddress {
 public:
  /// 0.0.0.0
  constexpr IpAddress() = default;

  static IpAddress v4(std::array<std::uint8_t, 4> bytes);
  static IpAddress v6(std::array<std::uint8_t, 16> bytes);
  /// Dotted decimal or RFC 4291 section 2.2 text; no scope, no brackets, no spaces.
  static std::optional<IpAddress> parse(std::string_view text);

  bool is_v4() const { return v4_; }
  bool is_v6() const { return !v4_; }
  /// 32 or 128.
  unsigned width() const { return v4_ ? 32 : 128; }
  /// 4 or 16 bytes in network order.
  std::span<const std::uint8_t> bytes() const { return {bytes_.data(), v4_ ? 4u : 16u}; }
  /// Bit `index` counted from the most significant one.
  bool bit(unsigned index) const { return (bytes_[index / 8] >> (7 - index % 8)) & 1; }
  /// 127.0.0.0/8 or ::1
  bool is_loopback() const;

  /// The form of RFC 5952.
  std::string to_string() const;
  /// As inside an SMTP address literal: `192.0.2.1` or `IPv6:2001:db8::1` (RFC 5321 section 4.1.3).
  std::string to_literal() const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  // The bytes after the fourth are zero for IPv4, so that comparison and hash see equal values.
  std::array<std::uint8_t, 16> bytes_{};
  bool v4_ = true;
};

class IpPrefix {
 public:
  constexpr IpPrefix() = default;
  /// Bits beyond `length` are cleared; a length above the width is cut to it.
  IpPrefix(const IpAddress& address, unsigned length);

  /// `192.0.2.0/24`, `2001:db8::/32`, or a single address. Bits set beyond the length are
  /// accepted and cleared.
  static std::optional<IpPrefix> parse(std::string_view text);

  const IpAddress& network() const { return network_; }
  unsigned length() const { return length_; }
  bool contains(const IpAddress& address) const;
  bool contains(const IpPrefix& other) const;
  /// `192.0.2.0/24`; a prefix of full length prints as the address alone.
  std::string to_string() const;

  auto operator<=>(const IpPrefix&) const = default;

 private:
  IpAddress network_;
  std::uint8_t length_ = 32;
};

/// A short list of prefixes, such as the peers that may speak the PROXY protocol.
class IpPrefixList {
 public:
  IpPrefixList() = default;
  explicit IpPrefixList(std::vector<IpPrefix> prefixes) : prefixes_(std::move(prefixes)) {}

  bool contains(const IpAddress& address) const;
  bool empty() const { return prefixes_.empty(); }
  const std::vector<IpPrefix>& prefixes() const { return prefixes_; }

 private:
  std::vector<IpPrefix> prefixes_;
};

}  // namespace postern

template <>
struct std::hash<postern::IpAddress> {
  std::size_t operator()(const postern::IpAddress& address) const noexcept {
    const auto bytes = address.bytes();
    return std::hash<std::string_view>{}(std::string_view(
        static_cast<const char*>(static_cast<const void*>(bytes.data())), bytes.size()));
  }
};
