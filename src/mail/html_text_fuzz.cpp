// Whatever comes, the text is no longer than the HTML and has no line of blanks at its end.
#include <cstdint>
#include <cstdlib>

#include "mail/html_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view html(static_cast<const char*>(static_cast<const void*>(data)), size);
  const std::string text = postern::mail::html_to_text(html);
  if (text.size() > html.size()) std::abort();
  if (text.contains("\n\n\n")) std::abort();
  return 0;
}
