// Messages and what they are made of: addresses of mail-parser, malformed mail, seeds of SMTP
// sessions, and the sequences that smuggle a second message.
#include <boost/json.hpp>

#include "base/ascii.h"
#include "base/time.h"
#include "mail/address_list.h"
#include "mail/date.h"
#include "mail/domain_name.h"
#include "mail/encoded_words.h"
#include "mail/field_lists.h"
#include "mail/header_fields.h"
#include "mail/mailbox.h"
#include "smtp/dot_reader.h"
#include "tests/conformance/json_files.h"
#include "tests/conformance/report.h"

namespace postern::conformance {
namespace {

namespace json = boost::json;

/// `jdoe@test  . example` and `@node.test:jdoe@test.example` in our form.
std::string normal_address(const json::value& value) {
  std::string address;
  if (!value.is_string()) return "no address";
  for (const char c : value.as_string())
    if (!is_wsp(c) && c != '\r' && c != '\n') address += c;
  if (address.starts_with('@')) address.erase(0, address.find(':') + 1);
  const std::size_t at = address.rfind('@');
  if (at == std::string::npos || address.contains(':')) return address;
  const auto domain = mail::to_a_label(address.substr(at + 1));
  return address.substr(0, at + 1) + domain.value_or("");
}

/// `Board [Ann <ann@contoso.com>; bob@fabrikam.com; ]`, of both sides.
struct Described {
  std::string text;

