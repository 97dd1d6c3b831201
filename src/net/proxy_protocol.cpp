#include "net/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/cursor.h"

namespace postern::net {

namespace {

using Status = ProxyParse::Status;
using Addresses = ProxyHeader::Addresses;

constexpr std::string_view v1_prefix = "PROXY ";
constexpr std::string_view v2_signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t v2_fixed = 16;
constexpr std::size_t checksum_size = 4;

constexpr ProxyParse malformed{.status = Status::malformed};
constexpr ProxyParse need_more{.status = Status::need_more};

/// Do both begin alike, as far as the shorter one goes?
bool could_become(std::string_view input, std::string_view wanted) {
  return wanted.starts_with(input.substr(0, wanted.size()));
}

// ---- version 1 (section 2.1) ----

std::string_view word(Cursor& in) {
  return in.take_while([](char c) { return c != ' '; });
}

std::optional<std::uint16_t> port(std::string_view digits) {
  // "No heading zeroes": there is only one way to write a port.
  if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

/// ` SP source SP destination SP source-port SP destination-port`
std::optional<Addresses> v1_addresses(Cursor& in, bool is_v4) {
  std::array<std::string_view, 4> words;
  for (std::string_view& each : words) {
    if (!in.take(' ')) return std::nullopt;
    each = word(in);
  }
  const auto source = IpAddress::parse(words[0]);
  const auto destination = IpAddress::parse(words[1]);
  const auto source_port = port(words[2]);
  const auto destination_port = port(words[3]);
  if (!in.at_end() || !source || !destination || !source_port || !destination_port) {
    return std::nullopt;
  }
  // By the way it is written: a mapped address in a TCP6 line is an IPv4 address for us.
  if (words[0].contains(':') == is_v4 || words[1].contains(':') == is_v4) return std::nullopt;
  return Addresses{.source = {*source, *source_port, {}},
                   .destination = {*destination, *destination_port, {}}};
}

ProxyParse parse_v1(std::string_view input) {
  const std::string_view window = input.substr(0, max_proxy_line);
  const std::size_t end = window.find('\n');
  if (end == std::string_view::npos) return input.size() < max_proxy_line ? need_more : malformed;
  if (window[end - 1] != '\r') return malformed;

  ProxyParse result{.status = Status::done, .consumed = end + 1};
  Cursor in(window.substr(0, end - 1));
  in.take(v1_prefix);
  const std::string_view family = word(in);
  // "UNKNOWN": the rest of the line is to be ignored.
  if (family == "UNKNOWN") return result;
  if (family != "TCP4" && family != "TCP6") return malformed;
  result.header.addresses = v1_addresses(in, family == "TCP4");
  return result.header.addresses ? result : malformed;
}

// ---- version 2 (section 2.2) ----

std::uint8_t byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<std::uint8_t>(bytes[i]);
}

std::uint16_t big_endian_16(std::string_view bytes, std::size_t i) {
  return static_cast<std::uint16_t>(byte_at(bytes, i) << 8 | byte_at(bytes, i + 1));
}

template <std::size_t size>
IpAddress address_at(std::string_view bytes, std::size_t i) {
  std::array<std::uint8_t, size> value;
  for (std::uint8_t& each : value) each = byte_at(bytes, i++);
  if constexpr (size == 4) {
    return IpAddress::v4(value);
  } else {
    return IpAddress::v6(value);
  }
}

/// Source, destination, source port, destination port.
template <std::size_t size>
Addresses v2_addresses(std::string_view bytes) {
  return {.source = {address_at<size>(bytes, 0), big_endian_16(bytes, 2 * size), {}},
          .destination = {address_at<size>(bytes, size), big_endian_16(bytes, 2 * size + 2), {}}};
}

/// CRC-32C (Castagnoli), bit by bit: headers are short and few.
std::uint32_t crc32c(std::string_view before, std::string_view zeroed, std::string_view after) {
  std::uint32_t crc = 0xffffffff;
  const auto add = [&crc](std::uint8_t byte) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
  };
  for (const char c : before) add(static_cast<std::uint8_t>(c));
  for (std::size_t i = 0; i < zeroed.size(); ++i) add(0);
  for (const char c : after) add(static_cast<std::uint8_t>(c));
  return ~crc;
}

/// Section 2.2.7: the extensions fill their room exactly; a checksum over the whole header, if
/// there is one, is right. `begin` is where they stand in `header`.
bool extensions_are_sound(std::string_view header, std::size_t begin) {
  constexpr std::uint8_t type_crc32c = 0x03;
  while (begin < header.size()) {
    if (header.size() - begin < 3) return false;
    const std::uint8_t type = byte_at(header, begin);
    const std::size_t length = big_endian_16(header, begin + 1);
    begin += 3;
    if (header.size() - begin < length) return false;
    if (type == type_crc32c) {
      if (length != checksum_size) return false;
      const std::uint32_t claimed =
          std::uint32_t{big_endian_16(header, begin)} << 16 | big_endian_16(header, begin + 2);
      if (crc32c(header.substr(0, begin), header.substr(begin, length),
                 header.substr(begin + length)) != claimed) {
        return false;
      }
    }
    begin += length;
  }
  return true;
}

/// Bytes of addresses for the family byte; nothing for values that are not assigned.
std::optional<std::size_t> address_bytes(std::uint8_t family) {
  switch (family) {
    case 0x00:
      return 0;  // UNSPEC
    case 0x11:
    case 0x12:
      return 12;  // TCP, UDP over IPv4
    case 0x21:
    case 0x22:
      return 36;  // TCP, UDP over IPv6
    case 0x31:
    case 0x32:
      return 216;  // Unix stream, datagram
    default:
      return std::nullopt;
  }
}

ProxyParse parse_v2(std::string_view input) {
  // Each byte is judged as soon as it is there, so that nonsense is not waited for.
  constexpr std::uint8_t version_2_local = 0x20;
  constexpr std::uint8_t version_2_proxy = 0x21;
  if (input.size() <= 12) return need_more;
  const std::uint8_t command = byte_at(input, 12);
  if (command != version_2_local && command != version_2_proxy) return malformed;
  if (input.size() <= 13) return need_more;
  const std::uint8_t family = byte_at(input, 13);
  const auto addresses = address_bytes(family);
  if (command == version_2_proxy && !addresses) return malformed;
  if (input.size() < v2_fixed) return need_more;
  const std::size_t payload = big_endian_16(input, 14);
  if (payload > max_proxy_payload) return malformed;
  if (command == version_2_proxy && payload < *addresses) return malformed;
  if (input.size() < v2_fixed + payload) return need_more;

  ProxyParse result{.status = Status::done, .consumed = v2_fixed + payload};
  // LOCAL: the receiver must skip the rest, whatever it is.
  if (command == version_2_local) return result;
  const std::string_view header = input.substr(0, result.consumed);
  if (!extensions_are_sound(header, v2_fixed + *addresses)) return malformed;
  const std::string_view body = header.substr(v2_fixed);
  if (family == 0x11) result.header.addresses = v2_addresses<4>(body);
  if (family == 0x21) result.header.addresses = v2_addresses<16>(body);
  return result;
}

}  // namespace

