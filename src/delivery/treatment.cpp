#include "delivery/treatment.h"

#include "base/ascii.h"
#include "delivery/envelope.h"

namespace postern::delivery {

std::string junk_address(const Recipient& recipient) {
  const std::string& text = recipient.forward_path.text;
  const std::size_t at = text.rfind('@');
  if (recipient.junk_detail.empty() || at == std::string::npos || text.starts_with('"'))
    return text;
  std::string local_part = text.substr(0, at);
  const std::string detail = "+" + recipient.detail;
  if (!recipient.detail.empty() && iends_with(local_part, detail))
    local_part.resize(local_part.size() - detail.size());
  local_part += "+" + recipient.junk_detail;
  return local_part.size() > mail::max_local_part ? text : local_part + text.substr(at);
}

}  // namespace postern::delivery
