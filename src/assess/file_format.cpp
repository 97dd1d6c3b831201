#include "assess/file_format.h"

#include <cstdlib>

#include "assess/exchange_message.h"
#include "assess/mail_log.h"
#include "base/cursor.h"

namespace postern::assess {
namespace {

/// Lines in which a log must show what it is: a syslog has other programs' too.
constexpr int looked_at_lines = 200;

template <class Likes>
bool any_line(std::string_view text, Likes likes) {
  Cursor in(text);
  for (int i = 0; i < looked_at_lines && !in.at_end(); ++i) {
    std::string_view line = in.take_while([](char c) { return c != '\n'; });
    in.take('\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (likes(line)) return true;
  }
  return false;
}

/// `Received: from …`: a name of RFC 5322 section 2.2 and a colon.
bool begins_with_field(std::string_view text) {
  Cursor in(text);
  return !in.take_while([](char c) { return is_alnum(c) || c == '-'; }).empty() && in.take(':');
}

}  // namespace

std::string_view to_string(FileFormat format) {
  switch (format) {
    case FileFormat::csv:
      return "CSV";
    case FileFormat::json:
      return "Advanced Hunting EmailEvents (JSON)";
    case FileFormat::postfix_log:
      return "Postfix log";
    case FileFormat::exim_log:
      return "Exim log";
    case FileFormat::message:
      return "message with Exchange's header fields";
  }
  std::abort();
}

bool is_before_header(std::string_view row) {
  return trim(row).empty() || row.starts_with("#TYPE") || istarts_with(row, "sep=");
}

Result<CsvHeader> read_csv_header(std::string_view row) {
  Result<CsvHeader> best = fail("there is no column for the sender");
  std::size_t most = 0;
  for (const char separator : {',', ';', '\t'}) {
    auto names = parse_csv_record(row, separator);
    if (!names) continue;
    auto table = TraceTable::from_header(*names);
    if (table) return CsvHeader{*std::move(table), separator, *std::move(names)};
    if (names->size() > most) best = std::unexpected(table.error());
    most = std::max(most, names->size());
  }
  return best;
}

Result<FileFormat> recognise_format(std::string_view beginning, Time written) {
  if (beginning.empty()) return fail("it is empty");
  const std::size_t first = beginning.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && (beginning[first] == '{' || beginning[first] == '['))
    return FileFormat::json;
  const auto nothing = [](const Observation&) {};
  const auto postfix = read_postfix_log(nothing, written);
  if (any_line(beginning, [&](std::string_view line) { return postfix->read(line); }))
    return FileFormat::postfix_log;
  const auto exim = read_exim_log(nothing);
  if (any_line(beginning, [&](std::string_view line) { return exim->read(line); }))
    return FileFormat::exim_log;
  if (begins_with_field(beginning) && read_exchange_message(beginning)) return FileFormat::message;
  std::string problem =
      "it is neither a message trace, nor EmailEvents, nor a log of Postfix or "
      "Exim, nor a message with Exchange's header fields";
  bool is_csv = false;
  any_line(beginning, [&](std::string_view line) {
    if (is_before_header(line)) return false;
    const auto header = read_csv_header(line);
    is_csv = header.has_value();
    // Somebody's table, but not this one.
    if (!is_csv && line.find_first_of(",;\t") != std::string_view::npos)
      problem += "; as a table, " + header.error().message;
    return true;
  });
  if (is_csv) return FileFormat::csv;
  return fail(problem);
}

}  // namespace postern::assess
