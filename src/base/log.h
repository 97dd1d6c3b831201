// Structured log lines on standard error: logfmt by default, JSON on request.
//
//   log_info("rcpt", {{"session", id}, {"client", "192.0.2.1"}, {"reply", "550 5.7.68 …"}});
//
// prints
//
//   time=2025-01-29T19:07:30.476Z level=info event=rcpt session=… client=192.0.2.1
//   reply="550 5.7.68 …"
//
// Values are quoted and escaped, so text from a stranger can neither start a line nor
// pretend to be another field. Never pass a secret.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace postern {

enum class LogLevel { debug, info, warning, error };
enum class LogFormat { logfmt, json };

/// Views, for the one expression that logs: most lines of a busy server are below its level.
struct LogField {
  LogField(std::string_view key, std::string_view value) : key(key), value(value) {}
  template <std::integral Number>
  LogField(std::string_view key, Number number)
      : key(key), value(static_cast<std::int64_t>(number)) {}

  std::string_view key;
  std::variant<std::string_view, std::int64_t> value;
};

/// Call once at start and again after a reload. Lines below `level` are dropped.
void configure_log(LogLevel level, LogFormat format);
/// Writes what is still in the queue of the logging thread; call before the program ends.
void flush_log();

void log_event(LogLevel level, std::string_view event, std::span<const LogField> fields);

inline void log_debug(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log_event(LogLevel::debug, event, fields);
}
inline void log_info(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log_event(LogLevel::info, event, fields);
}
inline void log_warning(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log_event(LogLevel::warning, event, fields);
}
inline void log_error(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log_event(LogLevel::error, event, fields);
}

/// One line without the line break, as it would be written at `time_text`. Exposed for tests.
std::string format_log_line(LogFormat format, std::string_view time_text, LogLevel level,
                            std::string_view event, std::span<const LogField> fields);

}  // namespace postern
