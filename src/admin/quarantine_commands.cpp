// Get-, Preview-, Export-, Release-, Delete-QuarantineMessage, Get-QuarantineMessageHeader and
// Send-QuarantineDigest.
//
// One object is one recipient's copy, as the trace has one row for each. Its Identity is two GUIDs
// with a backslash between them: the message and the recipient.
//
// Content of mail is for operators, not for viewers, who see what the trace shows, too.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "admin/commands.h"
#include "admin/quarantine_desk.h"
#include "admin/quarantine_preview.h"
#include "base/ascii.h"
#include "base/encoding.h"
#include "mail/header_fields.h"

namespace postern::admin {
namespace {

using store::QuarantineQuery;
using store::QuarantineRow;

constexpr std::chrono::days default_range{16};
constexpr std::chrono::days max_range{30};
constexpr std::size_t default_page = 100;
constexpr std::size_t max_page = 1000;
/// Copies of one message that one cmdlet works on.
constexpr std::size_t max_copies = 10'000;

std::unexpected<CommandError> failed(const Error& error) {
  return std::unexpected(CommandError{Trouble::failed, error.message});
}

std::string_view status_of(const QuarantineRow& row) {
  return row.recipient.released ? "Released" : "NotReleased";
}

Object describe(const Call& call, const QuarantineRow& row) {
  const store::QuarantinedMessage& message = row.message;
  Object object = {
      {"Identity", row.identity()},
      {"ReceivedTime", message.received},
      {"Organization", call.organization->name()},
      {"MessageId", message.message_id},
      {"SenderAddress", message.reverse_path.empty() ? "<>" : message.reverse_path},
      {"RecipientAddress", row.recipient.forward_path},
      {"Subject", message.subject},
      {"Author", message.author},
      {"Size", message.size},
      {"Type", message.type()},
      {"PolicyType", message.type() == "Phish" ? "AntiPhishPolicy" : ""},
      {"Reason", message.reason},
      {"Direction", message.direction == "Originating" ? "Outbound" : "Inbound"},
      {"ReleaseStatus", status_of(row)},
      {"Released", row.recipient.released ? Value(*row.recipient.released) : Value()},
      {"NextHop", row.recipient.next_hop},
      {"Reply", row.recipient.reply},
      {"FromIP", message.client},
      {"MessageTraceId", message.message_trace_id},
      {"Session", message.session},
  };
  object.kind = "QuarantineMessage";
  return object;
}

/// A whole number from 1 to `most`, or `otherwise` where the parameter is not given.
Result<std::size_t> count(const Call& call, std::string_view parameter, std::size_t most,
                          std::size_t otherwise) {
  const Value* value = call.arguments.find(parameter);
  if (value == nullptr || value->is_null()) return otherwise;
  const std::int64_t number = *value->get<std::int64_t>();
  if (number < 1 || static_cast<std::size_t>(number) > most)
    return fail(fmt::format("{}: expected a number from 1 to {}.", parameter, most));
  return static_cast<std::size_t>(number);
}

using Desk = std::expected<const QuarantineDesk*, CommandError>;

Desk desk_of(const Call& call) {
  if (call.services.quarantine == nullptr) return failed({"There is no quarantine here."});
  return call.services.quarantine;
}

/// What is found by Identity: that copy, or all of a message where only its GUID is given.
std::expected<std::vector<QuarantineRow>, CommandError> find_copies(const Call& call,
                                                                    const QuarantineDesk& desk) {
  const std::string identity = to_lower(call.text("Identity"));
  const std::string message = identity.substr(0, identity.find('\\'));
  if (!directory::Guid::parse(message)) return call.not_found(identity);
  auto found = desk.rows.find(
      {.organization = call.organization->guid().to_string(), .id = message, .limit = max_copies});
  if (!found) return failed(found.error());
  if (message != identity)
    std::erase_if(found->rows,
                  [&](const QuarantineRow& row) { return row.identity() != identity; });
  if (found->rows.empty()) return call.not_found(identity);
  return std::move(found->rows);
}

std::expected<QuarantineQuery, CommandError> read_filters(const Call& call) {
  QuarantineQuery query;
  query.organization = call.organization->guid().to_string();
  query.end = call.time("EndReceivedDate");
  query.start = call.time("StartReceivedDate");
  if (!query.start) query.start = query.end.value_or(now()) - default_range;
  const Time end = query.end.value_or(now());
  if (end < *query.start)
    return wrong_argument("StartReceivedDate must be earlier than EndReceivedDate.");
  if (end - *query.start > max_range + std::chrono::hours(1)) {
    return wrong_argument(
        "The range between StartReceivedDate and EndReceivedDate cannot be more than 30 days.");
  }
  query.senders = call.texts("SenderAddress");
  query.recipients = call.texts("RecipientAddress");
  query.message_ids = call.texts("MessageId");
  query.subject = call.text("Subject");
  query.types = call.texts("QuarantineTypes");
  if (call.has("Type")) query.types.push_back(call.text("Type"));
  const std::string direction = call.text("Direction");
  if (!direction.empty())
    query.direction = iequals(direction, "Outbound") ? "Originating" : "Incoming";
  return query;
}

CommandResult get_messages(const Call& call) {
  const Desk desk = desk_of(call);
  if (!desk) return std::unexpected(desk.error());
  Outcome outcome;
  if (call.has("Identity")) {
    const auto copies = find_copies(call, **desk);
    if (!copies) return std::unexpected(copies.error());
    for (const QuarantineRow& row : *copies) outcome.values.emplace_back(describe(call, row));
    return outcome;
  }
  auto query = read_filters(call);
  if (!query) return std::unexpected(query.error());
  const auto page_size = count(call, "PageSize", max_page, default_page);
  if (!page_size) return wrong_argument(page_size.error().message);
  const auto page = count(call, "Page", max_page, 1);
  if (!page) return wrong_argument(page.error().message);
  query->limit = *page_size;
  query->skip = (*page - 1) * *page_size;
  // Of the words of Exchange only these two ever hold here.
  const auto statuses = call.texts("ReleaseStatus");
  const auto asked = [&](std::string_view word) {
    return std::ranges::any_of(statuses, [&](const auto& one) { return iequals(one, word); });
  };
  const bool released = asked("Released");
  const bool kept = asked("NotReleased");
  if (!statuses.empty() && !released && !kept) return outcome;
  if (released != kept) query->released = released;
  const auto policies = call.texts("PolicyTypes");
  const auto is_anti_phish = [](const std::string& one) { return iequals(one, "AntiPhishPolicy"); };
  if (!policies.empty()) {
    if (std::ranges::none_of(policies, is_anti_phish)) return outcome;
    const auto is_phish = [](const std::string& one) { return iequals(one, "Phish"); };
    if (!query->types.empty() && std::ranges::none_of(query->types, is_phish)) return outcome;
    query->types = {"Phish"};
  }

  const auto found = (*desk)->rows.find(*query);
  if (!found) return failed(found.error());
  for (const QuarantineRow& row : found->rows) outcome.values.emplace_back(describe(call, row));
  if (found->more)
    outcome.warnings.push_back(fmt::format(
        "There are more messages. To see them, ask for -Page {}, or narrow the filters.",
        *page + 1));
  return outcome;
}

/// The one message that Identity names, with its content.
struct Content {
  QuarantineRow row;
  std::string text;
};
std::expected<Content, CommandError> read_content(const Call& call) {
  const Desk desk = desk_of(call);
  if (!desk) return std::unexpected(desk.error());
  auto copies = find_copies(call, **desk);
  if (!copies) return std::unexpected(copies.error());
  auto text = (*desk)->folder.read(copies->front().message.id);
  if (!text) return failed(text.error());
  return Content{std::move(copies->front()), std::move(*text)};
}

CommandResult preview_message(const Call& call) {
  const auto content = read_content(call);
  if (!content) return std::unexpected(content.error());
  const MessagePreview preview = preview_of(content->text);
  Object object = {
      {"Identity", content->row.identity()},
      {"SenderAddress", content->row.message.reverse_path},
      {"RecipientAddress", content->row.recipient.forward_path},
      {"From", preview.from},
      {"To", preview.to},
      {"Cc", preview.cc},
      {"Subject", preview.subject},
      {"Attachments", preview.attachments},
      {"IsHtml", preview.was_html},
      {"Body", preview.body},
  };
  Outcome outcome{{std::move(object)}, {}};
  if (!preview.trouble.empty()) outcome.warnings.push_back(preview.trouble);
  return outcome;
}

CommandResult export_message(const Call& call) {
  const auto content = read_content(call);
  if (!content) return std::unexpected(content.error());
  return Outcome{{Object{{"Identity", content->row.identity()},
                         {"Eml", to_base64(content->text)},
                         {"BodyEncoding", "Base64"}}},
                 {}};
}

CommandResult get_header(const Call& call) {
  const auto content = read_content(call);
  if (!content) return std::unexpected(content.error());
  return Outcome{
      {Object{{"Identity", content->row.identity()}, {"Header", header_text(content->text)}}}, {}};
}

/// Which copies Release- and Delete- are about: those of -User, or all that Identity names.
std::expected<std::vector<QuarantineRow>, CommandError> chosen_copies(const Call& call,
                                                                      const QuarantineDesk& desk) {
  auto copies = find_copies(call, desk);
  if (!copies || !call.has("User")) return copies;
  const std::vector<std::string> users = call.texts("User");
  for (const std::string& user : users) {
    const bool is_there = std::ranges::any_of(*copies, [&](const QuarantineRow& row) {
      return iequals(row.recipient.forward_path, user);
    });
    if (!is_there)
      return wrong_argument(fmt::format("User: {} has no copy of this message.", user));
  }
  std::erase_if(*copies, [&](const QuarantineRow& row) {
    return std::ranges::none_of(
        users, [&](const auto& user) { return iequals(user, row.recipient.forward_path); });
  });
  return copies;
}

delivery::Envelope envelope_of(const QuarantineRow& row) {
  const store::QuarantinedMessage& message = row.message;
  delivery::Envelope envelope;
  if (auto sender = mail::parse_mailbox(message.reverse_path))
    envelope.reverse_path = *std::move(sender);
  if (const auto client = IpAddress::parse(message.client)) envelope.client = *client;
  envelope.session = message.session;
  envelope.id = message.message_trace_id;
  envelope.smtp_utf8 = message.smtp_utf8;
  envelope.eight_bit_mime = message.eight_bit_mime;
  envelope.require_tls = message.require_tls;
  envelope.organization = message.organization;
  envelope.direction = message.direction;
  return envelope;
}

/// The release is an event on the row that the trace has of this recipient. Where that is gone
/// already there is nothing to say.
void trace_release(const Call& call, const QuarantineRow& row,
                   const delivery::RecipientOutcome& outcome, Time time) {
  constexpr auto longest_transaction = std::chrono::hours(24);
  auto found = call.services.trace.find({.organization = call.organization->name(),
                                         .start = row.message.received - longest_transaction,
                                         .end = row.message.received + longest_transaction,
                                         .message_trace_id = row.message.message_trace_id,
                                         .limit = max_copies,
                                         .with_basis = true});
  if (!found) return;
  for (store::TraceRecord& record : found->records) {
    if (record.forward_path != row.recipient.forward_path) continue;
    record.status = store::TraceStatus::delivered;
    record.reasons.push_back(std::string(store::released_mark) + format_iso(time) + " by " +
                             call.caller.name);
    record.reply = outcome.reply.to_line();
    record.next_hop = outcome.next_hop;
    record.to_ip = outcome.hop_address;
    call.services.trace.record(std::move(record));
    return;
  }
}

CommandResult release_message(const Call& call) {
  const Desk desk = desk_of(call);
  if (!desk) return std::unexpected(desk.error());
  if (call.has("User") == call.flag("ReleaseToAll"))
    return wrong_argument("Say who gets the message: either -ReleaseToAll or -User.");
  const auto copies = chosen_copies(call, **desk);
  if (!copies) return std::unexpected(copies.error());
  if (call.only_asks()) {
    Outcome asked;
    for (const QuarantineRow& row : *copies)
      asked.warnings.push_back(
          what_if(fmt::format("Releasing the message to \"{}\".", row.recipient.forward_path))
              .warnings.front());
    return asked;
  }
  const auto text = (*desk)->folder.read(copies->front().message.id);
  if (!text) return failed(text.error());

  Outcome outcome;
  std::vector<std::string> troubles;
  for (const QuarantineRow& row : *copies) {
    const std::string& recipient = row.recipient.forward_path;
    if (row.recipient.released && !call.flag("Force")) {
      outcome.warnings.push_back(
          fmt::format("The message was released to {} already, {}. To send it again, use -Force.",
                      recipient, format_iso(*row.recipient.released)));
      continue;
    }
    const Time time = now();
    const delivery::Edit note{
        .prepend = "X-Postern-Released: " + format_iso(time) + " " + row.message.id + "\r\n",
        .removed = {}};
    const auto delivered = (*desk)->deliver(envelope_of(row), recipient, *text, note);
    if (!delivered) {
      troubles.push_back(fmt::format("{}: {}", recipient, delivered.error().message));
    } else if (delivered->fate != delivery::Fate::delivered) {
      troubles.push_back(fmt::format("{}: the next hop {} said {}.", recipient, delivered->next_hop,
                                     delivered->reply.to_line()));
    } else {
      trace_release(call, row, *delivered, time);
      if (auto noted = (*desk)->rows.set_released(row, time); !noted)
        troubles.push_back(
            fmt::format("{}: it was delivered, but {}", recipient, noted.error().message));
    }
  }
  if (troubles.empty()) return outcome;
  return failed({fmt::format("The message stays in quarantine. {}", fmt::join(troubles, " "))});
}

CommandResult delete_message(const Call& call) {
  const Desk desk = desk_of(call);
  if (!desk) return std::unexpected(desk.error());
  const auto copies = chosen_copies(call, **desk);
  if (!copies) return std::unexpected(copies.error());
  if (call.only_asks()) {
    return what_if(fmt::format("Deleting the message \"{}\" of {} recipients.",
                               copies->front().message.subject, copies->size()));
  }
  for (const QuarantineRow& row : *copies) {
    const auto left = (*desk)->rows.remove_recipient(row);
    if (!left) return failed(left.error());
    if (*left > 0) continue;
    if (auto removed = (*desk)->folder.remove(row.message.id); !removed)
      return failed(removed.error());
  }
  return Outcome{};
}

CommandResult send_digest(const Call& call) {
  const Desk desk = desk_of(call);
  if (!desk) return std::unexpected(desk.error());
  const std::string recipient = call.text("RecipientAddress");
  if (call.only_asks()) {
    return what_if(recipient.empty() ? "Sending digests to all who were not told yet."
                                     : fmt::format("Sending a digest to {}.", recipient));
  }
  const auto sent = (*desk)->send_digests(*call.organization, recipient);
  if (!sent) return failed(sent.error());
  return Outcome{{Object{{"Organization", call.organization->name()}, {"Digests", *sent}}}, {}};
}

using enum ParameterType;
using enum CommandKind;

constexpr ParameterSpec identity_parameter = {
    "Identity", text, "Of Get-QuarantineMessage; the first GUID alone means all its recipients.", 0,
    true};
constexpr ParameterSpec user_parameter = {"User", list, "Only for these of its recipients."};

constexpr ParameterSpec get_parameters[] = {
    {"Identity", text, "One copy, or with the first GUID alone all copies of the message.", 0},
    {"SenderAddress", list, "Reverse-paths; * is a wildcard, <> the null reverse-path."},
    {"RecipientAddress", list, "Forward-paths; * is a wildcard."},
    {"MessageId", list, "The Message-ID field with its angle brackets; * is a wildcard."},
    {"Subject", text, "The whole Subject field; * is a wildcard."},
    {"StartReceivedDate", date, "The earliest time of receipt, UTC.", named, false,
     "16 days before EndReceivedDate"},
    {"EndReceivedDate", date, "The latest time of receipt, UTC; at most 30 days later.", named,
     false, "now"},
    {"Type", text, "Why it is here, in one word; others of Exchange's words find nothing.", named,
     false, "", "Bulk|HighConfPhish|Malware|NextHopRefused|Phish|Spam|TransportRule"},
    {"QuarantineTypes", list, "The same, several of them.", named, false, "",
     "Bulk|DataLossPrevention|FileTypeBlock|HighConfPhish|Malware|NextHopRefused|Phish|Spam|"
     "SPOMalware|TransportRule"},
    {"PolicyTypes", list, "Which kind of policy kept it.", named, false, "",
     "AntiMalwarePolicy|AntiPhishPolicy|ExchangeTransportRule|HostedContentFilterPolicy|"
     "SafeAttachmentPolicy"},
    {"ReleaseStatus", list, "Released or not.", named, false, "",
     "Approved|Denied|Error|NotReleased|PreparingToRelease|Released|Requested"},
    {"Direction", text, "To the organization, or from its own servers.", named, false, "",
     "Inbound|Outbound"},
    {"PageSize", number, "How many at most, 1 to 1000.", named, false, "100"},
    {"Page", number, "Which page of that size, 1 to 1000.", named, false, "1"},
};
constexpr ParameterSpec one_parameters[] = {identity_parameter};
constexpr ParameterSpec release_parameters[] = {
    identity_parameter,
    user_parameter,
    {"ReleaseToAll", switch_, "To all its recipients, or the one that Identity names."},
    {"Force", switch_, "Once more, to those who got it already."},
};
constexpr ParameterSpec delete_parameters[] = {identity_parameter, user_parameter};
constexpr ParameterSpec digest_parameters[] = {
    {"RecipientAddress", text, "Only this recipient.", 0},
};

constexpr std::array<Command, 7> commands = {{
    {{"Get-QuarantineMessage", query,
      "Shows what lies in quarantine: one object for every recipient.", get_parameters, "",
      "Get-QuarantineMessage -RecipientAddress ann@contoso.com\n"
      "Get-QuarantineMessage -QuarantineTypes NextHopRefused | Format-List"},
     get_messages},
    {{"Preview-QuarantineMessage", query,
      "Shows the text of a message; HTML is turned into text, and nothing is fetched.",
      one_parameters, "",
      "Preview-QuarantineMessage 0c0e…\\8a1f… | Select-Object -ExpandProperty Body"},
     preview_message,
     Needs::organization,
     store::Role::operator_},
    {{"Get-QuarantineMessageHeader", query, "Shows the header section of a message.",
      one_parameters, "",
      "Get-QuarantineMessageHeader 0c0e…\\8a1f… | Select-Object -ExpandProperty Header"},
     get_header,
     Needs::organization,
     store::Role::operator_},
    {{"Export-QuarantineMessage", query, "Gives the whole message in Base64.", one_parameters, "",
      "Export-QuarantineMessage 0c0e…\\8a1f… | Select-Object -ExpandProperty Eml"},
     export_message,
     Needs::organization,
     store::Role::operator_},
    {{"Release-QuarantineMessage", change,
      "Delivers a message to the next hop of its recipients. It stays listed as Released.",
      release_parameters, "",
      "Release-QuarantineMessage 0c0e…\\8a1f… -ReleaseToAll\n"
      "Release-QuarantineMessage 0c0e… -User ann@contoso.com"},
     release_message,
     Needs::organization,
     store::Role::operator_},
    {{"Delete-QuarantineMessage", change, "Removes a message for good.", delete_parameters, "",
      "Delete-QuarantineMessage 0c0e…\\8a1f… -Confirm:$false"},
     delete_message,
     Needs::organization,
     store::Role::operator_},
    {{"Send-QuarantineDigest", change,
      "Tells recipients now what lies in quarantine for them, each message once.",
      digest_parameters, "", "Send-QuarantineDigest ann@contoso.com"},
     send_digest},
}};

}  // namespace

std::span<const Command> quarantine_commands() {
  return commands;
}

}  // namespace postern::admin
