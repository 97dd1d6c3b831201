#include "mail/date.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>

#include "base/ascii.h"
#include "base/cursor.h"
#include "mail/lexical.h"

namespace postern::mail {
namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 12> months = {"jan", "feb", "mar", "apr", "may", "jun",
                                                     "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> weekdays = {"mon", "tue", "wed", "thu",
                                                      "fri", "sat", "sun"};

// obs-zone with a meaning that is agreed on (RFC 5322 section 4.3), in hours.
constexpr std::pair<std::string_view, int> zones[] = {{"edt", -4}, {"est", -5}, {"cdt", -5},
                                                      {"cst", -6}, {"mdt", -6}, {"mst", -7},
                                                      {"pdt", -7}, {"pst", -8}};

/// Each `take` leaves the cursor behind white space and comments.
class DateReader {
 public:
  explicit DateReader(std::string_view body) : in_(body) { skip(); }

  // date-time = [ day-of-week "," ] date time [CFWS]
  std::optional<Time> read() {
    if (is_alpha(in_.peek()) && !take_weekday()) return std::nullopt;
    const auto day = take_number(1, 2);
    const auto month = take_month();
    const auto year = take_year();
    // time = time-of-day zone, where time-of-day = hour ":" minute [ ":" second ]
    const auto hour = take_number(2, 2);
    const bool has_minute = take(':');
    const auto minute = take_number(2, 2);
    const auto second = take(':') ? take_number(2, 2) : 0;
    if (!day || !month || !year || !hour || !has_minute || !minute || !second) return std::nullopt;
    const auto zone = take_zone();
    if (!zone || !in_.at_end() || !closed_) return std::nullopt;

    const year_month_day date{std::chrono::year(*year), std::chrono::month(*month),
                              std::chrono::day(static_cast<unsigned>(*day))};
    // Second 60 is a leap second (section 3.3).
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    const Time time = sys_days(date) + hours(*hour) + minutes(*minute) + seconds(*second) - *zone;
    // Section 3.3 begins with 1900, and no zone may lead beyond years of four digits.
    if (time < sys_days(January / 1 / 1900) || time >= sys_days(January / 1 / 10'000))
      return std::nullopt;
    return time;
  }

 private:
  void skip() { closed_ = skip_cfws(in_) && closed_; }

  bool take(char wanted) {
    if (!in_.take(wanted)) return false;
    skip();
    return true;
  }

  std::optional<int> take_number(std::size_t fewest, std::size_t most) {
    const std::string_view digits = in_.take_while(is_digit);
    skip();
    if (digits.size() < fewest || digits.size() > most) return std::nullopt;
    int number = 0;
    for (const char digit : digits) number = number * 10 + (digit - '0');
    return number;
  }

  std::string take_word() {
    std::string word = to_lower(in_.take_while(is_alnum));
    skip();
    return word;
  }

  // day-of-week = ([FWS] day-name) "," ; written out in full by some, and without the comma.
  bool take_weekday() {
    const std::string word = take_word();
    const bool is_known = std::ranges::any_of(
        weekdays, [&](std::string_view name) { return word.starts_with(name); });
    take(',');
    return is_known;
  }

  /// A name; but some programs write a number, and the day always stands before it.
  std::optional<unsigned> take_month() {
    if (is_digit(in_.peek())) {
      const auto number = take_number(1, 2);
      return number ? std::optional(static_cast<unsigned>(*number)) : std::nullopt;
    }
    const std::string word = take_word();
    const auto found = std::ranges::find(months, word);
    if (found == months.end()) return std::nullopt;
    return static_cast<unsigned>(found - months.begin()) + 1;
  }

  /// Section 4.3: 49 is 2049, 50 is 1950, and 103 is 2003.
  std::optional<int> take_year() {
    Cursor ahead = in_;
    const std::size_t digits = ahead.take_while(is_digit).size();
    const auto year = take_number(2, 4);
    if (!year || digits == 4) return year;
    return digits == 2 && *year < 50 ? 2000 + *year : 1900 + *year;
  }

  // zone = (FWS ( "+" / "-" ) 4DIGIT) / obs-zone
  std::optional<minutes> take_zone() {
    const bool is_west = in_.peek() == '-';
    if (in_.take('+') || in_.take('-')) {
      const auto number = take_number(4, 4);
      if (!number || *number % 100 > 59) return std::nullopt;
      const minutes offset = hours(*number / 100) + minutes(*number % 100);
      return is_west ? -offset : offset;
    }
    const std::string word = take_word();
    if (word.empty() || !is_alpha(word.front())) return std::nullopt;
    for (const auto& [name, offset] : zones)
      if (word == name) return hours(offset);
    return posix_zone(word);
  }

  /// `est5edt`, the name that POSIX gives the zone five hours west of Greenwich, without its
  /// summer time; all other unknown names are -0000 (RFC 5322 section 4.3).
  static minutes posix_zone(std::string_view word) {
    Cursor in(word);
    in.take_while(is_alpha);
    const std::string_view digit = in.take_while(is_digit);
    if (digit.size() != 1 || !std::ranges::all_of(in.rest(), is_alpha)) return minutes(0);
    return -hours(digit.front() - '0');
  }

  Cursor in_;
  bool closed_ = true;
};

}  // namespace

std::optional<Time> parse_date(std::string_view body) {
  return DateReader(body).read();
}

std::optional<Time> parse_received_date(std::string_view body) {
  // Semicolons in comments and quoted strings are only text.
  Cursor in(body);
  std::string_view date;
  for (std::string quoted; skip_cfws(in) && !in.at_end();) {
    if (in.take(';')) {
      date = in.rest();
    } else if (quoted.clear(); !take_quoted_string(in, quoted)) {
      in.take_count(1);
    }
  }
  return parse_date(date);
}

}  // namespace postern::mail
