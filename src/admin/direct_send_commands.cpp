// Get-DirectSendReport: who sends with a reverse-path of the organization, what to think of it, and
// the line that keeps it working under RejectDirectSend $true.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

#include "admin/commands.h"
#include "admin/direct_send_survey.h"
#include "admin/result_size.h"
#include "base/ascii.h"

namespace postern::admin {
namespace {

using policy::SourceKind;
using store::AddressRole;
using store::TrafficKind;

/// Of more addresses, the counts are put together.
constexpr std::size_t max_addresses = 100'000;
constexpr std::size_t named_sources = 8;

Value time_or_null(const std::optional<Time>& time) {
  return time ? Value(*time) : Value();
}

Object describe(const SurveyedSource& one) {
  const policy::SourceStatistics& source = one.statistics;
  const policy::SourceRemedy remedy = one.remedy();
  Object row = {
      {"Source", one.name},
      {"PtrDomain", source.reverse_domain},
      {"Senders", source.senders},
      {"SenderCount", source.sender_count},
      {"Count", source.count},
      {"WouldBeRefused", source.would_be_refused()},
      {"Refused", one.refused},
      {"FirstSeen", time_or_null(source.first_seen)},
      {"LastSeen", time_or_null(source.last_seen)},
      {"Days", source.days},
      {"Recipients", source.recipients},
      {"SelfToSelf", source.self_to_self},
      {"SpfPass", source.spf.pass},
      {"SpfOther", source.spf.other},
      {"DkimPass", source.dkim.pass},
      {"DkimOther", source.dkim.other},
      {"DmarcPass", source.dmarc.pass},
      {"DmarcOther", source.dmarc.other},
      {"CompAuthPass", source.composite.pass},
      {"CompAuthOther", source.composite.other},
      {"Certificate", source.certificate_name},
      {"NearestMiss", one.nearest_miss},
      {"Kind", to_string(one.judgement.kind)},
      {"Judgement", one.judgement.sentence},
      {"Remedy", remedy.connector},
      {"SpfDomain", remedy.spf_domain},
      {"SpfTerm", remedy.spf_term},
      {"Note", remedy.note},
      {"Samples", one.samples},
  };
  row.kind = "DirectSendSource";
  return row;
}

/// Adds as many as the caller wants.
void take(Outcome& outcome, std::vector<Object>&& rows, std::size_t limit) {
  if (rows.size() > limit) {
    rows.resize(limit);
    outcome.warnings.emplace_back(more_results);
  }
  for (Object& row : rows) outcome.values.emplace_back(std::move(row));
}

Outcome by_source(const Call& call, const DirectSendRange& range, std::size_t limit) {
  const DirectSendSurvey survey = survey_direct_send(call, range);
  Outcome outcome{.values = {}, .warnings = survey.problems};
  std::vector<Object> rows;
  for (const SurveyedSource& one : survey.sources) rows.push_back(describe(one));
  const bool is_empty = rows.empty();
  take(outcome, std::move(rows), limit);
  if (survey.author_only > 0 && range.domain.empty()) {
    outcome.warnings.push_back(fmt::format(
        "Messages that name a domain of yours in From only, with another in MAIL FROM: {}. The "
        "switch does not touch them, DMARC does.",
        survey.author_only));
  }
  outcome.warnings.push_back(
      is_empty ? fmt::format("No mail with a reverse-path of yours was counted from {} to {}.",
                             format_time(range.start), format_time(range.end))
               : survey.forecast.to_sentence());
  return outcome;
}

Outcome by_address(const Call& call, const DirectSendRange& range, AddressRole role,
                   std::size_t limit) {
  struct Sum {
    store::AddressCount all;
    std::uint64_t would_be_refused = 0;
    std::set<std::string> sources;
  };
  call.services.trace.flush(std::chrono::seconds(5));
  std::map<std::string, Sum> sums;
  Outcome outcome;
  outcome.warnings = call.services.traffic->read(
      {call.organization->name(), range.start, range.end}, [&](const store::CountedAddress& row) {
        if (row.key.role != role) return;
        if (!range.domain.empty() && row.key.sender_domain != range.domain) return;
        std::string name(row.key.address.empty() ? other_sources : row.key.address);
        if (sums.size() >= max_addresses && !sums.contains(name)) name = other_sources;
        Sum& sum = sums[name];
        sum.all.add(row.count);
        if (row.key.kind != TrafficKind::vouched) sum.would_be_refused += row.count.messages;
        if (!row.key.source.empty() && sum.sources.size() < named_sources)
          sum.sources.insert(row.key.source);
      });
  std::vector<std::pair<std::string, Sum>> sorted(sums.begin(), sums.end());
  std::ranges::sort(sorted, std::ranges::less{}, [](const auto& one) {
    return std::tuple(~one.second.would_be_refused, ~one.second.all.messages,
                      std::string_view(one.first));
  });
  std::vector<Object> rows;
  for (const auto& [name, sum] : sorted) {
    Object row = {
        {role == AddressRole::sender ? "Sender" : "Recipient", name},
        {"Count", sum.all.messages},
        {"WouldBeRefused", sum.would_be_refused},
        {"Refused", sum.all.refused},
        {"Sources", std::vector<std::string>(sum.sources.begin(), sum.sources.end())},
        {"FirstSeen", sum.all.first},
        {"LastSeen", sum.all.last},
    };
    row.kind = role == AddressRole::sender ? "DirectSendSender" : "DirectSendRecipient";
    rows.push_back(std::move(row));
  }
  take(outcome, std::move(rows), limit);
  return outcome;
}

constexpr std::array all_kinds = {SourceKind::vouched, SourceKind::yours, SourceKind::forwarder,
                                  SourceKind::unclear, SourceKind::spoof};

/// Sources are judged by the whole time, and counted in each part of it as what they are.
Outcome by_time(const Call& call, const DirectSendRange& range, bool by_hour, std::size_t limit) {
  const DirectSendSurvey survey = survey_direct_send(call, range);
  std::map<std::string_view, SourceKind> kinds;
  for (const SurveyedSource& one : survey.sources) kinds.emplace(one.name, one.judgement.kind);

  struct Sum {
    std::array<std::uint64_t, all_kinds.size()> messages{};
    std::uint64_t would_be_refused = 0;
    std::uint64_t refused = 0;
  };
  std::map<std::int64_t, Sum> sums;
  Outcome outcome;
  outcome.warnings = call.services.traffic->read(
      {call.organization->name(), range.start, range.end}, [&](const store::CountedTraffic& row) {
        if (!is_surveyed(row.key, range)) return;
        const auto found = kinds.find(source_name(row.key));
        SourceKind kind = found == kinds.end() ? SourceKind::unclear : found->second;
        const bool is_vouched = row.key.kind == TrafficKind::vouched;
        if (is_vouched) kind = SourceKind::vouched;
        Sum& sum = sums[by_hour ? row.key.hour : store::day_of_hour(row.key.hour) * 24];
        sum.messages[static_cast<std::size_t>(std::ranges::find(all_kinds, kind) -
                                              all_kinds.begin())] += row.count.messages;
        if (!is_vouched) sum.would_be_refused += row.count.messages;
        if (row.key.is_refused()) sum.refused += row.count.messages;
      });
  std::vector<Object> rows;
  for (const auto& [hour, sum] : sums) {
    std::uint64_t total = 0;
    for (const std::uint64_t part : sum.messages) total += part;
    Object row = {{"Time", Time(std::chrono::hours(hour))}, {"Count", total}};
    for (std::size_t i = 0; i < all_kinds.size(); ++i)
      row.set(to_string(all_kinds[i]), sum.messages[i]);
    row.set("WouldBeRefused", sum.would_be_refused);
    row.set("Refused", sum.refused);
    row.kind = "DirectSendTime";
    rows.push_back(std::move(row));
  }
  take(outcome, std::move(rows), limit);
  return outcome;
}

CommandResult get_report(const Call& call) {
  if (call.services.traffic == nullptr) return Outcome{{}, {"Traffic is not counted here."}};
  const auto range = read_range(call);
  if (!range) return std::unexpected(range.error());
  const auto limit = result_size(call.text("ResultSize"), unlimited_results);
  if (!limit) return wrong_argument(limit.error().message);
  const std::string group = call.text("GroupBy");
  const std::string interval = call.text("Interval");
  if (!interval.empty() && !iequals(group, "Time"))
    return wrong_argument("Interval: it belongs to -GroupBy Time.");
  if (iequals(group, "Sender")) return by_address(call, *range, AddressRole::sender, *limit);
  if (iequals(group, "Recipient")) return by_address(call, *range, AddressRole::recipient, *limit);
  if (iequals(group, "Time")) return by_time(call, *range, iequals(interval, "Hour"), *limit);
  return by_source(call, *range, *limit);
}

using enum ParameterType;

constexpr ParameterSpec parameters[] = {
    {"StartDate", date,
     "From when on, UTC. Counts are by the hour, and kept for 90 days unless "
     "[traffic_counts] says otherwise.",
     named, false, "30 days before EndDate"},
    {"EndDate", date, "Until when, UTC.", named, false, "now"},
    {"Domain", text, "Only reverse-paths of this domain."},
    {"GroupBy", text, "What a row is.", named, false, "Source", "Source|Sender|Recipient|Time"},
    {"Interval", text, "What a row of -GroupBy Time is.", named, false, "Day", "Hour|Day"},
    {"ResultSize", text, "How many rows at most: a number, or Unlimited.", named, false, "1000"},
};

constexpr std::array<Command, 1> commands = {{
    {{"Get-DirectSendReport", CommandKind::query,
      "Shows who sends with a reverse-path of the organization, accepted or refused: by source, "
      "with "
      "a judgement and the remedy to paste; by sender, by recipient or over time.",
      parameters, "",
      "Get-DirectSendReport\n"
      "Get-DirectSendReport | Where-Object Kind -eq Yours | Select-Object -ExpandProperty Remedy\n"
      "Get-DirectSendReport -StartDate (Get-Date).AddDays(-90) -ResultSize Unlimited | Export-Csv "
      "direct-send.csv\n"
      "Get-DirectSendReport -GroupBy Sender -Domain contoso.com\n"
      "Get-DirectSendReport -GroupBy Time -Interval Hour -StartDate (Get-Date).AddDays(-2)"},
     get_report},
}};

}  // namespace

std::span<const Command> direct_send_commands() {
  return commands;
}

}  // namespace postern::admin
