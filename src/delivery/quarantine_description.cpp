#include "delivery/quarantine_description.h"

#include <boost/json.hpp>

#include "directory/guid.h"
#include "mail/address_list.h"
#include "mail/encoded_words.h"
#include "mail/header_fields.h"
#include "mail/utf8.h"

namespace postern::delivery {
namespace {

namespace json = boost::json;

/// UTF-8 on one line, cut between characters.
std::string described(std::string_view text) {
  std::string shown = mail::displayable(mail::repaired_utf8(text.substr(0, max_described_text)));
  std::size_t end = std::min(shown.size(), max_described_text);
  while (end < shown.size() && end > 0 && (static_cast<unsigned char>(shown[end]) & 0xc0) == 0x80)
    --end;
  shown.resize(end);
  return shown;
}

std::string text_of(const mail::HeaderSection& section, std::string_view name) {
  const mail::HeaderField* field = section.first(name);
  return field == nullptr ? "" : mail::decode_encoded_words(field->body);
}

/// Empty where there is none, or it is no text.
std::string_view text_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return value->get_string();
}

bool flag_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::unexpected<Error> wrong(std::string_view what) {
  return fail("The description has no usable " + std::string(what) + ".");
}

/// Paths are told to next hops later, so they must be whole.
bool is_path(std::string_view text) {
  return text.size() <= mail::max_path && described(text) == text;
}

Result<std::vector<store::QuarantinedRecipient>> read_recipients(const json::object& object) {
  const json::value* list = object.if_contains("Recipients");
  if (list == nullptr || !list->is_array()) return wrong("Recipients");
  const json::array& array = list->get_array();
  if (array.empty() || array.size() > max_described_recipients) return wrong("Recipients");
  std::vector<store::QuarantinedRecipient> recipients;
  for (const json::value& value : array) {
    if (!value.is_object()) return wrong("Recipients");
    const json::object& one = value.get_object();
    const std::string_view forward_path = text_member(one, "ForwardPath");
    if (forward_path.empty() || !is_path(forward_path)) return wrong("ForwardPath");
    recipients.push_back({.forward_path = std::string(forward_path),
                          .next_hop = described(text_member(one, "NextHop")),
                          .reply = described(text_member(one, "Reply")),
                          .released = std::nullopt});
  }
  return recipients;
}

}  // namespace

store::QuarantinedMessage describe(const std::string& id, const Envelope& envelope,
                                   std::span<const RecipientOutcome> recipients,
                                   std::string_view reason, const Content& content,
                                   const Edit& edit, Time time) {
  const std::string beginning = read_beginning(content, edit, mail::max_header_bytes);
  const mail::HeaderSection section = mail::parse_header_section(beginning);
  const auto authors = mail::find_authors(section).addresses;
  store::QuarantinedMessage message{
      .id = id,
      .message_trace_id = envelope.id,
      .session = envelope.session,
      .received = time,
      .organization = envelope.organization,
      .direction = envelope.direction,
      .reason = described(reason),
      .client = envelope.client.to_string(),
      .reverse_path = envelope.reverse_path.text,
      .subject = described(text_of(section, "Subject")),
      .message_id = described(text_of(section, "Message-ID")),
      .author = authors.empty()
                    ? ""
                    : described(authors.front().local_part + "@" + authors.front().domain),
      .smtp_utf8 = envelope.smtp_utf8,
      .eight_bit_mime = envelope.eight_bit_mime,
      .require_tls = envelope.require_tls,
      .size = edited_size(content, edit),
      .recipients = {}};
  for (const RecipientOutcome& recipient : recipients) {
    message.recipients.push_back({.forward_path = recipient.forward_path,
                                  .next_hop = recipient.next_hop,
                                  .reply = described(recipient.reply.to_line()),
                                  .released = std::nullopt});
  }
  return message;
}

std::string to_json(const store::QuarantinedMessage& message) {
  json::array list;
  for (const store::QuarantinedRecipient& recipient : message.recipients) {
    list.push_back(json::object{{"ForwardPath", recipient.forward_path},
                                {"NextHop", recipient.next_hop},
                                {"Reply", recipient.reply}});
  }
  const json::object description{{"Identity", message.id},
                                 {"MessageTraceId", message.message_trace_id},
                                 {"Session", message.session},
                                 {"Received", format_iso(message.received)},
                                 {"Organization", message.organization},
                                 {"Direction", message.direction},
                                 {"Reason", message.reason},
                                 {"Client", message.client},
                                 {"ReversePath", message.reverse_path},
                                 {"Subject", message.subject},
                                 {"MessageId", message.message_id},
                                 {"Author", message.author},
                                 {"SmtpUtf8", message.smtp_utf8},
                                 {"EightBitMime", message.eight_bit_mime},
                                 {"RequireTls", message.require_tls},
                                 {"Size", message.size},
                                 {"Recipients", std::move(list)}};
  return json::serialize(description) + "\n";
}

Result<store::QuarantinedMessage> parse_description(std::string_view text) {
  if (text.size() > max_description) return fail("The description is too long.");
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 4;
  options.allow_invalid_utf8 = true;  // described() repairs it
  const json::value value = json::parse(text, error, {}, options);
  if (error || !value.is_object()) return fail("The description is not JSON.");
  const json::object& object = value.get_object();

  store::QuarantinedMessage message;
  const auto id = directory::Guid::parse(text_member(object, "Identity"));
  if (!id) return wrong("Identity");
  message.id = id->to_string();
  const auto received = parse_iso(text_member(object, "Received"));
  if (!received) return wrong("Received");
  message.received = *received;
  const std::string_view reverse_path = text_member(object, "ReversePath");
  if (!is_path(reverse_path)) return wrong("ReversePath");
  message.reverse_path = reverse_path;
  const json::value* size = object.if_contains("Size");
  if (size == nullptr || !size->is_int64() || size->get_int64() < 0) return wrong("Size");
  message.size = static_cast<std::uint64_t>(size->get_int64());
  auto recipients = read_recipients(object);
  if (!recipients) return std::unexpected(recipients.error());
  message.recipients = std::move(*recipients);

  message.message_trace_id = described(text_member(object, "MessageTraceId"));
  message.session = described(text_member(object, "Session"));
  message.organization = described(text_member(object, "Organization"));
  message.direction = described(text_member(object, "Direction"));
  message.reason = described(text_member(object, "Reason"));
  message.client = described(text_member(object, "Client"));
  message.subject = described(text_member(object, "Subject"));
  message.message_id = described(text_member(object, "MessageId"));
  message.author = described(text_member(object, "Author"));
  message.smtp_utf8 = flag_member(object, "SmtpUtf8");
  message.eight_bit_mime = flag_member(object, "EightBitMime");
  message.require_tls = flag_member(object, "RequireTls");
  return message;
}

}  // namespace postern::delivery
