// Cut anywhere the records are the same, and what a record holds reads the same when it is written.
#include "assess/csv.h"

#include <cstdint>
#include <cstdlib>

using namespace postern::assess;

namespace {

std::string split(std::string_view text, std::size_t cut) {
  std::string seen;
  CsvSplitter splitter([&seen](std::uint64_t line, std::string_view record, bool overlong) {
    seen += std::to_string(line) + (overlong ? "!" : ":") + std::string(record) + "\x01";
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
  const auto record = parse_csv_record(text, ',');
  if (!record) return 0;
  std::string written;
  for (const std::string& field : *record)
    written += (&field == &record->front() ? "" : ",") + to_csv_field(field);
  if (parse_csv_record(written, ',') != record) std::abort();
  return 0;
}
