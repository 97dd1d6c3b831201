// The stages of RejectDirectSend by cmdlet: Set-OrganizationConfig, Set-AcceptedDomain, the
// exceptions, the audit log and what Undo-OrganizationConfig takes back.
#include <doctest/doctest.h>

#include "admin/test_desk.h"

using namespace postern;
using namespace postern::admin;

namespace {

struct Desk final : TestDesk {
  Desk() {
    audit = std::move(*store::AuditLog::open(folder + "/audit.db"));
    for (const char* line : {"New-Organization Contoso", "New-AcceptedDomain contoso.com"})
      REQUIRE(call(line));
  }
  Services services() override {
    Services made = TestDesk::services();
    made.audit = audit.get();
    return made;
  }
  std::string config(std::string_view property) { return all("Get-OrganizationConfig", property); }

  std::unique_ptr<store::AuditLog> audit;
};

constexpr std::string_view all_of_them =
    "Set-OrganizationConfig -RejectDirectSendMode audit -RejectDirectSendPercentage 20 "
    "-RejectDirectSendPilotRecipients Ann@contoso.com,bob@contoso.com "
    "-RejectDirectSendEffectiveFrom '2026-12-01 20:00' -RejectDirectSendReturnToAuditAbove 5";

}  // namespace

TEST_CASE("the stages are shown as they are set") {
  Desk desk;
  CHECK(desk.config("RejectDirectSendMode") == "Enforce");
  CHECK(desk.config("RejectDirectSendPercentage") == "100");
  CHECK(desk.config("RejectDirectSendPilotRecipients").empty());
  CHECK(desk.config("RejectDirectSendEffectiveFrom").empty());
  CHECK(desk.config("RejectDirectSendReturnToAuditAbove") == "0");
  REQUIRE(desk.run(all_of_them).empty());
  CHECK(desk.config("RejectDirectSendMode") == "Audit");
  CHECK(desk.config("RejectDirectSendPercentage") == "20");
  CHECK(desk.config("RejectDirectSendPilotRecipients") == "ann@contoso.com, bob@contoso.com");
  CHECK(desk.config("RejectDirectSendEffectiveFrom") == "2026-12-01T20:00:00.000Z");
  CHECK(desk.config("RejectDirectSendReturnToAuditAbove") == "5");
  REQUIRE(desk.run("Set-OrganizationConfig -RejectDirectSendPilotRecipients "
                   "@{Add='cid@contoso.com'; Remove='ANN@contoso.com'}")
              .empty());
  CHECK(desk.config("RejectDirectSendPilotRecipients") == "bob@contoso.com, cid@contoso.com");
  REQUIRE(desk.run("Set-OrganizationConfig -RejectDirectSendPilotRecipients $null "
                   "-RejectDirectSendEffectiveFrom $null")
              .empty());
  CHECK(desk.config("RejectDirectSendPilotRecipients").empty());
  CHECK(desk.config("RejectDirectSendEffectiveFrom").empty());
}

TEST_CASE("a value that makes no sense is refused, and the parameter is named") {
  Desk desk;
  for (const char* parameter :
       {"-RejectDirectSendMode Pilot", "-RejectDirectSendPercentage 101",
        "-RejectDirectSendPercentage -1", "-RejectDirectSendPercentage 12.5",
        "-RejectDirectSendPilotRecipients contoso.com",
        "-RejectDirectSendPilotRecipients *@contoso.com", "-RejectDirectSendEffectiveFrom tomorrow",
        "-RejectDirectSendReturnToAuditAbove -1", "-RejectDirectSendReturnToAuditAbove 1000001"}) {
    const std::string line = std::string("Set-OrganizationConfig ") + parameter;
    const std::string name = std::string(parameter).substr(1, std::string(parameter).find(' ') - 1);
    CAPTURE(line);
    CHECK(desk.run(line).contains(name));
    CHECK_FALSE(desk.run(line + " -WhatIf").starts_with("What if: "));
  }
}

TEST_CASE("the audit log has what changed, and the last change can be undone and done again") {
  Desk desk;
  REQUIRE(desk.run(all_of_them).empty());
  const std::string changes =
      desk.all("Search-AdminAuditLog -Cmdlets Set-OrganizationConfig", "ModifiedProperties");
  CHECK(changes.contains("Name=RejectDirectSendMode; OldValue=Enforce; NewValue=Audit"));
  CHECK(changes.contains("Name=RejectDirectSendPercentage; OldValue=100; NewValue=20"));
  const auto undo = [&] { CHECK(desk.run("Undo-OrganizationConfig").starts_with("Undone: ")); };
  undo();
  CHECK(desk.config("RejectDirectSendMode") == "Enforce");
  CHECK(desk.config("RejectDirectSendPercentage") == "100");
  CHECK(desk.config("RejectDirectSendPilotRecipients").empty());
  CHECK(desk.config("RejectDirectSendEffectiveFrom").empty());
  CHECK(desk.config("RejectDirectSendReturnToAuditAbove") == "0");
  undo();
  CHECK(desk.config("RejectDirectSendMode") == "Audit");
  CHECK(desk.config("RejectDirectSendPilotRecipients") == "ann@contoso.com, bob@contoso.com");
  CHECK(desk.config("RejectDirectSendEffectiveFrom") == "2026-12-01T20:00:00.000Z");
  CHECK(desk.config("RejectDirectSendReturnToAuditAbove") == "5");
}

