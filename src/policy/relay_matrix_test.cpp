// Never an open relay: tests/cases/relay/matrix.txt has every kind of client with every kind of
// sender and recipient, and what comes of it. tests/e2e/test_relay_matrix.py asks a running
// posternd the same.
#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <string>

#include "policy/case_player.h"

using namespace postern;
using namespace postern::policy;

namespace {

/// `OUT`, `own`, `in`, or the code of the refusal.
std::string cell(const RcptVerdict& verdict) {
  if (verdict.decision != Decision::accept) return verdict.reply.enhanced;
  if (verdict.relay) return "OUT";
  return verdict.direction == Direction::originating ? "own" : "in";
}

using Names = std::map<std::string, std::string>;

struct Matrix {
  CasePlayer directory;
  Names clients, senders, recipients;
  std::vector<std::string> columns;
  int cells = 0;
  int relayed = 0;

  /// `stranger own 5.7.68 …`
  void check_row(const std::vector<std::string>& words) {
    REQUIRE(words.size() == columns.size() + 2);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      CasePlayer player = directory;
      for (const std::string& line : split(clients.at(words[0]), ';')) {
        player.play(std::string(trim(line)));
      }
      player.play("MAIL FROM:<" + senders.at(words[1]) + ">");
      player.play("RCPT TO:<" + recipients.at(columns[i]) + ">");
      const std::string found = cell(player.verdict());
      CHECK_MESSAGE(found == words[i + 2], words[0] << ", " << words[1] << ", " << columns[i]);
      ++cells;
      if (found == "OUT") {
        ++relayed;
        // Whatever the table says: outside is only reached by own servers.
        CHECK(player.verdict().connector->type == ConnectorType::on_premises);
        CHECK(vouches(player.verdict().matched_by));
      }
    }
  }

  void read(const std::string& line) {
    const auto words = split(line, ' ');
    const std::string& verb = words.front();
    const auto define = [&](Names& names) {
      std::string rest;
      for (std::size_t i = 2; i < words.size(); ++i) rest += (i > 2 ? " " : "") + words[i];
      names[words[1]] = rest == "<>" ? "" : rest;
    };
    if (verb == "client") return define(clients);
    if (verb == "sender") return define(senders);
    if (verb == "recipient") return define(recipients);
    if (verb == "table") return columns.assign(words.begin() + 1, words.end());
    if (clients.contains(verb)) return check_row(words);
    directory.play(line);
  }
};

}  // namespace

TEST_CASE("who may relay: every client, sender and recipient") {
  Matrix matrix;
  std::ifstream in(POSTERN_SOURCE_DIR "/tests/cases/relay/matrix.txt");
  for (std::string line; std::getline(in, line);) {
    const std::string text(trim(line));
    if (!text.empty() && !text.starts_with('#')) matrix.read(text);
  }
  CHECK(matrix.cells == matrix.clients.size() * matrix.senders.size() * matrix.recipients.size());
  CHECK(matrix.relayed > 30);
}

TEST_CASE("without any relay nothing goes out, however well the client is known") {
  CasePlayer player;
  for (const char* line :
       {"organization Contoso", "AcceptedDomain contoso.com",
        "InboundConnector Servers -ConnectorType OnPremises -SenderDomains * "
        "-SenderIPAddresses 198.51.100.7",
        "client 198.51.100.7", "MAIL FROM:<printer@contoso.com>", "relay none",
        "RCPT TO:<user@gmail.test>",
        "550 5.7.64 TenantAttribution; Relay Access Denied, since this server has no relay",
        "connector Servers", "reason NoRelay", "relayed no",
        // The organization's own relay is enough.
        "RelayNextHop smtp:smarthost.test:25", "RCPT TO:<user@gmail.test>", "250",
        "relayed smtp:smarthost.test:25"}) {
    player.play(line);
  }
}
