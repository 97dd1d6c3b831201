#include "directory/organizational_domain.h"

namespace postern::directory {
namespace {

/// Countries that sell names on the third level call the second one so: co.uk, com.au, or.jp.
constexpr std::size_t longest_category = 3;
constexpr std::size_t country_code = 2;

/// Where the label before the one that begins at `at` begins.
std::size_t label_before(std::string_view name, std::size_t at) {
  if (at < 2) return 0;
  const std::size_t dot = name.rfind('.', at - 2);
  return dot == std::string_view::npos ? 0 : dot + 1;
}

}  // namespace

std::string_view organizational_domain(std::string_view name) {
  const std::size_t top = label_before(name, name.size() + 1);
  const std::size_t second = label_before(name, top);
  const bool is_category =
      name.size() - top == country_code && top > 0 && top - 1 - second <= longest_category;
  return name.substr(is_category ? label_before(name, second) : second);
}

}  // namespace postern::directory
