// Whatever is read is fit to be shown, and each word is what it was read as.
#include <cstdint>
#include <cstdlib>

#include "base/ascii.h"
#include "mail/utf8.h"
#include "reports/tls_report.h"

using namespace postern;
using namespace postern::reports;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const auto report = parse_tls_report(text);
  if (!report) return 0;
  if (mail::displayable(report->organization_name) != report->organization_name) std::abort();
  for (const TlsPolicyReport& policy : report->policies) {
    if (policy.type != TlsPolicyType::unknown &&
        !iequals(to_string(policy.type), policy.policy_type))
      std::abort();
    for (const TlsFailure& failure : policy.failures)
      if (failure.type != TlsResultType::unknown &&
          !iequals(to_string(failure.type), failure.result_type))
        std::abort();
  }
  return 0;
}
