#include "assess/record_time.h"

#include <array>

#include "base/cursor.h"

namespace postern::assess {
namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr std::array<std::string_view, 12> months{"jan", "feb", "mar", "apr", "may", "jun",
                                                  "jul", "aug", "sep", "oct", "nov", "dec"};

std::optional<unsigned> take_number(Cursor& in, std::size_t max_digits) {
  Cursor tried = in;
  const std::string_view digits = tried.take_while(is_digit);
  if (digits.empty() || digits.size() > max_digits) return std::nullopt;
  unsigned value = 0;
  for (const char c : digits) value = value * 10 + static_cast<unsigned>(c - '0');
  in = tried;
  return value;
}

std::optional<unsigned> take_month(Cursor& in) {
  for (unsigned i = 0; i < months.size(); ++i) {
    if (!in.take_word(months[i])) continue;
    in.take_while(is_alpha);  // `November`
    return i + 1;
  }
  return std::nullopt;
}

struct Clock {
  unsigned hour, minute, second;

  std::optional<std::chrono::seconds> since_midnight() const {
    if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
    return std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
  }
};

/// `8:00`, `08:00:01`, `08:00:01.476`
std::optional<Clock> take_clock(Cursor& in) {
  const auto hour = take_number(in, 2);
  if (!hour || !in.take(':')) return std::nullopt;
  const auto minute = take_number(in, 2);
  if (!minute) return std::nullopt;
  std::optional<unsigned> second = 0;
  if (in.take(':')) second = take_number(in, 2);
  if (!second) return std::nullopt;
  if (in.take('.')) in.take_while(is_digit);
  return Clock{*hour, *minute, *second};
}

/// Perhaps with `AM`, `PM` or `Z` behind it.
std::optional<std::chrono::seconds> take_time_of_day(Cursor& in) {
  auto clock = take_clock(in);
  if (!clock) return std::nullopt;
  in.take_while([](char c) { return is_wsp(c) || !is_ascii(c); });  // U+202F before AM
  const bool is_pm = in.take_word("PM");
  if (is_pm || in.take_word("AM")) {
    if (clock->hour == 0 || clock->hour > 12) return std::nullopt;
    clock->hour = clock->hour % 12 + (is_pm ? 12 : 0);
  }
  in.take('Z');
  return clock->since_midnight();
}

std::optional<Time> to_time(unsigned y, unsigned m, unsigned d, std::chrono::seconds clock) {
  const year_month_day date{year(static_cast<int>(y)), month(m), day(d)};
  if (!date.ok()) return std::nullopt;
  return Time(std::chrono::sys_days(date)) + clock;
}

/// A date with the numbers in the order of a country.
struct Date {
  unsigned year, month, day;
};

std::optional<Date> take_date(Cursor& in) {
  if (const auto named = take_month(in)) {  // Nov 2, 2026
    in.take_while(is_wsp);
    const auto d = take_number(in, 2);
    in.take(',');
    in.take_while(is_wsp);
    const auto y = take_number(in, 4);
    if (!d || !y) return std::nullopt;
    return Date{*y, *named, *d};
  }
  const auto first = take_number(in, 2);
  if (!first) return std::nullopt;
  const bool slashes = in.take('/');
  if (!slashes && !in.take('.')) return std::nullopt;
  const auto second = take_number(in, 2);
  if (!second || !in.take(slashes ? '/' : '.')) return std::nullopt;
  const auto y = take_number(in, 4);
  if (!y) return std::nullopt;
  const bool month_first = slashes && *first <= 12;
  return month_first ? Date{*y, *first, *second} : Date{*y, *second, *first};
}

/// Windows writes seven decimals, and we keep six.
std::optional<Time> parse_long_iso(std::string_view text) {
  if (const auto time = parse_iso(text)) return time;
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::size_t end = text.find_first_not_of("0123456789", dot + 1);
  std::string shorter(text.substr(0, dot));
  if (end != std::string_view::npos) shorter += text.substr(end);
  return parse_iso(shorter);
}

}  // namespace

std::optional<Time> parse_record_time(std::string_view text) {
  text = trim(text);
  if (const auto time = parse_long_iso(text)) return time;
  Cursor in(text);
  const auto date = take_date(in);
  if (!date) return std::nullopt;
  in.take(',');
  in.take_while(is_wsp);
  std::chrono::seconds clock{0};
  if (!in.at_end()) {
    const auto found = take_time_of_day(in);
    if (!found || !in.at_end()) return std::nullopt;
    clock = *found;
  }
  return to_time(date->year, date->month, date->day, clock);
}

std::optional<Time> take_log_time(std::string_view& text, Time reference) {
  Cursor in(text);
  const auto named = take_month(in);
  if (!named) return std::nullopt;
  in.take_while(is_wsp);
  const auto d = take_number(in, 2);
  if (!d || in.take_while(is_wsp).empty()) return std::nullopt;
  const auto clock = take_clock(in);
  const auto since_midnight = clock ? clock->since_midnight() : std::nullopt;
  if (!since_midnight) return std::nullopt;
  const year_month_day today{std::chrono::floor<std::chrono::days>(reference)};
  // Four years back there is a 29 February in any case.
  for (int back = 0; back <= 8; ++back) {
    const auto time = to_time(static_cast<unsigned>(static_cast<int>(today.year()) - back), *named,
                              *d, *since_midnight);
    if (!time || *time > reference + std::chrono::days(1)) continue;
    text = in.rest();
    return time;
  }
  return std::nullopt;
}

}  // namespace postern::assess
