#include "admin/date.h"

#include <charconv>

#include "base/cursor.h"

namespace postern::admin {
namespace {

/// One to `most` digits.
std::optional<int> take_number(Cursor& in, std::size_t most) {
  const std::string_view digits = in.take_while(is_digit);
  int value = 0;
  if (digits.empty() || digits.size() > most) return std::nullopt;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

/// `14:05`, `2:05:30 PM`.
std::optional<std::chrono::seconds> take_clock(Cursor& in) {
  auto hour = take_number(in, 2);
  if (!hour || !in.take(':')) return std::nullopt;
  const auto minute = take_number(in, 2);
  const auto second = in.take(':') ? take_number(in, 2) : std::optional<int>(0);
  if (!minute || !second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  in.take_while(is_wsp);
  const bool afternoon = in.take_word("PM");
  if (afternoon || in.take_word("AM")) {
    if (*hour < 1 || *hour > 12) return std::nullopt;
    *hour = *hour % 12 + (afternoon ? 12 : 0);
  }
  return std::chrono::seconds(*hour * 3600 + *minute * 60 + *second);
}

}  // namespace

std::optional<Time> parse_date(std::string_view text) {
  text = trim(text);
  if (const auto time = parse_iso(text)) return time;
  Cursor in(text);
  const auto month = take_number(in, 2);
  if (!month || !in.take('/')) return std::nullopt;
  const auto day = take_number(in, 2);
  if (!day || !in.take('/')) return std::nullopt;
  const auto year = take_number(in, 4);
  if (!year || *year < 1000) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  Time time = std::chrono::sys_days(date);
  if (in.at_end()) return time;
  in.take_while(is_wsp);
  const auto clock = take_clock(in);
  if (!clock || !in.at_end()) return std::nullopt;
  return time + *clock;
}

}  // namespace postern::admin
