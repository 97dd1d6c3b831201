// What Get-MessageTraceV2 asks of the trace, and what it gets.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/trace_record.h"

namespace postern::store {

enum class SubjectFilter { contains, starts_with, ends_with };

/// Empty members do not filter. Text compares without regard to the case of ASCII letters; in
/// addresses `*` stands for any characters.
struct TraceQuery {
  std::string organization;
  std::optional<Time> start;            ///< inclusive
  std::optional<Time> end;              ///< inclusive
  std::vector<std::string> senders;     ///< reverse-paths; `<>` is the null one
  std::vector<std::string> recipients;  ///< forward-paths
  /// Goes on after an earlier answer: of the rows received at `end` only those whose recipient
  /// is greater.
  std::string starting_recipient;
  std::vector<std::string> message_ids;
  std::string message_trace_id;
  std::string from_ip;
  std::string to_ip;
  std::vector<TraceStatus> statuses;
  std::string subject;
  SubjectFilter subject_filter = SubjectFilter::contains;
  std::size_t limit = 1000;
  /// Read also what the rows were judged on: texts of a kilobyte that lists need not.
  bool with_basis = false;
};

struct TraceAnswer {
  /// Newest first, then by recipient.
  std::vector<TraceRecord> records;
  /// There are more than `limit`.
  bool more = false;
  /// Sentences about days that could not be read.
  std::vector<std::string> problems;
};

inline constexpr std::chrono::hours default_trace_range{48};
inline constexpr std::chrono::hours max_trace_range{10 * 24};

struct TraceRange {
  Time start;
  Time end;
};
/// The last 48 hours where nothing is said; an error if the range is longer than 10 days or ends
/// before it starts.
Result<TraceRange> trace_range(const TraceQuery& query, Time now);

/// The address in `lmtp:127.0.0.1:24` or `smtp:[2001:db8::1]:25`; empty if the hop is named.
std::string next_hop_address(const std::string& next_hop);

}  // namespace postern::store
