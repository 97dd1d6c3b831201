// Rows of the trace with what they were judged on, read back: what Get-MessageTraceDetailV2 tells
// and Test-Message judges again.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/commands.h"
#include "policy/judge_again.h"
#include "store/trace_record.h"

namespace postern::admin {

/// The paths of a row, as the client gave them.
std::optional<mail::Mailbox> read_forward_path(std::string_view text);
std::optional<mail::Mailbox> read_reverse_path(std::string_view text);

/// The recipients of one transaction that the trace has, all of one organization.
struct JudgedRows {
  std::vector<store::TraceRecord> records;
  /// As many; of those whose texts cannot be read, `is_known` is false.
  std::vector<policy::JudgedRecipient> recipients;
  std::vector<bool> is_known;
  policy::JudgedEvidence evidence;
  /// Sentences about days that could not be read.
  std::vector<std::string> problems;

  bool all_known() const;
  /// The one that `address` names, in any case.
  std::optional<std::size_t> find(std::string_view address) const;
};

/// By -MessageTraceId: of the organization, refused recipients included. The id says when it was.
std::expected<JudgedRows, CommandError> read_judged_rows(const Call& call);

/// What a verdict comes to for one recipient, in the words of the trace.
struct VerdictWords {
  std::string decision;
  std::string reply;  ///< without the tail; of what the policies accept, empty
  std::string connector;
  std::string reason;  ///< the first that is about the decision
  std::string compauth;
  std::string signals;
  std::string action;  ///< None, MoveToJmf, Quarantine, Reject; empty: the policy was not asked

  bool operator==(const VerdictWords&) const = default;
};
VerdictWords to_words(const JudgedRows& rows, const policy::JudgedAgain& again, std::size_t index);

/// In what the row says something else than it would be judged now, with the same settings: empty,
/// unless a newer posternd judges differently. `again` is of the row's own settings.
std::vector<std::string> find_contradictions(const JudgedRows& rows,
                                             const policy::JudgedAgain& again, std::size_t index);

/// `Delivered`, …: as Get-MessageTraceV2 shows it.
std::string_view trace_status_word(store::TraceStatus status);

}  // namespace postern::admin
