// A Cookie field from the network, the name asked for in its first line. What is found is a part of
// the field that Set-Cookie could carry, and a field made of it gives it back.
#include <cassert>
#include <cstdint>
#include <string>
#include <string_view>

#include "admin/cookies.h"

using namespace postern::admin;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  const std::string_view name = text.substr(0, line);
  const std::string_view field = line == std::string_view::npos ? name : text.substr(line + 1);
  const auto found = find_cookie(field, name);
  if (!found) return 0;
  assert(found->data() >= field.data() &&
         found->data() + found->size() <= field.data() + field.size());
  assert(found->find_first_of("\r\n;,\" ") == std::string_view::npos);
  const std::string again = std::string(name) + "=" + std::string(*found);
  assert(find_cookie(again, name) == *found);
  assert(find_cookie("other=1; " + again, name) == *found || name == "other");
  return 0;
}