  void begin_group(const std::string& name) { text += name + " ["; }
  void end_group() { text += "] "; }
  void add(const std::string& name, const std::string& address) {
    text += name + (name.empty() ? "" : " ") + "<" + address + ">; ";
  }
};

/// The suite writes a name and what the comments say into one: `Ann (at work)`.
std::string name_and_comment(std::string_view raw_name, std::string_view raw_comment) {
  const std::string name = mail::decode_encoded_words(raw_name);
  const std::string comment = mail::decode_encoded_words(raw_comment);
  if (name.empty() || comment.empty()) return name + comment;
  return name + " (" + comment + ")";
}

/// Blanks within a name are the sender's, those at its ends are not shown.
std::string expected_name(const json::value& name) {
  return name.is_string() ? std::string(trim(std::string_view(name.as_string()))) : "";
}

std::string describe_expected(const json::object& expected) {
  Described described;
  const auto add_all = [&](const json::value& list) {
    for (const json::value& each : list.as_array()) {
      // What has no address is a comment between two of them: we have no entry for it.
      if (each.at("address").is_string())
        described.add(expected_name(each.at("name")), normal_address(each.at("address")));
    }
  };
  if (const json::value* list = expected.if_contains("List")) add_all(*list);
  if (const json::value* groups = expected.if_contains("Group")) {
    for (const json::value& group : groups->as_array()) {
      const bool has_name = group.at("name").is_string();
      if (has_name) described.begin_group(expected_name(group.at("name")));
      add_all(group.at("addresses"));
      if (has_name) described.end_group();
    }
  }
  return described.text;
}

std::string describe_addresses(std::string_view body) {
  Described described;
  const mail::AddressList list = mail::parse_address_list(body);
  auto group = list.groups.begin();
  for (std::size_t i = 0; i <= list.addresses.size(); ++i) {
    for (; group != list.groups.end() && group->begin == i; ++group) {
      described.begin_group(name_and_comment(group->display_name, group->comment));
      if (group->end != i) break;
      described.end_group();
    }
    if (i == list.addresses.size()) break;
    const mail::HeaderAddress& each = list.addresses[i];
    described.add(name_and_comment(each.display_name, each.comment),
                  each.local_part + "@" + each.domain);
    if (group != list.groups.end() && group->end == i + 1) (group++, described.end_group());
  }
  return described.text;
}

std::string describe_uris(std::string_view body) {
  Described described;
  for (const mail::ListUri& each : mail::parse_list_uris(body))
    described.add(each.comment, each.uri);
  return described.text;
}

/// The body of a field with that value, as the header section has it.
template <class Use>
auto with_body(const json::value& value, Use use) {
  const std::string field = "Field: " + std::string(value.as_string()) + "\r\n\r\n";
  const mail::HeaderSection section = mail::parse_header_section(field);
  return use(section.fields.at(0).body);
}

SuiteReport addresses(const std::filesystem::path& file) {
  SuiteReport report("headers/address.json");
  report.expect_differences(
      {{"10",
        "RFC 5322 section 3.2.1: the backslash quotes the blank behind the fold, so that the "
        "comment ends at the next parenthesis"}});
  int number = 0;
  for (const json::value& one : read_json(file).as_array()) {
    ++number;
    // The examples of RFC 2369 stand among the addresses; they are fields of another kind.
    const bool is_list_field = number >= 38 && number <= 48;
    report.check(std::to_string(number), describe_expected(one.at("expected").as_object()),
                 with_body(one.at("header"), is_list_field ? describe_uris : describe_addresses));
  }
  report.finish();
  return report;
}

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += "[" + item + "]";
  return text;
}

std::string joined(const json::value& items) {
  std::string text;
  if (items.is_array())
    for (const json::value& item : items.as_array())
      text += "[" + std::string(item.as_string()) + "]";
  return text;
}

/// Cases that are a value and what we make of its body.
SuiteReport bodies(const std::string& name, const std::filesystem::path& file,
                   std::string (*expected)(const json::value&),
                   std::string (*got)(std::string_view)) {
  SuiteReport report(name);
  int number = 0;
  for (const json::value& one : read_json(file).as_array())
    report.check(std::to_string(++number), expected(one.at("expected")),
                 with_body(one.at("header"), got));
  report.finish();
  return report;
}

SuiteReport message_ids(const std::filesystem::path& file) {
  return bodies("headers/id.json", file, joined,
                [](std::string_view body) { return joined(mail::parse_message_ids(body)); });
}

SuiteReport phrases(const std::filesystem::path& file) {
  return bodies("headers/list.json", file, joined,
                [](std::string_view body) { return joined(mail::parse_phrases(body)); });
}

SuiteReport unstructured(const std::filesystem::path& file) {
  return bodies(
      "headers/unstructured.json", file,
      [](const json::value& text) { return std::string(text.as_string()); },
      [](std::string_view body) { return mail::decode_encoded_words(body); });
}

/// The time of a case in UTC, as base/time.h writes it; empty for null.
std::string expected_date(const json::value& value) {
  if (value.is_null()) return "";
  const auto number = [&](const char* key) { return static_cast<int>(value.at(key).as_int64()); };
  const std::chrono::year_month_day date{std::chrono::year(number("year")),
                                         std::chrono::month(static_cast<unsigned>(number("month"))),
                                         std::chrono::day(static_cast<unsigned>(number("day")))};
  const auto offset =
      std::chrono::hours(number("tz_hour")) + std::chrono::minutes(number("tz_minute"));
  const auto local = std::chrono::sys_days(date) + std::chrono::hours(number("hour")) +
                     std::chrono::minutes(number("minute")) +
                     std::chrono::seconds(number("second"));
  return format_iso(value.at("tz_before_gmt").as_bool() ? local + offset : local - offset);
}

SuiteReport dates(const std::filesystem::path& file) {
  SuiteReport report("headers/date.json");
  report.expect_differences(
      {{"13", "RFC 5322 section 3.3: six numbers without a colon between them are no date"}});
  int number = 0;
  for (const json::value& one : read_json(file).as_array()) {
    ++number;
    // That one is the body of a Received field.
    const auto parse = number == 29 ? mail::parse_received_date : mail::parse_date;
    const auto date = with_body(one.at("header"), parse);
    report.check(std::to_string(number), expected_date(one.at("expected")),
                 date ? format_iso(*date) : "");
  }
  report.finish();
  return report;
}

/// Every octet of a header section belongs to one field or to the empty line, so that a message
/// can be put together again as it came.
SuiteReport messages(const std::string& name, const std::filesystem::path& folder) {
  SuiteReport report(name);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".eml") continue;
    const std::string message = read_file(entry.path());
    const mail::HeaderSection section = mail::parse_header_section(message);
    std::string again;
    for (const mail::HeaderField& field : section.fields)
      again += message.substr(field.begin, field.end - field.begin);
    const std::string_view rest = std::string_view(message).substr(again.size());
    const bool is_whole = section.trouble == mail::HeaderTrouble::none &&
                          message.starts_with(again) &&
                          (rest.empty() || rest.starts_with("\r\n") || rest.starts_with('\n')) &&
                          section.body_begin >= again.size();
    (void)mail::find_authors(section);
    report.check(
        entry.path().filename().string(), is_whole, "all fields, without a gap",
        std::to_string(again.size()) + " octets, body at " + std::to_string(section.body_begin));
  }
  report.finish();
  return report;
}

