#include "policy/own_servers.h"

#include <doctest/doctest.h>

#include "policy/case_player.h"

using namespace postern;
using namespace postern::policy;

namespace {

std::string owners(const CasePlayer& player, const char* client,
                   const std::vector<std::string>& names = {}) {
  std::string found;
  for_each_possible_owner(IpAddress::parse(client).value(), names, player.directory(),
                          [&](const directory::Organization& one) {
                            found += one.name() + " ";
                            return true;
                          });
  return found;
}

}  // namespace

TEST_CASE("whose own server a client may be, before the envelope says more") {
  CasePlayer player;
  for (const char* line :
       {"organization Contoso", "AcceptedDomain contoso.com",
        "InboundConnector A -ConnectorType OnPremises -SenderDomains * -SenderIPAddresses "
        "198.51.100.0/24",
        "InboundConnector B -ConnectorType OnPremises -SenderDomains * -TlsSenderCertificateName "
        "*.contoso.com",
        "InboundConnector C -SenderDomains * -SenderIPAddresses 192.0.2.7",
        "InboundConnector D -ConnectorType OnPremises -SenderDomains * -SenderIPAddresses "
        "192.0.2.9 "
        "-Enabled $false",
        "organization Fabrikam", "AcceptedDomain fabrikam.com",
        "InboundConnector E -ConnectorType OnPremises -SenderDomains * -SenderIPAddresses "
        "198.51.100.7 -Force"}) {
    player.play(line);
  }
  CHECK(owners(player, "198.51.100.8") == "Contoso ");
  CHECK(owners(player, "198.51.101.8").empty());
  CHECK(owners(player, "198.51.100.7").size() == std::string("Contoso Fabrikam ").size());
  CHECK(owners(player, "203.0.113.9", {"MAIL.contoso.com"}) == "Contoso ");
  CHECK(owners(player, "203.0.113.9", {"contoso.com", "mail.other.test"}).empty());
  // A Partner connector is nobody's own server; one that is not enabled is nothing.
  CHECK(owners(player, "192.0.2.7").empty());
  CHECK(owners(player, "192.0.2.9").empty());
}
