// Plays the files of tests/cases/received; their README says how they are written.
#include "mail/received_hop.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/ascii.h"
#include "mail/lexical.h"

using namespace postern;
using namespace postern::mail;

namespace {

/// One case: its field, and what is read from it.
class HopCase {
 public:
  /// `line` without indentation.
  void play(const std::string& line) {
    if (line.starts_with('|')) {
      if (!body_.empty()) body_ += "\r\n";
      body_ += line.substr(1);
      return;
    }
    const std::size_t blank = line.find(' ');
    const std::string verb = line.substr(0, blank);
    const std::string wanted =
        blank == std::string::npos ? "" : std::string(trim(line.substr(blank)));
    const auto hop = parse_received_hop(body_);
    if (verb == "unreadable" || verb == "client") says_client_ = true;
    if (verb == "unreadable") {
      CHECK_FALSE(hop);
      return;
    }
    REQUIRE_MESSAGE(hop, "not read: " << body_);
    if (verb == "client") {
      CHECK((hop->client ? hop->client->to_string() : "none") == wanted);
    } else if (verb == "helo") {
      CHECK(hop->helo == wanted);
    } else if (verb == "reverse-name") {
      CHECK(hop->reverse_name == wanted);
    } else if (verb == "by") {
      CHECK(hop->by == wanted);
    } else if (verb == "protocol") {
      CHECK(hop->protocol == wanted);
    } else if (verb == "time") {
      CHECK(hop->time == parse_iso(wanted));
    } else {
      FAIL("unknown line: " << line);
    }
  }
  void end() {
    CHECK_MESSAGE(says_client_, "expects nothing");
    std::string refolded;
    for (const char c : body_) {
      if (is_fws(c)) {
        refolded += "\r\n\t";
      } else {
        refolded += c;
      }
    }
    CHECK(parse_received_hop(refolded) == parse_received_hop(body_));
  }

 private:
  std::string body_;
  bool says_client_ = false;
};

/// Returns how many cases there were.
int play_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  int cases = 0;
  std::string name;
  HopCase current;
  for (std::string line; std::getline(in, line);) {
    CAPTURE(path.filename().string());
    CAPTURE(name);
    CAPTURE(line);
    const std::string_view content = trim(line);
    if (content.empty() || content.starts_with('#')) continue;
    if (!content.starts_with("case ")) {
      current.play(std::string(content));
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

TEST_CASE("the Received fields of tests/cases/received") {
  int files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(POSTERN_SOURCE_DIR "/tests/cases/received")) {
    if (entry.path().extension() != ".txt") continue;
    ++files;
    CHECK_MESSAGE(play_file(entry.path()) > 0, entry.path());
  }
  CHECK(files >= 10);
}

TEST_CASE("a Received field that is longer than any honest one is not read") {
  const std::string field = "from a (b [192.0.2.1]) by c with ESMTP";
  REQUIRE(parse_received_hop(field));
  CHECK(parse_received_hop(field + " (" + std::string(max_received_field - 41, 'x') + ")"));
  CHECK_FALSE(parse_received_hop(field + " (" + std::string(max_received_field, 'x') + ")"));
}

TEST_CASE("comments of a Received field may be nested, and not too deeply") {
  const std::string begin = "from a (b [192.0.2.1]) by c ";
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '(') + "x" + std::string(depth, ')');
  };
  CHECK(parse_received_hop(begin + nested(max_comment_depth)));
  CHECK_FALSE(parse_received_hop(begin + nested(max_comment_depth + 1)));
}
