// Cut anywhere the records are the same; whole ones are bounded and begin and end with a bracket.
#include <cstdint>
#include <cstdlib>

#include "assess/json_records.h"

using namespace postern::assess;

namespace {

std::string split(std::string_view text, std::size_t cut) {
  std::string seen;
  JsonSplitter splitter([&seen](std::uint64_t line, std::string_view record, bool broken) {
    if (record.size() > max_json_record || !record.starts_with('{')) std::abort();
    if (!broken && !record.ends_with('}')) std::abort();
    seen += std::to_string(line) + (broken ? "!" : ":") + std::string(record);
  });
  splitter.feed(text.substr(0, cut));
  splitter.feed(text.substr(cut));
  splitter.finish();
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  if (split(text, 0) != split(text, size == 0 ? 0 : data[size - 1] % (size + 1))) std::abort();
  return 0;
}
