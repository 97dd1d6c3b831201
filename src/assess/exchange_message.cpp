#include "assess/exchange_message.h"

#include "base/cursor.h"
#include "mail/address_list.h"
#include "mail/authentication_results.h"
#include "mail/date.h"
#include "mail/header_fields.h"

namespace postern::assess {
namespace {

std::string text_of(const mail::HeaderSection& section, std::string_view name) {
  const mail::HeaderField* field = section.first(name);
  return field ? mail::unfold(field->body) : "";
}

/// `CIP:198.51.100.7;CTRY:US;…`: what stands behind `name`, perhaps nothing.
std::string_view report_value(std::string_view report, std::string_view name) {
  Cursor in(report);
  while (!in.at_end()) {
    const std::string_view entry = trim(in.take_while([](char c) { return c != ';'; }));
    in.take(';');
    Cursor value(entry);
    if (value.take_word(name) && value.take(':')) return trim(value.rest());
  }
  return {};
}

/// `sender IP is 198.51.100.7`
std::optional<IpAddress> client_of_comment(std::string_view comment) {
  Cursor in(comment);
  if (!in.take_word("sender IP is")) return std::nullopt;
  return IpAddress::parse(trim(in.rest()));
}

std::optional<bool> verdict(std::string_view result) {
  if (result == "temperror" || result == "timeout") return std::nullopt;
  return result == "pass" || result == "softpass" || result == "bestguesspass";
}

void read_results(std::string_view body, Observation& out) {
  const auto parsed = mail::parse_exchange_authentication_results(body);
  if (!parsed) return;
  for (const mail::AuthenticationResult& one : parsed->results) {
    if (one.method == "spf" && !out.spf) {
      out.spf = verdict(one.result);
      if (!out.client) out.client = client_of_comment(one.comment);
      for (const mail::AuthenticationProperty& property : one.properties)
        if (property.property == "mailfrom" && out.sender.empty())
          out.sender = property.value.contains('@') ? property.value : "@" + property.value;
    } else if (one.method == "dkim" && out.dkim != true) {
      out.dkim = verdict(one.result);
      for (const mail::AuthenticationProperty& property : one.properties)
        if (property.property == "d") out.dkim_domain = property.value;
    } else if (one.method == "dmarc" && !out.dmarc) {
      out.dmarc = verdict(one.result);
    } else if (one.method == "compauth" && !out.composite) {
      out.composite = verdict(one.result);
    }
  }
}

void read_attribution(const mail::HeaderSection& section, Observation& out) {
  const std::string anonymous =
      text_of(section, "X-MS-Exchange-Organization-IsAnonymousDirectSend");
  std::string auth_as = text_of(section, "X-MS-Exchange-Organization-AuthAs");
  if (auth_as.empty()) auth_as = text_of(section, "X-MS-Exchange-CrossTenant-AuthAs");
  const bool originating =
      iequals(text_of(section, "X-MS-Exchange-Organization-MessageDirectionality"), "Originating");
  out.is_attributed = iequals(auth_as, "Internal") || originating;
  // A Partner connector leaves AuthAs at Anonymous, so that word alone tells nothing.
  out.tells_attribution = out.is_attributed || !anonymous.empty();
}

/// The header does not tell the envelope's recipients; only that somebody wrote to themselves.
void read_self_to_self(const mail::HeaderSection& section, Observation& out) {
  const mail::HeaderField* to = section.first("To");
  if (!to) return;
  const mail::AddressList list = mail::parse_address_list(to->body);
  if (list.addresses.size() != 1) return;
  const std::string address =
      list.addresses.front().local_part + "@" + list.addresses.front().domain;
  if (iequals(address, out.sender)) out.recipients.push_back(address);
}

}  // namespace

std::optional<Observation> read_exchange_message(std::string_view message) {
  const mail::HeaderSection section = mail::parse_header_section(message);
  const std::string report = text_of(section, "X-Forefront-Antispam-Report");
  const mail::HeaderField* results = section.first("Authentication-Results");
  const bool is_exchange = !report.empty() || section.first("X-MS-Exchange-Organization-AuthAs") ||
                           section.first("X-MS-Exchange-CrossTenant-AuthAs") ||
                           section.first("X-MS-Exchange-Organization-IsAnonymousDirectSend");
  if (!is_exchange) return std::nullopt;

  Observation out;
  out.id = text_of(section, "X-MS-Exchange-Organization-Network-Message-Id");
  if (out.id.empty()) out.id = text_of(section, "Message-ID");
  if (const mail::HeaderField* received = section.first("Received"))
    out.time = mail::parse_received_date(received->body);
  if (const mail::HeaderField* date = section.first("Date"); date && !out.time)
    out.time = mail::parse_date(date->body);
  out.tells_client = true;
  out.client = IpAddress::parse(report_value(report, "CIP"));
  // `255.255.255.255` stands where a mailbox of the tenant sent.
  if (out.client == IpAddress::v4({255, 255, 255, 255})) out.client.reset();
  out.hello = report_value(report, "H");
  const std::string_view reverse_name = report_value(report, "PTR");
  if (!iequals(reverse_name, "InfoDomainNonexistent")) out.client_name = reverse_name;
  if (const std::string path = text_of(section, "Return-Path"); !path.empty()) {
    out.has_reverse_path = true;
    out.sender = trim(path);
    if (out.sender.starts_with('<') && out.sender.ends_with('>'))
      out.sender = out.sender.substr(1, out.sender.size() - 2);
  }
  const mail::AuthorField author = mail::find_authors(section);
  if (!author.addresses.empty())
    out.author = author.addresses.front().local_part + "@" + author.addresses.front().domain;
  if (results) read_results(results->body, out);
  const std::string_view direction = report_value(report, "DIR");
  if (direction == "INB") out.direction = Direction::inbound;
  if (direction == "OUT") out.direction = Direction::outbound;
  if (direction == "INT") out.direction = Direction::internal;
  read_attribution(section, out);
  read_self_to_self(section, out);
  return out;
}

}  // namespace postern::assess