ProxyParse parse_proxy_header(std::string_view input) {
  if (could_become(input, v1_prefix))
    return input.size() < v1_prefix.size() ? need_more : parse_v1(input);
  if (could_become(input, v2_signature)) return parse_v2(input);
  return malformed;
}

awaitable<Result<ProxyHeader>> read_proxy_header(Stream& stream) {
  std::string held;
  for (;;) {
    const std::string_view piece = co_await stream.read();
    if (piece.empty()) co_return fail("The connection ended before its PROXY header was complete.");
    const std::size_t before = held.size();
    held += piece;
    const ProxyParse parse = parse_proxy_header(held);
    switch (parse.status) {
      case Status::need_more:
        break;
      case Status::malformed:
        co_return fail("The connection does not begin with a PROXY header.");
      case Status::done:
        stream.unread(piece.substr(parse.consumed - before));
        co_return parse.header;
    }
  }
}

namespace {

/// All addresses of one header are of one family: 16 bytes where one of them has them, an IPv4
/// address mapped into IPv6 (RFC 4291 section 2.5.5.2).
void append_address(const IpAddress& address, bool as_v6, std::string& out) {
  if (as_v6 && address.is_v4()) out.append(std::string_view("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12));
  for (const std::uint8_t byte : address.bytes()) out.push_back(static_cast<char>(byte));
}

void append_number(std::size_t number, std::string& out) {
  out.push_back(static_cast<char>(number >> 8));
  out.push_back(static_cast<char>(number & 0xff));
}

std::string text_of(const IpAddress& address, bool as_v6) {
  return (as_v6 && address.is_v4() ? "::ffff:" : "") + address.to_string();
}

std::string make_v1(const Addresses& of, bool as_v6) {
  std::string line(v1_prefix);
  line += as_v6 ? "TCP6 " : "TCP4 ";
  line += text_of(of.source.address, as_v6) + " " + text_of(of.destination.address, as_v6) + " ";
  line += std::to_string(of.source.port) + " " + std::to_string(of.destination.port) + "\r\n";
  return line;
}

std::string make_v2(const Addresses& of, bool as_v6) {
  std::string out(v2_signature);
  out.push_back('\x21');                   // version 2, PROXY
  out.push_back(as_v6 ? '\x21' : '\x11');  // TCP over IPv6 or IPv4
  append_number(as_v6 ? 36 : 12, out);
  append_address(of.source.address, as_v6, out);
  append_address(of.destination.address, as_v6, out);
  append_number(of.source.port, out);
  append_number(of.destination.port, out);
  return out;
}

}  // namespace

std::string make_proxy_header(const ProxyHeader& header, ProxyVersion version) {
  const auto& of = header.addresses;
  const bool as_v6 = of && (of->source.address.is_v6() || of->destination.address.is_v6());
  switch (version) {
    case ProxyVersion::v1:
      return of ? make_v1(*of, as_v6) : "PROXY UNKNOWN\r\n";
    case ProxyVersion::v2:
      // Version 2, LOCAL, unspecified, no addresses.
      return of ? make_v2(*of, as_v6) : std::string(v2_signature) + std::string("\x20\0\0\0", 4);
  }
  std::abort();
}

}  // namespace postern::net