TEST_CASE("a domain has a switch of its own") {
  Desk desk;
  REQUIRE(desk.run("New-AcceptedDomain shop.contoso.com -RejectDirectSend $false").empty());
  CHECK(desk.all("Get-AcceptedDomain", "RejectDirectSend") == "Inherit False");
  REQUIRE(desk.run("Set-AcceptedDomain contoso.com -RejectDirectSend true").empty());
  REQUIRE(desk.run("Set-AcceptedDomain shop.contoso.com -RejectDirectSend inherit").empty());
  CHECK(desk.all("Get-AcceptedDomain", "RejectDirectSend") == "True Inherit");
  CHECK(desk.run("Set-AcceptedDomain contoso.com -RejectDirectSend maybe")
            .contains("RejectDirectSend"));
  CHECK(desk.all("Search-AdminAuditLog -Cmdlets Set-AcceptedDomain -ObjectIds contoso.com "
                 "-IsSuccess $true",
                 "ModifiedProperties")
            .contains("Name=RejectDirectSend; OldValue=Inherit; NewValue=True"));
}

TEST_CASE("exceptions are made, shown, changed and removed") {
  Desk desk;
  REQUIRE(desk.run("New-DirectSendException Scanner -SenderIPAddresses 198.51.100.7 -ExpiresOn "
                   "2100-01-01 -Reason 'until the new one is there'")
              .empty());
  REQUIRE(desk.run("New-DirectSendException Payroll -SenderCertificateName *.payroll.example "
                   "-Senders payroll@contoso.com -Recipients contoso.com -ExpiresOn 2100-01-01 "
                   "-Reason CHG-1042")
              .empty());
  CHECK(desk.all("Get-DirectSendException", "Name") == "Payroll Scanner");
  CHECK(desk.all("Get-DirectSendException P*", "SenderCertificateName") == "*.payroll.example");
  CHECK(desk.all("Get-DirectSendException scanner", "Expired") == "False");
  CHECK(desk.all("Get-DirectSendException scanner", "ExpiresOn") == "2100-01-01T00:00:00.000Z");
  REQUIRE(desk.run("Set-DirectSendException scanner -SenderIPAddresses @{Add='198.51.100.8'} "
                   "-Reason later")
              .empty());
  CHECK(desk.all("Get-DirectSendException Scanner", "SenderIPAddresses") ==
        "198.51.100.7, 198.51.100.8");
  CHECK(desk.all("Search-AdminAuditLog -Cmdlets Set-DirectSendException", "ModifiedProperties")
            .contains("Name=Reason; OldValue=until the new one is there; NewValue=later"));
  CHECK(desk.run("Remove-DirectSendException Payroll").empty());
  CHECK(desk.run("Remove-DirectSendException Payroll").contains("Payroll"));
  CHECK(desk.all("Get-DirectSendException", "Name") == "Scanner");
}

TEST_CASE("one that has expired is shown as that") {
  Desk desk;
  REQUIRE(desk.run("New-DirectSendException Old -SenderIPAddresses 198.51.100.7 -ExpiresOn "
                   "2100-01-01 -Reason test")
              .empty());
  // As if years had gone by.
  desk.directory.reset();
  store::Database::open(desk.folder + "/postern.db")
      .value()
      .execute("UPDATE direct_send_exception SET expires = 1");
  desk.directory = std::move(*store::DirectoryStore::open(desk.folder + "/postern.db"));
  CHECK(desk.all("Get-DirectSendException", "Expired") == "True");
  CHECK_MESSAGE(desk.run("Set-DirectSendException Old -Reason 'it was a test'").empty(),
                "its reason may still change");
}

TEST_CASE("an exception needs what makes it one") {
  Desk desk;
  for (const auto& [line, wanted] :
       {std::pair("A -SenderIPAddresses 198.51.100.7 -Reason r", "ExpiresOn"),
        std::pair("A -SenderIPAddresses 198.51.100.7 -ExpiresOn 2100-01-01", "Reason"),
        std::pair("A -SenderIPAddresses 198.51.100.7 -ExpiresOn 2020-01-01 -Reason r", "ExpiresOn"),
        std::pair("A -SenderIPAddresses mail.test -ExpiresOn 2100-01-01 -Reason r",
                  "SenderIPAddresses"),
        std::pair("A -Senders a@contoso.com -ExpiresOn 2100-01-01 -Reason r", "-Force"),
        std::pair("A -ExpiresOn 2100-01-01 -Reason r -Force", "SenderIPAddresses")}) {
    const std::string command = std::string("New-DirectSendException ") + line;
    CAPTURE(command);
    CHECK(desk.run(command).contains(wanted));
    CHECK(desk.run(command + " -WhatIf").contains(wanted));
  }
  CHECK(desk.all("Get-DirectSendException", "Name").empty());
  CHECK(desk.run("New-DirectSendException A -Senders a@contoso.com -ExpiresOn 2100-01-01 -Reason r "
                 "-Force")
            .contains("neither addresses nor a certificate"));
}
