// How `postern assess` tells what it found: a table for people, CSV and JSON for programs. Texts of
// strangers were made displayable when they were counted.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <ostream>

#include "assess/csv.h"
#include "ctl/assess.h"

namespace postern::ctl {
namespace {

namespace json = boost::json;

constexpr std::size_t max_shown_rows = 20;

std::string day_of(const std::optional<Time>& time) {
  return time ? format_iso(*time).substr(0, 10) : "-";
}

std::string iso(const std::optional<Time>& time) {
  return time ? format_iso(*time) : "";
}

/// `100%`; `-`: the record does not tell.
std::string share(const policy::ResultCounts& counts) {
  return counts.known() == 0 ? "-" : fmt::format("{}%", counts.pass * 100 / counts.known());
}

std::string joined(const std::vector<std::string>& texts, std::string_view between) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : std::string(between)) + text;
  return all;
}

std::string senders_of(const policy::SourceStatistics& source) {
  std::string text = joined(source.senders, ", ");
  if (source.sender_count > source.senders.size())
    text += fmt::format(", … ({} senders or more)", source.sender_count);
  return text;
}

/// Of the first column: IPv6 addresses have up to 39 characters, senders any number.
std::size_t name_width(const Assessment& made, std::size_t shown) {
  constexpr std::size_t least = 15;
  constexpr std::size_t most = 39;
  std::size_t width = least;
  for (std::size_t i = 0; i < shown; ++i) width = std::max(width, made.sources[i].name().size());
  return std::min(width, most);
}

void print_source(std::ostream& out, const AssessedSource& one, std::size_t width) {
  const policy::SourceStatistics& source = one.statistics;
  out << fmt::format("{:<{}} {:>8} {:>8} {:>4} {:<10} {:<10} {:>4} {:>4} {:>5} {}\n", one.name(),
                     width, source.count, source.would_be_refused(), source.days,
                     day_of(source.first_seen), day_of(source.last_seen), share(source.spf),
                     share(source.dkim), share(source.dmarc), to_string(one.judgement.kind));
  if (source.address) out << "    " << senders_of(source);
  if (!source.reverse_domain.empty()) out << "; PTR in " << source.reverse_domain;
  if (source.address) out << '\n';
  out << "    " << one.judgement.sentence << '\n';
  if (!one.remedy.connector.empty()) out << "    " << one.remedy.connector << '\n';
  if (!one.remedy.spf_term.empty())
    out << fmt::format("    SPF record of {}: {}\n", one.remedy.spf_domain, one.remedy.spf_term);
  if (!one.remedy.note.empty()) out << "    " << one.remedy.note << '\n';
}

json::string text(std::string_view value) {
  return json::string(value);
}

json::object counts(const policy::ResultCounts& one) {
  return {{"pass", one.pass}, {"other", one.other}};
}

json::value time_or_null(const std::optional<Time>& time) {
  return time ? json::value(text(format_iso(*time))) : json::value(nullptr);
}

json::object source_json(const AssessedSource& one) {
  const policy::SourceStatistics& source = one.statistics;
  json::array senders;
  for (const std::string& sender : source.senders) senders.push_back(text(sender));
  return {{"source", one.name()},
          {"ptrDomain", source.reverse_domain},
          {"senders", std::move(senders)},
          {"senderCount", source.sender_count},
          {"count", source.count},
          {"wouldBeRefused", source.would_be_refused()},
          {"firstSeen", time_or_null(source.first_seen)},
          {"lastSeen", time_or_null(source.last_seen)},
          {"days", source.days},
          {"recipients", source.recipients},
          {"selfToSelf", source.self_to_self},
          {"spf", counts(source.spf)},
          {"dkim", counts(source.dkim)},
          {"dmarc", counts(source.dmarc)},
          {"compauth", counts(source.composite)},
          {"kind", text(to_string(one.judgement.kind))},
          {"judgement", one.judgement.sentence},
          {"remedy", one.remedy.connector},
          {"spfDomain", one.remedy.spf_domain},
          {"spfTerm", one.remedy.spf_term},
          {"note", one.remedy.note}};
}

/// A field that begins like a formula gets an apostrophe, by which spreadsheets know text.
std::string field(std::string_view value) {
  const bool looks_like_formula =
      !value.empty() && std::string_view("=+-@\t\r").contains(value.front());
  return assess::to_csv_field(looks_like_formula ? "'" + std::string(value) : std::string(value));
}

}  // namespace

