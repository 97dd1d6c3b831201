// Whatever a file of recipients holds: what was read of it, written down as a list, is read as the
// same again, and without complaint. The list is a Postfix map of aliases behind one of recipients.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "admin/recipient_list.h"

using namespace postern;
using namespace postern::admin;

namespace {

const directory::Snapshot& contoso() {
  static const directory::Snapshot snapshot = [] {
    directory::Snapshot made;
    const auto id = directory::OrganizationId{1};
    made.put_organization(id, *directory::Guid::parse("f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
                          "Contoso", {});
    made.put_domain(id, {.name = "contoso.com"});
    made.put_domain(id, {.name = "relay.contoso.net"});
    return made;
  }();
  return snapshot;
}

RecipientList parse(std::string_view content) {
  static const auto organization = contoso().find_organization("Contoso");
  return parse_recipient_list(content, contoso(), *organization);
}

/// As it can stand in a list: quotes keep # from making a comment, and a mark from being left out.
std::string listed(const std::string& address) {
  if (!address.starts_with('#') && !address.starts_with("\xef\xbb\xbf")) return address;
  const std::size_t at = address.rfind('@');
  return '"' + address.substr(0, at) + '"' + address.substr(at);
}

std::string print(const RecipientList& list) {
  std::string text;
  for (const auto& recipient : list.recipients) text += listed(recipient.address) + " OK\n";
  for (const auto& recipient : list.recipients) {
    for (const std::string& alias : recipient.aliases)
      text += listed(alias) + '\t' + listed(recipient.address) + '\n';
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const RecipientList list = parse({reinterpret_cast<const char*>(data), size});
  if (list.bad_lines.size() > max_bad_lines) std::abort();
  const std::string printed = print(list);
  const RecipientList again = parse(printed);
  if (!again.bad_lines.empty() || print(again) != printed) std::abort();
  return 0;
}
