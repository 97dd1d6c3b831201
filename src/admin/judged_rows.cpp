#include "admin/judged_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/ascii.h"

namespace postern::admin {
namespace {

using policy::Decision;
using store::TraceRecord;

/// When a version 7 UUID was made (RFC 9562 section 5.7).
std::optional<Time> time_of_id(std::string_view id) {
  if (id.size() != 36 || id[8] != '-' || id[14] != '7') return std::nullopt;
  std::string digits(id.substr(0, 8));
  digits += id.substr(9, 4);
  std::uint64_t milliseconds = 0;
  const char* const end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, milliseconds, 16);
  if (parsed.ptr != end) return std::nullopt;
  return Time(std::chrono::milliseconds(milliseconds));
}

/// What the row says of itself, and its texts. Nothing: it was written before there were any, or
/// they were too long.
std::optional<policy::JudgedRecipient> read_recipient(const TraceRecord& record) {
  auto settings = policy::read_settings(record.settings);
  auto facts = policy::read_facts(record.facts);
  auto reverse_path = read_reverse_path(record.reverse_path);
  auto forward_path = read_forward_path(record.forward_path);
  const auto client = IpAddress::parse(record.client);
  if (!settings || !facts || !reverse_path || !forward_path || !client) return std::nullopt;
  return policy::JudgedRecipient{.client = *client,
                                 .hello = record.hello,
                                 .tls = !record.tls.empty(),
                                 .time = record.received,
                                 .reverse_path = *std::move(reverse_path),
                                 .forward_path = *std::move(forward_path),
                                 .facts = *std::move(facts),
                                 .settings = *std::move(settings)};
}

}  // namespace

std::optional<mail::Mailbox> read_forward_path(std::string_view text) {
  const std::string path = "<" + std::string(text) + ">";
  Cursor in(path);
  return mail::take_forward_path(in);
}

std::optional<mail::Mailbox> read_reverse_path(std::string_view text) {
  const std::string path = "<" + std::string(text) + ">";
  Cursor in(path);
  return mail::take_reverse_path(in);
}

bool JudgedRows::all_known() const {
  return std::ranges::all_of(is_known, [](bool known) { return known; });
}

std::optional<std::size_t> JudgedRows::find(std::string_view address) const {
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (iequals(records[i].forward_path, address)) return i;
  }
  return std::nullopt;
}

std::expected<JudgedRows, CommandError> read_judged_rows(const Call& call) {
  store::TraceQuery query;
  query.organization = call.organization->name();
  query.message_trace_id = to_lower(trim(call.text("MessageTraceId")));
  query.with_basis = true;
  query.limit = 5'000;
  const auto time = time_of_id(query.message_trace_id);
  if (!time) {
    return wrong_argument(fmt::format(
        "MessageTraceId: {} is not one; Get-MessageTraceV2 shows them.", query.message_trace_id));
  }
  // A transaction begins with MAIL; its recipients come while it lasts.
  query.start = *time - std::chrono::minutes(1);
  query.end = *time + std::chrono::hours(24);
  auto answer = call.services.trace.find(query);
  if (!answer) return wrong_argument(answer.error().message);
  if (answer->records.empty()) return call.not_found(query.message_trace_id);

  JudgedRows rows{.records = std::move(answer->records),
                  .recipients = {},
                  .is_known = {},
                  .evidence = {},
                  .problems = std::move(answer->problems)};
  // As they came.
  std::ranges::reverse(rows.records);
  for (const TraceRecord& record : rows.records) {
    auto recipient = read_recipient(record);
    rows.is_known.push_back(recipient.has_value());
    rows.recipients.push_back(std::move(recipient).value_or(policy::JudgedRecipient{}));
    // That of an accepted recipient has the content; all of them have the same.
    auto evidence = policy::read_evidence({record.origin, record.evidence});
    if (evidence && !rows.evidence.message) rows.evidence = *std::move(evidence);
  }
  return rows;
}

VerdictWords to_words(const JudgedRows& rows, const policy::JudgedAgain& again, std::size_t index) {
  const policy::RecipientAgain& one = again.recipients[index];
  const TraceRecord& record = rows.records[index];
  const policy::JudgedFacts& facts = rows.recipients[index].facts;
  VerdictWords words;
  Decision decision = one.rcpt.decision;
  mail::Reply reply = one.rcpt.reply;
  if (!one.rcpt.reasons.empty() && !one.rcpt.reasons.front().starts_with(policy::nearest_miss_mark))
    words.reason = one.rcpt.reasons.front();
  if (one.rcpt.connector) words.connector = one.rcpt.connector->name.str();
  if (decision == Decision::accept && !facts.refused_by.empty()) {
    // No policy can change what a next hop or a limit said.
    words.decision = record.decision;
    words.reason = facts.refused_by;
    return words;
  }
  if (decision == Decision::accept && again.deferral) {
    decision = Decision::defer;
    reply = again.deferral->reply;
    words.reason = again.deferral->reason;
  }
  if (decision == Decision::accept && again.claim_decides) {
    decision = again.claim.reply.is_permanent() ? Decision::reject : Decision::defer;
    reply = again.claim.reply;
    words.reason = again.claim.reason;
    words.compauth = policy::to_text(*again.composite);
    words.signals = again.signals;
  } else if (one.is_judged) {
    words.compauth = policy::to_text(*again.composite);
    words.signals = again.signals;
    const bool kept = one.spoof.action == directory::SpoofAction::reject && !again.is_refused;
    words.action = to_string(kept ? directory::SpoofAction::quarantine : one.spoof.action);
    if (!one.spoof.setting.empty())
      words.reason = fmt::format("{}: {}", one.spoof.setting, to_string(one.spoof.action));
    if (one.claim.is_kept) {
      words.action = to_string(directory::SpoofAction::quarantine);
      words.reason = again.claim.reason;
    } else if (!again.claim.reply.is_success() && !one.claim.reason.empty()) {
      words.reason = one.claim.reason;
    }
    if (again.is_refused) {
      decision = Decision::reject;
      reply = again.refusal;
    }
  }
  words.decision = to_string(decision);
  if (decision != Decision::accept) words.reply = reply.to_line();
  return words;
}

std::vector<std::string> find_contradictions(const JudgedRows& rows,
                                             const policy::JudgedAgain& again, std::size_t index) {
  const TraceRecord& record = rows.records[index];
  const policy::RcptVerdict& rcpt = again.recipients[index].rcpt;
  const VerdictWords now = to_words(rows, again, index);
  std::vector<std::string> found;
  const auto compare = [&](std::string_view what, std::string_view then, std::string_view today) {
    if (then != today)
      found.push_back(fmt::format("{} was \"{}\" and would be \"{}\"", what, then, today));
  };
  compare("Connector", record.connector, now.connector);
  compare("Direction", record.direction, to_string(rcpt.direction));
  compare("DirectSend", record.direct_send ? "True" : "False", rcpt.direct_send ? "True" : "False");
  // A message may be refused for what is no policy's matter: its form, or that the client left.
  const bool reached_content = rcpt.decision == Decision::accept;
  if (reached_content && !rows.evidence.message) return found;
  compare("Decision", record.decision, now.decision);
  compare("CompAuth", record.compauth, now.compauth);
  compare("Signals", record.signals, now.signals);
  if (!now.reply.empty() && !record.reply.starts_with(now.reply))
    compare("Reply", record.reply, now.reply);
  return found;
}

}  // namespace postern::admin
