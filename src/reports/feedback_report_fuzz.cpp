// Whatever is read is fit to be shown, and a known type is the word that stood there.
#include <cstdint>
#include <cstdlib>

#include "mail/utf8.h"
#include "reports/feedback_report.h"

using namespace postern;
using namespace postern::reports;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const auto report = parse_feedback_report(text);
  if (!report) return 0;
  if (report->feedback_type.empty()) std::abort();
  if (report->type != FeedbackType::unknown && to_string(report->type) != report->feedback_type)
    std::abort();
  for (const std::string* shown : {&report->feedback_type, &report->user_agent,
                                   &report->original_mail_from, &report->dkim_domain})
    if (mail::displayable(*shown) != *shown) std::abort();
  for (const std::string& uri : report->reported_uris)
    if (mail::displayable(uri) != uri) std::abort();
  return 0;
}
