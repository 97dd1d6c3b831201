// Whatever stands in a trace's file: what is read is written as a text that reads the same, and
// judging by it ends.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "policy/judge_again.h"

using namespace postern;
using namespace postern::policy;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  // Four texts between line ends that no archive begins with.
  std::array<std::string_view, 4> texts;
  std::string_view rest = text;
  for (std::string_view& one : texts) {
    const std::size_t end = rest.find("\n--\n");
    one = rest.substr(0, end);
    rest = end == rest.npos ? std::string_view() : rest.substr(end + 4);
  }
  const auto settings = read_settings(texts[0]);
  const auto facts = read_facts(texts[1]);
  const auto evidence = read_evidence({std::string(texts[2]), std::string(texts[3])});
  if (settings) {
    const std::string again = to_archive(*settings);
    if (!again.empty() && to_archive(read_settings(again).value()) != again) std::abort();
  }
  if (evidence) {
    const EvidenceTexts again = to_archive(*evidence);
    if (!again.origin.empty() && !again.evidence.empty()) {
      const EvidenceTexts once_more = to_archive(read_evidence(again).value());
      if (once_more.origin != again.origin || once_more.evidence != again.evidence) std::abort();
    }
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
