// The traffic counts of one organization, put together by source and judged: what
// Get-DirectSendReport shows, Get-SpfInventory compares with the DNS, and whoever else wants to
// know who sends with an own reverse-path.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "admin/commands.h"
#include "base/time.h"
#include "policy/direct_send_report.h"
#include "store/traffic_counts.h"

namespace postern::admin {

/// Of the counts of sources too many to tell apart.
inline constexpr std::string_view other_sources = "(others)";

struct DirectSendRange {
  Time start;
  Time end;
  /// An A-label: only reverse-paths of this very domain; empty: all.
  std::string domain;
};

struct SurveyedSource {
  /// An address; a network of addresses that were too many; other_sources.
  std::string name;
  policy::SourceStatistics statistics;
  std::uint64_t refused = 0;         ///< by the switch
  std::vector<std::string> samples;  ///< MessageTraceIds, the newest first
  std::string nearest_miss;          ///< the newest
  /// By domain of the reverse-path, how many messages, and when the last of them came.
  std::map<std::string, std::pair<std::uint64_t, Time>> domains;
  policy::SourceJudgement judgement;

  policy::SourceRemedy remedy() const;
};

struct DirectSendSurvey {
  std::vector<SurveyedSource> sources;  ///< those that the switch would hit hardest first
  policy::DirectSendForecast forecast;
  std::uint64_t foreign = 0;          ///< messages with another reverse-path
  std::uint64_t author_only = 0;      ///< of these: the From field has an own domain
  std::vector<std::string> problems;  ///< sentences

  const SurveyedSource* find(std::string_view name) const;
};

/// By -StartDate, -EndDate and -Domain. Nothing in `range.domain`: all domains.
std::expected<DirectSendRange, CommandError> read_range(const Call& call);

/// Needs Services::traffic. Counts of messages that were deferred are left out: they come again.
DirectSendSurvey survey_direct_send(const Call& call, const DirectSendRange& range);

/// The name under which the survey has a row.
std::string source_name(const store::TrafficKey& key);
/// Does the row belong to the survey?
bool is_surveyed(const store::TrafficKey& key, const DirectSendRange& range);

}  // namespace postern::admin
