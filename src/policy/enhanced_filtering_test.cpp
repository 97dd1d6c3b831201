// Plays the files of tests/cases/enhanced-filtering; their README says how they are written.
#include "policy/enhanced_filtering.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/ascii.h"

using namespace postern;
using namespace postern::policy;

namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in{std::string(text)};
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

const std::map<std::string, FilteringEnd, std::less<>> ends{
    {"off", FilteringEnd::off},
    {"not-skipped", FilteringEnd::not_skipped},
    {"found", FilteringEnd::found},
    {"out-of-fields", FilteringEnd::out_of_fields},
    {"unreadable", FilteringEnd::unreadable},
    {"hidden", FilteringEnd::hidden},
    {"too-many-hops", FilteringEnd::too_many_hops}};

class WalkCase {
 public:
  /// `line` without indentation.
  void play(std::string_view line) {
    const std::string verb(line.substr(0, line.find(' ')));
    const std::string rest(trim(line.substr(verb.size())));
    if (verb == "client") {
      const auto address = IpAddress::parse(rest);
      REQUIRE(address);
      client_ = *address;
    } else if (verb == "EFSkipLastIP") {
      connector_.ef_skip_last_ip = rest == "$true";
    } else if (verb == "EFSkipIPs") {
      connector_.ef_skip_ips = split(rest, ',');
    } else if (verb == "field") {
      // Fields of other names do not count.
      message_ += "Received: " + rest + "\r\nX-Received: " + rest + "\r\n";
    } else if (verb == "fields") {
      const std::size_t blank = rest.find(' ');
      for (int i = 0; i < std::stoi(rest); ++i)
        message_ += "Received:" + rest.substr(blank) + "\r\n";
    } else if (verb == "after") {
      CHECK(walk().fields == std::stoul(rest));
    } else {
      const auto wanted = ends.find(verb);
      REQUIRE_MESSAGE(wanted != ends.end(), "unknown line");
      const FilteringResult result = walk();
      CHECK_MESSAGE(result.end == wanted->second, to_text(result));
      CHECK(result.client.has_value() == (verb == "found"));
      if (result.client) {
        CHECK(result.client->address.to_string() + ' ' + result.client->helo == rest);
      }
      says_end_ = true;
    }
  }
  void end() { CHECK_MESSAGE(says_end_, "expects nothing"); }

 private:
  FilteringResult walk() const {
    return find_true_client(client_, mail::parse_header_section(message_ + "\r\n"), connector_);
  }

  IpAddress client_;
  directory::InboundConnector connector_;
  std::string message_;
  bool says_end_ = false;
};

/// Returns how many cases there were.
int play_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  int cases = 0;
  std::string name;
  WalkCase current;
  for (std::string line; std::getline(in, line);) {
    CAPTURE(name);
    CAPTURE(line);
    const std::string_view content = trim(line);
    if (content.empty() || content.starts_with('#')) continue;
    if (!content.starts_with("case ")) {
      current.play(content);
      continue;
    }
    if (++cases > 1) current.end();
    current = {};
    name = content.substr(5);
  }
  if (cases > 0) current.end();
  return cases;
}

}  // namespace

TEST_CASE("the walks of tests/cases/enhanced-filtering") {
  CHECK(play_file(POSTERN_SOURCE_DIR "/tests/cases/enhanced-filtering/walk.txt") > 0);
}

TEST_CASE("51 Enhanced Filtering counts when all recipients are listed, by the address in use") {
  directory::InboundConnector connector;
  const std::vector<std::string> ann{"ann@contoso.com"};
  const std::vector<std::string> both{"ann@contoso.com", "bob@contoso.com"};
  CHECK(filters_for(connector, both));

  connector.ef_users = {"ann@contoso.com"};
  CHECK(filters_for(connector, ann));
  CHECK_FALSE(filters_for(connector, both));
  CHECK(filters_for(connector, std::vector<std::string>{"Ann@contoso.com"}));
  CHECK_FALSE(filters_for(connector, std::vector<std::string>{"a.smith@contoso.com"}));

  connector.ef_users = {"bob@contoso.com", "ann@contoso.com"};
  CHECK(filters_for(connector, both));
}

TEST_CASE("the true client as Exchange Online writes it") {
  CHECK(to_sender_body({*IpAddress::parse("203.0.113.9"), "mail.example.net", ""}) ==
        "ip=[203.0.113.9];domain=mail.example.net");
  CHECK(to_sender_body({*IpAddress::parse("2001:db8::9"), "", ""}) == "ip=[2001:db8::9];domain=");
  CHECK(to_sender_body({*IpAddress::parse("203.0.113.9"), "x;ip=[192.0.2.1]\r\nBcc: y", ""}) ==
        "ip=[203.0.113.9];domain=x?ip=[192.0.2.1]??Bcc:?y");
  CHECK(to_sender_body({*IpAddress::parse("203.0.113.9"), std::string(4000, 'x'), ""}) ==
        "ip=[203.0.113.9];domain=" + std::string(255, 'x'));
}

TEST_CASE("what the trace says of Enhanced Filtering") {
  FilteringResult result{.end = FilteringEnd::found, .fields = 1};
  result.client = TrueClient{*IpAddress::parse("203.0.113.9"), "mail\x01.test", ""};
  CHECK(to_text(result) == "true client 203.0.113.9 (mail?.test) behind 1 Received field");
  CHECK(to_text({.end = FilteringEnd::unreadable, .fields = 2}) ==
        "true client unknown: Received field 2 cannot be read");
  Filtering filtering{.result = result, .for_all_recipients = false};
  CHECK(filtering.client() == nullptr);
  CHECK(to_text(filtering).starts_with("not for all recipients: true client 203.0.113.9 ("));
  filtering.for_all_recipients = true;
  CHECK(filtering.client()->address == *IpAddress::parse("203.0.113.9"));
}
