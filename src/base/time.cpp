#include "base/time.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <utility>

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

/// Writes a time: every message says it several times, and a general formatter takes ten times
/// as long.
class Digits {
 public:
  Digits& mark(char c) {
    text_ += c;
    return *this;
  }
  Digits& word(std::string_view letters) {
    text_ += letters;
    return *this;
  }
  /// With leading zeros up to `digits`.
  Digits& number(std::int64_t value, std::size_t digits) {
    char written[24];
    const char* end = std::to_chars(written, std::end(written), value).ptr;
    const auto size = static_cast<std::size_t>(end - written);
    if (size < digits) text_.append(digits - size, '0');
    text_.append(written, size);
    return *this;
  }
  Digits& date(const std::chrono::year_month_day& day) {
    return number(static_cast<int>(day.year()), 4)
        .mark('-')
        .number(static_cast<unsigned>(day.month()), 2)
        .mark('-')
        .number(static_cast<unsigned>(day.day()), 2);
  }
  Digits& clock(const std::chrono::hh_mm_ss<std::chrono::milliseconds>& time) {
    return number(time.hours().count(), 2)
        .mark(':')
        .number(time.minutes().count(), 2)
        .mark(':')
        .number(time.seconds().count(), 2);
  }
  std::string finish() { return std::move(text_); }

 private:
  std::string text_;
};

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
  Digits text;
  text.date(t.date).mark('T').clock(t.time).mark('.');
  text.number(t.time.subseconds().count(), 3).mark('Z');
  return text.finish();
}

std::string format_rfc5322(Time time) {
  static constexpr std::array<const char*, 7> days = {"Sun", "Mon", "Tue", "Wed",
                                                      "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Broken t = break_down(time);
  const auto day = static_cast<unsigned>(t.date.day());
  Digits text;
  text.word(days[t.weekday]).word(", ").number(day, day < 10 ? 1 : 2).mark(' ');
  text.word(months[static_cast<unsigned>(t.date.month()) - 1]).mark(' ');
  text.number(static_cast<int>(t.date.year()), 4).mark(' ').clock(t.time).word(" +0000");
  return text.finish();
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
