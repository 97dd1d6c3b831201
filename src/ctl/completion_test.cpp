#include "ctl/completion.h"

#include <doctest/doctest.h>

using namespace postern::ctl;

namespace {

std::string offered(std::string_view line) {
  std::string text;
  for (const std::string& candidate : complete(line).candidates) text += candidate + " ";
  return text;
}

}  // namespace

TEST_CASE("cmdlets, parameters and values are offered where they belong") {
  CHECK(offered("get-inb") == "Get-InboundConnector ");
  CHECK(offered("Get-OrganizationConfig | Sel") == "Select-Object ");
  CHECK(offered("(Get-Organ") == "Get-Organization Get-OrganizationConfig ");
  CHECK(offered("Set-InboundConnector x -Restrict") ==
        "-RestrictDomainsToCertificate -RestrictDomainsToIPAddresses ");
  CHECK(offered("Set-InboundConnector x -ConnectorType ") == "OnPremises Partner ");
  CHECK(offered("Set-InboundConnector x -ConnectorType p") == "Partner ");
  CHECK(offered("Set-OrganizationConfig -RejectDirectSend $") == "$false $true ");
  CHECK(offered("Set-OrganizationConfig -W") == "-WhatIf ");
  CHECK(offered("Get-Help New-Acc") == "New-AcceptedDomain ");
  CHECK(offered("New-Recipient 'a | Sel").empty());
  CHECK(offered("Nonsense -x").empty());
  CHECK(complete("Get-X | Sel").start == 8);
}

TEST_CASE("the beginning that all share is inserted") {
  CHECK(common_beginning({"Get-Organization", "Get-OrganizationConfig"}) == "Get-Organization");
  CHECK(common_beginning({"a", "b"}).empty());
  CHECK(common_beginning({}).empty());
}
