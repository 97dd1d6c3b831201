#include "base/time.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/cursor.h"

namespace postern {
namespace {

struct Broken {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<std::chrono::milliseconds> time;
  unsigned weekday;
};

Broken break_down(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  return {day, std::chrono::hh_mm_ss(std::chrono::floor<std::chrono::milliseconds>(time - day)),
          std::chrono::weekday(day).c_encoding()};
}

/// Exactly `count` digits.
std::optional<int> take_number(Cursor& in, std::size_t count) {
  Cursor attempt = in;
  const std::string_view digits = attempt.take_count(count);
  int value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.size() != count || error != std::errc{} || end != digits.data() + count)
    return std::nullopt;
  if (!is_digit(digits.front())) return std::nullopt;
  in = attempt;
  return value;
}

/// `.476`, any number of digits; microseconds.
std::chrono::microseconds take_fraction(Cursor& in) {
  if (!in.take('.')) return {};
  long micros = 0;
  long weight = 100'000;
  for (const char c : in.take_while(is_digit)) {
    micros += (c - '0') * weight;
    weight /= 10;
  }
  return std::chrono::microseconds(micros);
}

/// `Z`, `+01:00`, `-0800` or nothing; the minutes to take away.
std::optional<std::chrono::minutes> take_offset(Cursor& in) {
  if (in.at_end() || in.take('Z') || in.take('z')) return std::chrono::minutes(0);
  const int sign = in.take('+') ? 1 : in.take('-') ? -1 : 0;
  const auto hours = take_number(in, 2);
  in.take(':');
  const auto minutes = take_number(in, 2);
  if (sign == 0 || !hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return std::chrono::minutes(sign * (*hours * 60 + *minutes));
}

}  // namespace

Time now() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::string format_iso(Time time) {
  const Broken t = break_down(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(t.date.year()),
                     static_cast<unsigned>(t.date.month()), static_cast<unsigned>(t.date.day()),
                     t.time.hours().count(), t.time.minutes().count(), t.time.seconds().count(),
                     t.time.subseconds().count());
}

std::string format_rfc5322(Time time) {
  static constexpr std::array<const char*, 7> days = {"Sun", "Mon", "Tue", "Wed",
                                                      "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Broken t = break_down(time);
  return fmt::format("{}, {} {} {:04} {:02}:{:02}:{:02} +0000", days[t.weekday],
                     static_cast<unsigned>(t.date.day()),
                     months[static_cast<unsigned>(t.date.month()) - 1],
                     static_cast<int>(t.date.year()), t.time.hours().count(),
                     t.time.minutes().count(), t.time.seconds().count());
}

std::optional<Time> parse_iso(std::string_view text) {
  Cursor in(text);
  const auto year = take_number(in, 4);
  if (!year || !in.take('-')) return std::nullopt;
  const auto month = take_number(in, 2);
  if (!month || !in.take('-')) return std::nullopt;
  const auto day = take_number(in, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  Time time = std::chrono::sys_days(date);
  if (in.at_end()) return time;

  if (!in.take('T') && !in.take('t') && !in.take(' ')) return std::nullopt;
  const auto hour = take_number(in, 2);
  if (!hour || *hour > 23 || !in.take(':')) return std::nullopt;
  const auto minute = take_number(in, 2);
  if (!minute || *minute > 59) return std::nullopt;
  time += std::chrono::hours(*hour) + std::chrono::minutes(*minute);
  if (in.take(':')) {
    const auto second = take_number(in, 2);
    if (!second || *second > 60) return std::nullopt;  // 60: a leap second
    time += std::chrono::seconds(*second) + take_fraction(in);
  }
  const auto offset = take_offset(in);
  if (!offset || !in.at_end()) return std::nullopt;
  return time - *offset;
}

}  // namespace postern
