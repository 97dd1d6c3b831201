// However a field is folded, the same is read from it; and the client's address stands in it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "mail/lexical.h"
#include "mail/received_hop.h"

using namespace postern;
using namespace postern::mail;

namespace {

/// Every blank becomes a fold.
std::string refold(std::string_view text) {
  std::string folded;
  bool in_blanks = false;
  for (const char c : text) {
    if (!is_fws(c)) {
      folded += c;
    } else if (!in_blanks) {
      folded += "\r\n\t";
    }
    in_blanks = is_fws(c);
  }
  return folded;
}

bool stands_in(const IpAddress& address, std::string_view text) {
  // The longest text of an address: an IPv6 one that ends in an IPv4 one.
  constexpr std::size_t longest = 45;
  for (std::size_t begin = 0; begin < text.size(); ++begin) {
    const std::size_t end = std::min(text.size(), begin + longest);
    for (std::size_t last = begin + 1; last <= end; ++last) {
      if (IpAddress::parse(text.substr(begin, last - begin)) == address) return true;
    }
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const auto hop = parse_received_hop(text);
  const std::string folded = refold(text);
  if (folded.size() <= max_received_field && size <= max_received_field &&
      parse_received_hop(folded) != hop) {
    std::abort();
  }
  if (hop && hop->client && !stands_in(*hop->client, text)) std::abort();
  return 0;
}
