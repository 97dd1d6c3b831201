// What parses can be printed, and the print parses to the same address.
#include <cstdint>
#include <cstdlib>

#include "mail/mailbox.h"

using namespace postern::mail;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  postern::Cursor forward(text);
  (void)take_forward_path(forward);
  postern::Cursor in(text);
  const auto mailbox = take_reverse_path(in);
  if (!mailbox || mailbox->is_null()) return 0;

  const std::string printed = "<" + to_address(mailbox->local_part, mailbox->domain) + ">";
  // An A-label can be longer than what it was made of.
  if (printed.size() > max_path) return 0;
  postern::Cursor again(printed);
  const auto reparsed = take_reverse_path(again);
  if (!reparsed || reparsed->local_part != mailbox->local_part ||
      reparsed->domain != mailbox->domain)
    std::abort();
  return 0;
}