void print_assessment(std::ostream& out, const Assessment& made, std::size_t top) {
  const assess::SurveyTotals& totals = made.totals;
  for (const assess::ReadFile& file : made.read.files)
    out << fmt::format("{}: {}, {} rows\n", file.path, file.format, file.rows);
  out << fmt::format(
      "{} messages, {} to {}: {} with a reverse-path of yours from outside, {} of others, {} "
      "outbound or internal.\n",
      totals.messages, day_of(totals.first), day_of(totals.last), totals.direct_send,
      totals.foreign, totals.outbound + totals.without_client);
  const std::size_t shown = top == 0 ? made.sources.size() : std::min(top, made.sources.size());
  const std::size_t width = name_width(made, shown);
  if (shown > 0)
    out << fmt::format("\n{:<{}} {:>8} {:>8} {:>4} {:<10} {:<10} {:>4} {:>4} {:>5} {}\n", "Source",
                       width, "Count", "Refused", "Days", "FirstSeen", "LastSeen", "SPF", "DKIM",
                       "DMARC", "Judgement");
  for (std::size_t i = 0; i < shown; ++i) print_source(out, made.sources[i], width);
  if (shown < made.sources.size())
    out << fmt::format("… {} more sources: --top 0, --csv and --json have all.\n",
                       made.sources.size() - shown);
  out << '\n' << made.forecast.to_sentence() << '\n';
  for (const std::string& note : made.notes) out << "Note: " << note << '\n';
  if (made.read.bad_rows == 0) return;
  out << fmt::format("{} rows could not be read:\n", made.read.bad_rows);
  for (std::size_t i = 0; i < made.read.named.size() && i < max_shown_rows; ++i) {
    const assess::BadRow& row = made.read.named[i];
    out << fmt::format("  {}:{}: {}\n", row.file, row.line, row.what);
  }
  if (made.read.bad_rows > max_shown_rows) out << "  …\n";
}

void write_assessment_csv(std::ostream& out, const Assessment& made) {
  out << "Source,PtrDomain,Senders,SenderCount,Count,WouldBeRefused,FirstSeen,LastSeen,Days,"
         "Recipients,SelfToSelf,SpfPass,SpfOther,DkimPass,DkimOther,DmarcPass,DmarcOther,"
         "CompAuthPass,CompAuthOther,Kind,Judgement,Remedy,SpfDomain,SpfTerm,Note\r\n";
  for (const AssessedSource& one : made.sources) {
    const policy::SourceStatistics& source = one.statistics;
    out << fmt::format("{},{},{},{},{},{},{},{},{},{},{},", field(one.name()),
                       field(source.reverse_domain), field(joined(source.senders, " ")),
                       source.sender_count, source.count, source.would_be_refused(),
                       iso(source.first_seen), iso(source.last_seen), source.days,
                       source.recipients, source.self_to_self);
    for (const policy::ResultCounts* result :
         {&source.spf, &source.dkim, &source.dmarc, &source.composite})
      out << fmt::format("{},{},", result->pass, result->other);
    out << fmt::format("{},{},{},{},{},{}\r\n", to_string(one.judgement.kind),
                       field(one.judgement.sentence), field(one.remedy.connector),
                       field(one.remedy.spf_domain), field(one.remedy.spf_term),
                       field(one.remedy.note));
  }
}

json::object to_json(const Assessment& made) {
  json::array sources;
  for (const AssessedSource& one : made.sources) sources.push_back(source_json(one));
  json::array files;
  for (const assess::ReadFile& file : made.read.files)
    files.push_back(
        json::object{{"path", file.path}, {"format", file.format}, {"rows", file.rows}});
  json::array bad_rows;
  for (const assess::BadRow& row : made.read.named)
    bad_rows.push_back(json::object{{"file", row.file}, {"line", row.line}, {"what", row.what}});
  json::array notes;
  for (const std::string& note : made.notes) notes.push_back(text(note));
  const auto part = [](const policy::DirectSendForecast::Part& one) {
    return json::object{{"messages", one.messages}, {"sources", one.sources}};
  };
  const assess::SurveyTotals& totals = made.totals;
  return {{"files", std::move(files)},
          {"messages", totals.messages},
          {"firstSeen", time_or_null(totals.first)},
          {"lastSeen", time_or_null(totals.last)},
          {"directSend", totals.direct_send},
          {"foreign", totals.foreign},
          {"authorOnly", totals.author_only},
          {"outbound", totals.outbound},
          {"withoutClient", totals.without_client},
          {"sources", std::move(sources)},
          {"forecast", json::object{{"sentence", made.forecast.to_sentence()},
                                    {"refused", part(made.forecast.refused)},
                                    {"yours", part(made.forecast.yours)},
                                    {"forwarder", part(made.forecast.forwarder)},
                                    {"unclear", part(made.forecast.unclear)},
                                    {"spoof", part(made.forecast.spoof)}}},
          {"notes", std::move(notes)},
          {"badRowCount", made.read.bad_rows},
          {"badRows", std::move(bad_rows)}};
}

}  // namespace postern::ctl
