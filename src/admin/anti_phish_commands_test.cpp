#include "admin/commands.h"

#include <doctest/doctest.h>

#include "admin/test_desk.h"

using namespace postern;
using namespace postern::admin;

namespace {

/// The cmdlets over a directory of their own, with the organization Contoso.
struct Desk : TestDesk {
  Desk() { run("New-Organization Contoso"); }
};

}  // namespace

TEST_CASE("the default policy is there from the start, and can be changed but not removed") {
  Desk desk;
  for (const char* name : {"Default", "'Office365 AntiPhish Default'", "default", "*"}) {
    const std::string line = "Get-AntiPhishPolicy " + std::string(name);
    CHECK(desk.all(line, "Name") == "Default");
    CHECK(desk.all(line, "IsDefault") == "True");
  }
  CHECK(desk.all("Get-AntiPhishPolicy", "HonorDmarcPolicy") == "True");
  CHECK(desk.all("Get-AntiPhishPolicy", "DmarcRejectAction") == "Reject");
  CHECK(desk.all("Get-AntiPhishPolicy", "AuthenticationFailAction") == "MoveToJmf");
  CHECK(desk.run("Set-AntiPhishPolicy Default -DmarcRejectAction quarantine -WhatIf") ==
        "What if: Setting anti-phishing policy \"Default\".");
  CHECK(desk.all("Get-AntiPhishPolicy", "DmarcRejectAction") == "Reject");
  CHECK(desk.run("Set-AntiPhishPolicy 'Office365 AntiPhish Default' -DmarcRejectAction quarantine "
                 "-HonorDmarcPolicy $false")
            .empty());
  CHECK(desk.all("Get-AntiPhishPolicy", "DmarcRejectAction") == "Quarantine");
  CHECK(desk.all("Get-AntiPhishPolicy", "HonorDmarcPolicy") == "False");
  CHECK(desk.run("Remove-AntiPhishPolicy Default").starts_with("The default policy cannot"));
  CHECK(desk.run("Set-AntiPhishPolicy Default -DmarcRejectAction Delete").contains("Delete"));
  CHECK(desk.run("Set-AntiPhishPolicy Default -EnableViaTag $true") ==
        "EnableViaTag: this parameter is reserved and cannot be set here.");
  CHECK(desk.run("Set-AntiPhishPolicy Other").contains("object 'Other' couldn't be found"));
}

TEST_CASE("policies and their rules") {
  Desk desk;
  CHECK(desk.all("New-AntiPhishPolicy Board -AuthenticationFailAction Quarantine", "IsDefault") ==
        "False");
  CHECK(desk.run("New-AntiPhishPolicy Sales -EnableSpoofIntelligence $false").empty());
  CHECK(desk.run("New-AntiPhishPolicy board") == "Name: there is a policy board already.");
  CHECK(desk.all("Get-AntiPhishPolicy", "Name") == "Default Board Sales");
  const std::string guid = desk.all("Get-AntiPhishPolicy Board", "Guid");
  CHECK(desk.all("Get-AntiPhishPolicy " + guid, "Name") == "Board");

  CHECK(desk.all("New-AntiPhishRule Board -AntiPhishPolicy board -SentTo Ann@Contoso.com",
                 "AntiPhishPolicy") == "Board");
  CHECK(desk.run("New-AntiPhishRule Sales -AntiPhishPolicy Sales -RecipientDomainIs "
                 "sales.contoso.com -Priority 0 -Enabled $false")
            .empty());
  CHECK(desk.all("Get-AntiPhishRule", "Name") == "Sales Board");
  CHECK(desk.all("Get-AntiPhishRule", "Priority") == "0 1");
  CHECK(desk.all("Get-AntiPhishRule -State Enabled", "Name") == "Board");
  CHECK(desk.all("Get-AntiPhishRule Board", "SentTo") == "ann@contoso.com");
  CHECK(desk.run("Enable-AntiPhishRule Sales").empty());
  CHECK(desk.all("Get-AntiPhishRule -State Enabled", "Name") == "Sales Board");
  CHECK(desk.run("Disable-AntiPhishRule Sales").empty());
  CHECK(desk.all("Get-AntiPhishRule Sales", "State") == "Disabled");

  CHECK(desk.run("Set-AntiPhishRule Board -Priority 0 -Name 'The board' -ExceptIfSentTo "
                 "kim@contoso.com")
            .empty());
  CHECK(desk.all("Get-AntiPhishRule", "Name") == "The board Sales");
  CHECK(desk.run("Set-AntiPhishRule 'The board' -ExceptIfSentTo $null").empty());
  CHECK(desk.all("Get-AntiPhishRule 'The board'", "ExceptIfSentTo").empty());
  CHECK(desk.run("Set-AntiPhishRule Sales -Priority 2") == "Priority: 2 is not from 0 to 1.");
  CHECK(desk.run("Set-AntiPhishRule Sales -SentToMemberOf staff@contoso.com")
            .starts_with("SentToMemberOf: there are no groups here; name the recipients"));
  CHECK(desk.run("Set-AntiPhishRule Sales -RecipientDomainIs $null") ==
        "A rule needs a condition: SentTo or RecipientDomainIs.");

  CHECK(desk.run("Remove-AntiPhishPolicy Board") ==
        "The policy Board is that of the rule The board; remove the rule first.");
  CHECK(desk.run("Remove-AntiPhishRule 'The board'").empty());
  CHECK(desk.run("Remove-AntiPhishPolicy Board").empty());
  CHECK(desk.all("Get-AntiPhishPolicy", "Name") == "Default Sales");
}

TEST_CASE("the weights of composite authentication") {
  Desk desk;
  CHECK(desk.all("Get-CompositeAuthConfig", "SubnetWeight") == "40");
  CHECK(desk.run("Set-CompositeAuthConfig -SubnetWeight 0 -PassThreshold 120 -WhatIf") ==
        "What if: Setting SubnetWeight to 0, PassThreshold to 120 of organization \"Contoso\".");
  CHECK(desk.run("Set-CompositeAuthConfig -SubnetWeight 0 -PassThreshold 120").empty());
  CHECK(desk.all("Get-CompositeAuthConfig Default", "SubnetWeight") == "0");
  CHECK(desk.all("Get-CompositeAuthConfig", "PassThreshold") == "120");
  CHECK(desk.run("Set-CompositeAuthConfig -SubnetWeight -1").contains("from 0 to 1000"));
  CHECK(desk.run("Set-CompositeAuthConfig").contains("Nothing is to be set"));
  CHECK(desk.run("Set-CompositeAuthConfig Other -SubnetWeight 1").contains("couldn't be found"));
}
