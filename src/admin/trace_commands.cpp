// Get-MessageTraceV2.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "admin/commands.h"
#include "admin/judged_rows.h"
#include "admin/result_size.h"
#include "base/ascii.h"
#include "base/ip_address.h"
#include "policy/decision.h"
#include "policy/enhanced_filtering.h"

namespace postern::admin {
namespace {

using store::TraceQuery;
using store::TraceRecord;
using store::TraceStatus;

/// Reasons that have a property of their own are marked in the trace.
struct SortedReasons {
  std::vector<std::string> others;
  std::string nearest_miss;
  std::string filtering;
  std::string true_client;
};

SortedReasons sort_reasons(const TraceRecord& record) {
  SortedReasons sorted;
  const std::pair<std::string_view, std::string&> marks[] = {
      {policy::nearest_miss_mark, sorted.nearest_miss},
      {policy::filtering_mark, sorted.filtering},
      {policy::true_client_mark, sorted.true_client}};
  for (const std::string& reason : record.reasons) {
    const auto* const mark =
        std::ranges::find_if(marks, [&](const auto& one) { return reason.starts_with(one.first); });
    if (mark == std::end(marks)) {
      sorted.others.push_back(reason);
    } else {
      mark->second = reason.substr(mark->first.size());
    }
  }
  return sorted;
}

Object describe(const TraceRecord& record) {
  const SortedReasons reasons = sort_reasons(record);
  Object object = {
      {"MessageTraceId", record.message_trace_id},
      {"MessageId", record.message_id},
      {"Received", record.received},
      {"SenderAddress", record.reverse_path.empty() ? "<>" : record.reverse_path},
      {"RecipientAddress", record.forward_path},
      {"Subject", record.subject},
      {"Status", trace_status_word(record.status)},
      {"FromIP", record.client},
      {"ToIP", record.to_ip},
      {"Size", record.size},
      {"Decision", record.decision},
      {"Reply", record.reply},
      {"Reason", reasons.others},
      {"DirectSend", record.direct_send},
      {"Direction", record.direction},
      {"Connector", record.connector},
      {"NearestMiss", reasons.nearest_miss},
      {"TrueClient", reasons.true_client},
      {"EnhancedFiltering", reasons.filtering},
      {"Spf", record.spf},
      {"SpfDomain", record.spf_domain},
      {"Dkim", record.dkim},
      {"Arc", record.arc},
      {"Dmarc", record.dmarc},
      {"DmarcPolicy", record.dmarc_policy},
      {"CompAuth", record.compauth},
      {"Signals", record.signals},
      {"Author", record.author},
      {"Helo", record.hello},
      {"Iprev", record.iprev},
      {"Ptr", record.ptr},
      {"Tls", record.tls},
      {"Certificate", record.certificate},
      {"NextHop", record.next_hop},
      {"ContentMilliseconds", record.content_milliseconds},
      {"DeliveryMilliseconds", record.delivery_milliseconds},
      {"Session", record.session},
      {"Organization", record.organization},
  };
  object.kind = "MessageTraceV2";
  return object;
}

/// Addresses are stored in the form of RFC 5952: `2001:DB8:0::1` must find `2001:db8::1`.
Result<std::string> address(const Call& call, std::string_view parameter) {
  const std::string text = call.text(parameter);
  if (text.empty()) return text;
  const auto parsed = IpAddress::parse(text);
  if (!parsed) return fail(fmt::format("{}: {} is not an IP address.", parameter, text));
  return parsed->to_string();
}

/// Words that no row here has (Expanded, GettingStatus) are left out; false: no other was given.
bool read_statuses(const Call& call, std::vector<TraceStatus>& statuses) {
  const auto words = call.texts("Status");
  for (const std::string& word : words) {
    for (const TraceStatus status :
         {TraceStatus::delivered, TraceStatus::failed, TraceStatus::pending,
          TraceStatus::quarantined, TraceStatus::filtered_as_spam}) {
      if (iequals(word, trace_status_word(status))) statuses.push_back(status);
    }
  }
  return words.empty() || !statuses.empty();
}

CommandResult get_message_trace(const Call& call) {
  TraceQuery query;
  query.organization = call.organization->name();
  query.start = call.time("StartDate");
  query.end = call.time("EndDate");
  query.senders = call.texts("SenderAddress");
  query.recipients = call.texts("RecipientAddress");
  query.starting_recipient = call.text("StartingRecipientAddress");
  query.message_ids = call.texts("MessageId");
  query.message_trace_id = to_lower(call.text("MessageTraceId"));
  query.subject = call.text("Subject");
  const std::string filter = call.text("SubjectFilterType");
  query.subject_filter = iequals(filter, "StartsWith") ? store::SubjectFilter::starts_with
                         : iequals(filter, "EndsWith") ? store::SubjectFilter::ends_with
                                                       : store::SubjectFilter::contains;
  const auto from = address(call, "FromIP");
  if (!from) return wrong_argument(from.error().message);
  query.from_ip = *from;
  const auto to = address(call, "ToIP");
  if (!to) return wrong_argument(to.error().message);
  query.to_ip = *to;
  const auto limit = result_size(call.text("ResultSize"), most_trace_results);
  if (!limit) return wrong_argument(limit.error().message);
  query.limit = *limit;
  if (!read_statuses(call, query.statuses)) return Outcome{};

  const auto answer = call.services.trace.find(query);
  if (!answer) return wrong_argument(answer.error().message);
  Outcome outcome;
  outcome.warnings = answer->problems;
  if (answer->more) outcome.warnings.emplace_back(more_results);
  for (const TraceRecord& record : answer->records) outcome.values.emplace_back(describe(record));
  return outcome;
}

using enum ParameterType;

constexpr ParameterSpec parameters[] = {
    {"StartDate", date, "The earliest time of receipt, UTC. At most 10 days before EndDate.", named,
     false, "48 hours before EndDate"},
    {"EndDate", date, "The latest time of receipt, UTC.", named, false, "now"},
    {"SenderAddress", list, "Reverse-paths; * is a wildcard, <> the null reverse-path."},
    {"RecipientAddress", list, "Forward-paths; * is a wildcard."},
    {"FromIP", text, "The client's address."},
    {"ToIP", text, "The address of the next hop."},
    {"MessageId", list, "The Message-ID field with its angle brackets."},
    {"MessageTraceId", text, "The id of one transaction."},
    {"Status",
     list,
     "What became of the mail.",
     named,
     false,
     {},
     "Delivered|Expanded|Failed|FilteredAsSpam|GettingStatus|Pending|Quarantined"},
    {"Subject", text, "Text in the Subject field."},
    {"SubjectFilterType", text, "Where in the Subject field the text must stand.", named, false,
     "Contains", "Contains|StartsWith|EndsWith"},
    {"ResultSize", text, "How many at most, 1 to 5000.", named, false, "1000"},
    {"StartingRecipientAddress", text,
     "Goes on after an earlier answer: with EndDate the Received and this the RecipientAddress of "
     "its last row."},
};

constexpr std::array<Command, 1> commands = {{
    {{"Get-MessageTraceV2", CommandKind::query,
      "Finds what became of mail, accepted or refused: one row for every recipient.", parameters,
      "",
      "Get-MessageTraceV2 -SenderAddress *@contoso.com -Status Failed\n"
      "Get-MessageTraceV2 -StartDate (Get-Date).AddDays(-7) | Where-Object DirectSend | "
      "Group-Object FromIP -NoElement\n"
      "Get-MessageTraceV2 -Status Failed | Where-Object NearestMiss | Group-Object NearestMiss "
      "-NoElement\n"
      "Get-MessageTraceV2 -RecipientAddress ann@contoso.com | Format-List"},
     get_message_trace},
}};

}  // namespace

std::string_view trace_status_word(TraceStatus status) {
  switch (status) {
    case TraceStatus::delivered:
      return "Delivered";
    case TraceStatus::failed:
      return "Failed";
    case TraceStatus::pending:
      return "Pending";
    case TraceStatus::quarantined:
      return "Quarantined";
    case TraceStatus::filtered_as_spam:
      return "FilteredAsSpam";
  }
  std::abort();  // A number that was never a TraceStatus: our bug.
}

std::span<const Command> trace_commands() {
  return commands;
}

}  // namespace postern::admin
