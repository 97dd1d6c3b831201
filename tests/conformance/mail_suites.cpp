// Messages and what they are made of: addresses of mail-parser, malformed mail, seeds of SMTP
// sessions, and the sequences that smuggle a second message.
#include <boost/json.hpp>

#include "base/ascii.h"
#include "base/time.h"
#include "mail/address_list.h"
#include "mail/date.h"
#include "mail/domain_name.h"
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
  if (at == std::string::npos) return address;
  const auto domain = mail::to_a_label(address.substr(at + 1));
  return address.substr(0, at + 1) + domain.value_or("");
}

/// Only addresses are compared: encoded words of display names are left as they are.
SuiteReport addresses(const std::filesystem::path& file) {
  SuiteReport report("headers/address.json, addresses");
  const json::value cases = read_json(file);
  std::map<std::string, std::string> differences = {
      {"10",
       "RFC 5322 section 3.2.1: the backslash quotes the blank behind the fold, so that the "
       "comment "
       "ends at the next parenthesis"}};
  const auto add = [](std::string& list, const std::string& address) {
    list += (list.empty() ? "" : " ") + address;
  };
  struct Case {
    std::string header, expected, got;
  };
  std::vector<Case> results;
  int number = 0;
  for (const json::value& one : cases.as_array()) {
    Case result{.header = std::to_string(++number)};
    const std::string field = "To: " + std::string(one.at("header").as_string()) + "\r\n\r\n";
    const json::object& expected = one.at("expected").as_object();
    bool is_uri = false;
    const auto add_all = [&](const json::value& list) {
      for (const json::value& each : list.as_array()) {
        const std::string address = normal_address(each.at("address"));
        is_uri |= address.contains(':') || !address.contains('@');
        add(result.expected, address);
      }
    };
    if (const json::value* list = expected.if_contains("List")) add_all(*list);
    if (const json::value* groups = expected.if_contains("Group"))
      for (const json::value& group : groups->as_array()) add_all(group.at("addresses"));

    const mail::HeaderSection section = mail::parse_header_section(field);
    if (!section.fields.empty()) {
      const std::string body(section.fields[0].body);
      for (const mail::HeaderAddress& each : mail::parse_address_list(body).addresses)
        add(result.got, each.local_part + "@" + each.domain);
    }
    if (is_uri)
      differences[result.header] =
          "RFC 2369 section 2: what stands there are URIs of a mailing list, no addresses of "
          "RFC 5322 section 3.4";
    results.push_back(std::move(result));
  }
  for (const Case& result : results)
    if (result.expected == result.got) differences.erase(result.header);
  report.expect_differences(std::move(differences));
  for (const Case& result : results) report.check(result.header, result.expected, result.got);
  report.finish();
  return report;
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
  const std::string month = "RFC 5322 section 3.3: a month is a name, not a number";
  report.expect_differences(
      {{"11", month},
       {"13", month},
       {"29", "RFC 5321 section 4.4: that is a Received field, whose date is behind a semicolon"},
       {"31", "RFC 5322 section 4.3: a zone with an unknown name counts as -0000"}});
  const json::value cases = read_json(file);
  int number = 0;
  for (const json::value& one : cases.as_array()) {
    const std::string field = "Date: " + std::string(one.at("header").as_string()) + "\r\n\r\n";
    const mail::HeaderSection section = mail::parse_header_section(field);
    const auto date = mail::parse_date(section.fields.at(0).body);
    report.check(std::to_string(++number), expected_date(one.at("expected")),
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
  reports.push_back(messages("mail/parser", folder / "mail" / "parser"));
  reports.push_back(messages("mail/mikel-mail", folder / "mail" / "mikel-mail"));
  reports.push_back(smuggling(folder / "smtp" / "smuggling.json"));
  reports.push_back(session_seeds(folder / "smtp" / "fuzz-seeds"));
  return reports;
}

}  // namespace postern::conformance
