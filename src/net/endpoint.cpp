#include "net/endpoint.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace postern::net {

namespace {

std::optional<std::uint16_t> parse_port(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return port;
}

template <class Address>
Address& as(sockaddr_storage& storage) {
  return *static_cast<Address*>(static_cast<void*>(&storage));
}

template <class Address>
const Address& as(const sockaddr_storage& storage) {
  return *static_cast<const Address*>(static_cast<const void*>(&storage));
}

}  // namespace

std::string Endpoint::to_string() const {
  if (is_unix()) return "unix:" + path;
  if (address.is_v6()) return fmt::format("[{}]:{}", address.to_string(), port);
  return fmt::format("{}:{}", address.to_string(), port);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  constexpr std::string_view forms = "expected ADDRESS:PORT, [IPV6]:PORT or unix:/PATH";
  Endpoint endpoint;
  if (text.starts_with("unix:")) {
    endpoint.path = text.substr(5);
    if (!endpoint.path.starts_with('/')) {
      return fail(fmt::format("\"{}\": the path of a Unix socket begins with /.", text));
    }
    if (endpoint.path.size() > max_socket_path || endpoint.path.contains('\0')) {
      return fail(fmt::format("\"{}\": the path of a Unix socket has at most {} bytes.", text,
                              max_socket_path));
    }
    return endpoint;
  }

  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return fail(fmt::format("\"{}\" names no port: {}.", text, forms));
  }
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::parse(host);
  if (!address) return fail(fmt::format("\"{}\" is not an IP address: {}.", host, forms));
  // ::ffff:192.0.2.1 is an IPv4 address here, but it is still written in brackets.
  if (bracketed != host.contains(':')) {
    return fail(
        fmt::format("\"{}\": IPv6 addresses, and only they, stand in brackets: {}.", text, forms));
  }
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) {
    return fail(fmt::format("\"{}\": a port is a number from 0 to 65535.", text));
  }
  endpoint.address = *address;
  endpoint.port = *port;
  return endpoint;
}

SocketAddress SocketAddress::from(const Endpoint& endpoint) {
  SocketAddress result;
  if (endpoint.is_unix()) {
    auto& un = as<sockaddr_un>(result.storage);
    un.sun_family = AF_UNIX;
    endpoint.path.copy(un.sun_path, max_socket_path);
    result.length = sizeof(sockaddr_un);
    return result;
  }
  const auto bytes = endpoint.address.bytes();
  if (endpoint.address.is_v4()) {
    auto& in = as<sockaddr_in>(result.storage);
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    std::memcpy(&in.sin_addr, bytes.data(), bytes.size());
    result.length = sizeof(sockaddr_in);
  } else {
    auto& in = as<sockaddr_in6>(result.storage);
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(endpoint.port);
    std::memcpy(&in.sin6_addr, bytes.data(), bytes.size());
    result.length = sizeof(sockaddr_in6);
  }
  return result;
}

Endpoint SocketAddress::to_endpoint() const {
  Endpoint endpoint;
  if (family() == AF_INET) {
    const auto& in = as<sockaddr_in>(storage);
    std::array<std::uint8_t, 4> bytes;
    std::memcpy(bytes.data(), &in.sin_addr, bytes.size());
    endpoint.address = IpAddress::v4(bytes);
    endpoint.port = ntohs(in.sin_port);
  } else if (family() == AF_INET6) {
    const auto& in = as<sockaddr_in6>(storage);
    std::array<std::uint8_t, 16> bytes;
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    endpoint.address = IpAddress::v6(bytes);
    endpoint.port = ntohs(in.sin6_port);
  } else if (family() == AF_UNIX && length > offsetof(sockaddr_un, sun_path)) {
    const auto& un = as<sockaddr_un>(storage);
    const std::size_t room = length - offsetof(sockaddr_un, sun_path);
    endpoint.path.assign(un.sun_path, strnlen(un.sun_path, std::min(room, sizeof un.sun_path)));
  }
  return endpoint;
}

}  // namespace postern::net
