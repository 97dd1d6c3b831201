// What applies can be printed, the print says the same, and it has at most what the limits allow.
#include <cstdint>
#include <cstdlib>

#include "auth/dmarc_record.h"

using namespace postern::auth;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const auto record = parse_dmarc_record(text);
  if (!record) return 0;
  if (!is_dmarc_record(text)) std::abort();
  if (record->rua.size() > max_report_uris || record->ruf.size() > max_report_uris) std::abort();
  for (const std::string& uri : record->rua)
    if (!mailbox_of_report_uri(uri)) std::abort();
  // A record that asks for nothing keeps of itself only where it stands in the tree.
  if (!record->applies) return 0;
  const auto again = parse_dmarc_record(to_text(*record));
  if (!again || *again != *record) std::abort();
  return 0;
}
