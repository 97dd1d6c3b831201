#include "smtp/limits.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <ranges>
#include <sstream>
#include <string>

using namespace postern::smtp;

namespace {

std::uint64_t value_of(const LimitRow& row, const Limits& limits) {
  if (const auto* count = std::get_if<Limits::Count Limits::*>(&row.member))
    return limits.*(*count);
  return static_cast<std::uint64_t>(
      (limits.*std::get<Limits::Period Limits::*>(row.member)).count());
}

}  // namespace

TEST_CASE("every member of Limits is in the table, once") {
  const Limits defaults;
  CHECK(limits().size() == sizeof(Limits) / sizeof(std::uint64_t));
  for (const LimitRow& row : limits()) {
    CHECK(std::ranges::count(limits(), row.name, &LimitRow::name) == 1);
    CHECK(std::ranges::count(limits(), row.member, &LimitRow::member) == 1);
    CHECK(value_of(row, defaults) >= row.lowest);
  }
  // A list whose recipients are all of other organizations must not be cut off.
  CHECK(defaults.max_commands_without_progress >= defaults.max_recipients);
}

TEST_CASE("the operator's manual has every limit with its default and its lowest value") {
  std::ifstream file(POSTERN_SOURCE_DIR "/docs/smtp-session.md");
  REQUIRE(file.good());
  std::stringstream text;
  text << file.rdbuf();
  const std::string manual = text.str();
  for (const LimitRow& row : limits()) {
    const std::string line = "| `" + std::string(row.name) + "` | " +
                             std::to_string(value_of(row, Limits{})) + " | " +
                             std::to_string(row.lowest) + " |";
    CHECK_MESSAGE(manual.contains(line), line);
  }
}
