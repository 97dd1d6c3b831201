#include "edge/config.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

using namespace postern;
using namespace postern::edge;

namespace {

constexpr std::string_view minimal = R"(
[server]
hostname = "MX.Contoso.test."
[[listener]]
address = "0.0.0.0:25"
)";

/// The mistakes of the minimal file with `more` behind it, in one text.
std::string mistakes(std::string_view more) {
  const auto config = parse_config(std::string(minimal) + std::string(more), "postern.toml");
  if (config) return "";
  std::string all;
  for (const std::string& error : config.error()) all += error + "\n";
  return all;
}

}  // namespace

TEST_CASE("the smallest file gives the documented defaults") {
  const auto config = parse_config(minimal, "postern.toml");
  REQUIRE(config);
  CHECK(config->hostname == "mx.contoso.test");
  CHECK(config->data_directory == "/var/lib/postern");
  CHECK(config->delivery.default_hop == "maildir:mail/%d/%u");
  CHECK(config->admin.address == "127.0.0.1:8025");
  CHECK(config->trace.keep_days == 90);
  CHECK(config->limits.session.max_recipients == 1000);
}

TEST_CASE("a mistake is told with file, line, key and what was expected") {
  CHECK(mistakes("[log]\nlevel = \"loud\"\n") ==
        "postern.toml:7: [log] level: expected one of \"debug\", \"info\", \"warning\", \"error\", "
        "found \"loud\"\n");
  CHECK(mistakes("[trace]\nkeep_days = \"many\"\n") ==
        "postern.toml:7: [trace] keep_days: expected a whole number from 1 to 3650, found "
        "\"many\"\n");
  CHECK(mistakes("[trace]\nkeep_dayz = 3\n") ==
        "postern.toml:7: [trace] keep_dayz: there is no such key\n");
  CHECK(mistakes("[limits]\nmax_recipients = 5\n").contains("expected a whole number from 100 to"));
  CHECK(mistakes("[tls]\ncertificate = \"/nowhere/cert.pem\"\n")
            .contains("cannot read /nowhere/cert.pem"));
  CHECK(mistakes("[delivery]\ndefault = \"carrier-pigeon:\"\n").contains("[delivery] default"));
  CHECK(mistakes("[dns]\nservers = [\"localhost\"]\n").contains("[dns] servers"));
  CHECK(mistakes("[store]\nurl = \"mysql:x\"\n").contains("expected sqlite:"));
  CHECK(mistakes("threads = \n").starts_with("postern.toml:6: "));
  CHECK(parse_config("[server]\ndata_directory = \"\"\n", "f").error()[0] ==
        "f:2: [server] data_directory: expected a folder such as \"/var/lib/postern\"");
}

TEST_CASE("all mistakes are told at once") {
  const std::string all =
      mistakes("[[listener]]\naddress = \"25\"\n[admin]\naddress = 8025\n[nonsense]\n");
  CHECK(std::ranges::count(all, '\n') == 3);
}

TEST_CASE("what cannot be guessed must be there") {
  const auto config = parse_config("[server]\nhostname = \"mx\"\n", "f");
  REQUIRE_FALSE(config);
  CHECK(config.error()[0].contains("expected a fully qualified domain name"));
  CHECK(config.error().back().contains("there is no [[listener]]"));
}

TEST_CASE("limits that contradict each other are told at the key that the file has") {
  CHECK(mistakes("[limits]\nmax_recipients = 1001\n") ==
        "postern.toml:7: [limits] max_recipients: expected at most max_commands_without_progress "
        "(1000), found 1001\n");
  CHECK(mistakes("[limits]\nmax_recipients = 100\nmax_commands_without_progress = 99\n") ==
        "postern.toml:8: [limits] max_commands_without_progress: expected at least max_recipients "
        "(100), found 99\n");
  CHECK(mistakes("[limits]\nmax_connections = 49\n").contains("max_connections_per_client (50)"));
  CHECK(mistakes("[limits]\nmessage_spool = 50000000\n").contains("max_message_size (52428800)"));
  CHECK(mistakes("[limits]\nidle_time = 3601\n").contains("at most session_time (3600)"));
  CHECK(mistakes("[limits]\nmax_recipients = 2000\nmax_commands_without_progress = 2000\n") == "");
}

TEST_CASE("a listener speaks SMTP, or the milter protocol, which may come through a Unix socket") {
  const auto config = parse_config(
      std::string(minimal) +
          "[[listener]]\nprotocol = \"milter\"\naddress = \"unix:/run/postern/milter\"\n",
      "postern.toml");
  REQUIRE(config);
  CHECK(config->listeners[0].protocol == Protocol::smtp);
  CHECK(config->listeners[1].protocol == Protocol::milter);
  CHECK(mistakes("[[listener]]\nprotocol = \"lmtp\"\naddress = \"127.0.0.1:24\"\n")
            .contains("expected one of \"smtp\", \"milter\""));
  CHECK(mistakes("[[listener]]\naddress = \"unix:/run/postern/smtp\"\n")
            .contains("a Unix socket is for protocol = \"milter\" only"));
  CHECK(mistakes("[[listener]]\nprotocol = \"milter\"\naddress = \"127.0.0.1:8891\"\n"
                 "proxy_protocol_from = [\"192.0.2.1\"]\n")
            .contains("proxy_protocol_from: is for protocol = \"smtp\" only"));
}

TEST_CASE("the manual and the example have every limit with its default") {
  const auto read = [](const char* name) {
    std::ifstream file(std::string(POSTERN_SOURCE_DIR "/") + name);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  };
  const std::string manual = read("docs/smtp-session.md");
  const std::string example = read("conf/postern.toml");
  for (const LimitKey& key : limit_keys()) {
    const std::string value = std::to_string(key.get(Limits{}));
    const std::string lowest = std::to_string(key.minimum);
    const auto row = [&](const char* mark) {
      return "| `" + key.name + "`" + mark + " | " + value + " | " + lowest + " |";
    };
    CHECK_MESSAGE((manual.contains(row("")) || manual.contains(row(" *"))), row(""));
    CHECK_MESSAGE(example.contains("\n#" + key.name + " = " + value + "\n"), key.name);
  }
}

TEST_CASE("every limit can be set and keeps what was set") {
  for (const LimitKey& key : limit_keys()) {
    CAPTURE(key.name);
    Limits limits;
    CHECK(key.get(limits) >= key.minimum);
    CHECK(key.get(limits) <= key.maximum);
    key.set(limits, key.maximum);
    CHECK(key.get(limits) == key.maximum);
  }
}
