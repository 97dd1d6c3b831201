// Whatever stands in a trace's file: what is read is written as a text that reads the same, and
// judging by it ends.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "policy/judge_again.h"

using namespace postern;
using namespace postern::policy;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  // Three texts between line ends that no archive begins with.
  const std::size_t first = text.find("\n--\n");
  const std::size_t second = first == text.npos ? text.npos : text.find("\n--\n", first + 4);
  const auto settings = read_settings(text.substr(0, first));
  const auto facts =
      first == text.npos ? std::nullopt : read_facts(text.substr(first + 4, second - first - 4));
  const auto evidence = second == text.npos ? std::nullopt : read_evidence(text.substr(second + 4));
  if (settings) {
    const std::string again = to_archive(*settings);
    if (!again.empty() && to_archive(read_settings(again).value()) != again) std::abort();
  }
  if (evidence) {
    const std::string again = to_archive(*evidence);
    if (!again.empty() && to_archive(read_evidence(again).value()) != again) std::abort();
  }
  if (!settings || !facts) return 0;
  const JudgedRecipient recipient{.client = IpAddress::v4({203, 0, 113, 9}),
                                  .hello = "client.example",
                                  .tls = true,
                                  .reverse_path = mail::parse_mailbox("x@contoso.com").value(),
                                  .forward_path = mail::parse_mailbox("ann@contoso.com").value(),
                                  .facts = *facts,
                                  .settings = *settings};
  const JudgedAgain again = judge_again({&recipient, 1}, evidence.value_or(JudgedEvidence{}));
  if (again.recipients.size() != 1) std::abort();
  return 0;
}
