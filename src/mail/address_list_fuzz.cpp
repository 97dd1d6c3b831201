// What was found can be printed, and the print gives the same addresses.
#include <cstdint>
#include <cstdlib>

#include "mail/address_list.h"
#include "mail/lexical.h"

using namespace postern::mail;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const AddressList list = parse_address_list(text);
  if (list.addresses.size() > max_addresses) std::abort();

  for (const HeaderAddress& address : list.addresses) {
    if (address.domain.empty() || printable(address.local_part) != address.local_part) continue;
    const std::string printed = "<" + quoted(address.local_part) + "@" + address.domain + ">";
    const AddressList again = parse_address_list(printed);
    if (again.addresses.size() != 1 || again.addresses[0].local_part != address.local_part ||
        again.addresses[0].domain != address.domain)
      std::abort();
  }
  return 0;
}
