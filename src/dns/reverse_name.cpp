#include "dns/reverse_name.h"

#include <ranges>

namespace postern::dns {

std::string reverse_name(const IpAddress& address) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string name;
  for (const std::uint8_t octet : address.bytes() | std::views::reverse) {
    if (address.is_v4()) {
      name += std::to_string(octet);
      name += '.';
    } else {
      name += {digits[octet & 15], '.', digits[octet >> 4], '.'};
    }
  }
  return name += address.is_v4() ? "in-addr.arpa" : "ip6.arpa";
}

}  // namespace postern::dns
