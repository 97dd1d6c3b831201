// Whatever is read is within limits and fit to be shown.
#include <cstdint>
#include <cstdlib>

#include "mail/utf8.h"
#include "reports/dmarc_aggregate.h"

using namespace postern;
using namespace postern::reports;

namespace {

void expect_clean(const std::string& text) {
  if (mail::displayable(text) != text) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const auto report = parse_dmarc_aggregate(text);
  if (!report) {
    if (report.error().message.empty()) std::abort();
    return 0;
  }
  if (report->policy.domain.empty() || report->errors.size() > max_dmarc_items) std::abort();
  expect_clean(report->org_name);
  for (const DmarcReportRecord& record : report->records) {
    expect_clean(record.header_from);
    if (record.reasons.size() > max_dmarc_items || record.dkim_results.size() > max_dmarc_items ||
        record.spf_results.size() > max_dmarc_items || record.extensions.size() > max_dmarc_items)
      std::abort();
    for (const DkimReportResult& dkim : record.dkim_results) expect_clean(dkim.human_result);
  }
  return 0;
}
