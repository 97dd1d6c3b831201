// Messages and files of all kinds end with a report or with a sentence.
#include <cstdint>
#include <cstdlib>

#include "reports/report_message.h"

using namespace postern::reports;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  for (const auto& report : {read_report(text), read_report_file(text)})
    if (!report && !report.error().message.ends_with('.')) std::abort();
  return 0;
}
