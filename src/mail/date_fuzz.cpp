// What is read as a date is written as the same date.
#include <chrono>
#include <cstdint>
#include <cstdlib>

#include "mail/date.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const auto date = mail::parse_date(text);
  if (date && mail::parse_date(format_rfc5322(*date)) != date) std::abort();
  return 0;
}
