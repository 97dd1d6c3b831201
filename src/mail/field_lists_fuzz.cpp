// What was found can be printed, and the print is read as the same; limits hold.
#include <cstdint>
#include <cstdlib>

#include "mail/field_lists.h"
#include "mail/utf8.h"

using namespace postern::mail;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const auto ids = parse_message_ids(text);
  std::string printed;
  if (text.contains('<'))
    for (const std::string& id : ids) printed += "<" + id + "> ";
  if (!printed.empty() && parse_message_ids(printed) != ids) std::abort();

  const auto phrases = parse_phrases(text);
  for (const std::string& phrase : phrases)
    if (phrase.empty() || displayable(phrase) != phrase) std::abort();

  const auto uris = parse_list_uris(text);
  printed.clear();
  for (const ListUri& one : uris) printed += (one.uri == "NO" ? "NO" : "<" + one.uri + ">") + ",";
  const auto again = parse_list_uris(printed);
  if (again.size() != uris.size()) std::abort();
  for (std::size_t i = 0; i < uris.size(); ++i)
    if (again[i].uri != uris[i].uri) std::abort();

  if (ids.size() > max_list_items || phrases.size() > max_list_items ||
      uris.size() > max_list_items)
    std::abort();
  return 0;
}
