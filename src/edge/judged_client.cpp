#include "edge/judged_client.h"

#include <algorithm>

namespace postern::edge {

Gateway find_gateway(std::span<const FilteredRecipient> recipients) {
  if (recipients.empty()) return {};
  const policy::RcptVerdict& first = *recipients.front().verdict;
  if (first.connector == nullptr || !policy::vouches(first.matched_by) ||
      !policy::has_enhanced_filtering(*first.connector)) {
    return {};
  }
  std::vector<std::string> addresses;
  bool is_same = true;
  for (const FilteredRecipient& recipient : recipients) {
    const policy::RcptVerdict& verdict = *recipient.verdict;
    is_same = is_same && verdict.connector != nullptr && policy::vouches(verdict.matched_by) &&
              verdict.connector->guid == first.connector->guid;
    addresses.emplace_back(recipient.address);
  }
  return {.connector = first.connector.get(),
          .for_all_recipients = is_same && policy::filters_for(*first.connector, addresses)};
}

}  // namespace postern::edge
