#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <iterator>
#include <memory>

#include "base/time.h"

namespace postern {
namespace {

std::atomic<LogLevel> threshold = LogLevel::info;
std::atomic<LogFormat> chosen_format = LogFormat::logfmt;

/// The lines are made on the caller's thread and written by one of spdlog's, so that a slow
/// terminal or pipe never holds up mail. When its queue of 8192 lines is full the oldest go.
spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    spdlog::init_thread_pool(8192, 1);
    auto made = spdlog::create_async_nb<spdlog::sinks::stderr_sink_mt>("postern");
    made->set_pattern("%v");
    made->set_level(spdlog::level::trace);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *instance;
}

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  std::abort();
}

void append_escaped(std::string& line, std::string_view value) {
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (c == '\n') {
      line += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(line), "\\u{:04x}", byte);
    } else {
      line += c;
    }
  }
}

bool needs_quotes(std::string_view value) {
  if (value.empty()) return true;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f || c == '"' || c == '=' || c == '\\') return true;
  }
  return false;
}

void append_logfmt(std::string& line, std::string_view key, std::string_view value) {
  if (!line.empty()) line += ' ';
  line += key;
  line += '=';
  if (needs_quotes(value)) {
    line += '"';
    append_escaped(line, value);
    line += '"';
  } else {
    line += value;
  }
}

void append_json(std::string& line, std::string_view key, std::string_view value) {
  line += line.empty() ? "{\"" : ",\"";
  line += key;
  line += "\":\"";
  append_escaped(line, value);
  line += '"';
}

}  // namespace

std::string format_log_line(LogFormat format, std::string_view time_text, LogLevel level,
                            std::string_view event, std::span<const LogField> fields) {
  const auto append = format == LogFormat::json ? append_json : append_logfmt;
  std::string line;
  append(line, "time", time_text);
  append(line, "level", name_of(level));
  append(line, "event", event);
  for (const LogField& field : fields) {
    if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
      append(line, field.key, std::to_string(*number));
    } else {
      append(line, field.key, std::get<std::string_view>(field.value));
    }
  }
  if (format == LogFormat::json) line += '}';
  return line;
}

void configure_log(LogLevel level, LogFormat format) {
  threshold = level;
  chosen_format = format;
}

void flush_log() {
  logger().flush();
  spdlog::shutdown();
}

void log_event(LogLevel level, std::string_view event, std::span<const LogField> fields) {
  if (level < threshold) return;
  logger().info(format_log_line(chosen_format, format_iso(now()), level, event, fields));
}

}  // namespace postern
