// No message is told more often than one begins, and its recipients are bounded.
#include <cstdint>
#include <cstdlib>

#include "assess/mail_log.h"

using namespace postern;
using namespace postern::assess;

namespace {

void read(std::string_view text, bool exim) {
  std::size_t begun = 0;
  std::size_t told = 0;
  const auto take = [&told](const Observation& seen) {
    ++told;
    if (seen.recipients.size() > max_log_recipients || !seen.time) std::abort();
  };
  const auto reader = exim ? read_exim_log(take) : read_postfix_log(take, *parse_iso("2026-11-22"));
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (reader->read(line) && line.find(exim ? "<= " : "client=") != std::string_view::npos)
      ++begun;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  reader->finish();
  if (told > begun) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  read(text, true);
  read(text, false);
  return 0;
}
