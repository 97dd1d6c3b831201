#include "admin/result_size.h"

#include <fmt/format.h>

#include <charconv>

#include "base/ascii.h"

namespace postern::admin {

Result<std::size_t> result_size(const std::string& text, std::size_t most) {
  if (text.empty()) return default_results;
  if (most == unlimited_results && iequals(text, "Unlimited")) return unlimited_results;
  std::size_t size = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, size);
  if (parsed.ec == std::errc{} && parsed.ptr == end && size >= 1 && size <= most) return size;
  if (most == unlimited_results) {
    return fail(fmt::format("ResultSize: {} is neither a number from 1 nor Unlimited.", text));
  }
  return fail(fmt::format("ResultSize: {} is not a number from 1 to {}.", text, most));
}

}  // namespace postern::admin