std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (; digits.size() >= 2; digits.remove_prefix(2))
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(0, 2)), nullptr, 16));
  return bytes;
}

/// Feeds in pieces of `step` octets. Is there anything behind a final dot?
bool has_second_message(std::string_view data, std::size_t step) {
  smtp::DotReader reader(1000);
  for (std::size_t at = 0; at < data.size(); at += step) {
    if (reader.state() == smtp::DotReader::State::broken) return false;
    if (reader.state() == smtp::DotReader::State::complete) return true;
    const auto fed = reader.feed(data.substr(at, step));
    if (reader.state() == smtp::DotReader::State::complete && !fed.rest.empty()) return true;
  }
  return false;
}

SuiteReport smuggling(const std::filesystem::path& file) {
  SuiteReport report("smtp/smuggling.json");
  const json::value suite = read_json(file);
  for (const char* direction : {"inbound", "outbound"}) {
    for (const json::value& one : suite.at(direction).as_array()) {
      const std::string hex(one.at("hex").as_string());
      const std::string data = "Subject: first\r\n\r\nbody" + from_hex(hex) +
                               "MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n"
                               "Subject: second\r\n\r\nbody\r\n.\r\n";
      bool has_second = false;
      for (std::size_t step = 1; step <= data.size(); ++step)
        has_second |= has_second_message(data, step);
      report.check(std::string(direction) + " " + hex, !has_second, "one message or none",
                   "a second message");
    }
  }
  report.finish();
  return report;
}

/// Raw bytes that other servers were fuzzed with: nothing must fall over.
SuiteReport session_seeds(const std::filesystem::path& folder) {
  SuiteReport report("smtp/fuzz-seeds");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const std::string bytes = read_file(entry.path());
    (void)mail::to_a_label(bytes);
    (void)mail::parse_mailbox(bytes);
    Cursor path(bytes);
    (void)mail::take_reverse_path(path);
    (void)mail::parse_address_list(bytes);
    (void)has_second_message(bytes, 7);
    report.check(entry.path().filename().string(), true, "", "");
  }
  report.finish();
  return report;
}

}  // namespace

std::vector<SuiteReport> mail_suites(const std::filesystem::path& folder) {
  if (folder.empty()) return {};
  std::vector<SuiteReport> reports;
  reports.push_back(addresses(folder / "headers" / "address.json"));
  reports.push_back(dates(folder / "headers" / "date.json"));
  reports.push_back(message_ids(folder / "headers" / "id.json"));
  reports.push_back(phrases(folder / "headers" / "list.json"));
  reports.push_back(unstructured(folder / "headers" / "unstructured.json"));
  reports.push_back(messages("mail/parser", folder / "mail" / "parser"));
  reports.push_back(messages("mail/mikel-mail", folder / "mail" / "mikel-mail"));
  reports.push_back(smuggling(folder / "smtp" / "smuggling.json"));
  reports.push_back(session_seeds(folder / "smtp" / "fuzz-seeds"));
  return reports;
}

}  // namespace postern::conformance
