// A first line as header, the second as row: whatever is read is bounded, and an error is one line.
#include <cstdint>
#include <cstdlib>

#include "assess/csv.h"
#include "assess/trace_table.h"

using namespace postern::assess;

namespace {

void check(const TraceTable& table, const std::vector<std::string>& fields) {
  const auto row = table.read(fields);
  if (!row && (row.error().empty() || row.error().find_first_of("\r\n\x1b") != std::string::npos))
    std::abort();
  if (!row || !*row) return;
  if ((*row)->recipients.size() > 1000) std::abort();
  for (const std::string& one : (*row)->recipients)
    if (one.empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  if (const auto fields = read_json_record(text)) {
    if (fields->names.size() != fields->values.size()) std::abort();
    if (const auto table = TraceTable::from_header(fields->names)) check(*table, fields->values);
  }
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return 0;
  const auto header = parse_csv_record(text.substr(0, end), ',');
  const auto fields = parse_csv_record(text.substr(end + 1), ',');
  if (!header || !fields) return 0;
  if (const auto table = TraceTable::from_header(*header)) check(*table, *fields);
  return 0;
}
