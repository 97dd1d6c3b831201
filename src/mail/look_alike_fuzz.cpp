// What a label is decoded to is no longer than the label and has only characters; the skeleton is
// no longer than that, and is its own skeleton; a name is never one edit from itself, and always
// from itself with one character less.
#include <cstdint>
#include <cstdlib>

#include "mail/look_alike.h"

using namespace postern::mail;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 300) return 0;  // labels have 63
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const std::u32string shown = shown_label(text);
  if (shown.size() > text.size()) std::abort();
  for (const char32_t c : shown) {
    if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) std::abort();
  }
  const std::u32string seen = skeleton(shown);
  if (seen.size() > shown.size() || skeleton(seen) != seen) std::abort();
  if (is_one_edit_away(shown, shown)) std::abort();
  for (std::size_t at = 0; at < shown.size(); ++at) {
    std::u32string shorter = shown;
    shorter.erase(at, 1);
    if (!is_one_edit_away(shown, shorter) || !is_one_edit_away(shorter, shown)) std::abort();
  }
  return 0;
}
