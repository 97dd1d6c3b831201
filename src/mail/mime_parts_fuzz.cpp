// Parts lie within the part that has them, in order and without overlap; limits hold, and nothing
// grows when it is decoded.
#include <cstdint>
#include <cstdlib>

#include "mail/mime_parts.h"
#include "mail/utf8.h"

using namespace postern::mail;

namespace {

const char* end_of(std::string_view text) {
  return text.data() + text.size();
}

bool contains(std::string_view outer, std::string_view inner) {
  return outer.data() <= inner.data() && end_of(inner) <= end_of(outer);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const MimeParts mime = parse_mime(text);
  if (mime.parts.empty() || mime.parts.size() > max_mime_parts) std::abort();

  std::vector<const MimePart*> path;  // the multiparts that we are in
  const char* behind = text.data();   // the last part without parts
  for (const MimePart& part : mime.parts) {
    if (part.depth > max_mime_depth || !contains(part.text, part.body)) std::abort();
    if (end_of(part.text) != end_of(part.body)) std::abort();
    while (!path.empty() && path.back()->depth >= part.depth) path.pop_back();
    if (path.size() != static_cast<std::size_t>(part.depth)) std::abort();
    if (!contains(path.empty() ? text : path.back()->body, part.text)) std::abort();
    if (part.is_multipart) {
      path.push_back(&part);
    } else {
      if (part.text.data() < behind) std::abort();
      behind = end_of(part.text);
    }
    if (decoded_body(part).size() > part.body.size()) std::abort();
    if (displayable(part.file_name) != part.file_name) std::abort();
  }
  return 0;
}
