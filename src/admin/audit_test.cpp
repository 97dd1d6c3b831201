#include "admin/audit.h"

#include <doctest/doctest.h>

#include "admin/test_desk.h"

using namespace postern;
using namespace postern::admin;

namespace {

class AuditDesk : public TestDesk {
 public:
  AuditDesk() {
    audit_ = std::move(*store::AuditLog::open(folder + "/audit.db"));
    REQUIRE(call("New-Organization Contoso"));
    REQUIRE(call("New-AcceptedDomain contoso.test"));
  }

  /// The newest entries as objects.
  List entries(std::string_view search = "Search-AdminAuditLog") {
    auto found = call(search);
    REQUIRE(found);
    return found->values;
  }
  std::string setting(std::string_view name) {
    return call("Get-OrganizationConfig")->values.at(0).get<Object>()->find(name)->to_text();
  }

 protected:
  Services services() override {
    Services services = TestDesk::services();
    services.audit = audit_.get();
    return services;
  }

 private:
  std::unique_ptr<store::AuditLog> audit_;
};

std::string text(const Value& object, std::string_view property) {
  return object.get<Object>()->find(property)->to_text();
}

}  // namespace

TEST_CASE("a change is written down with its caller, the old and the new value") {
  AuditDesk desk;
  desk.caller.name = "Ann";
  REQUIRE(desk.call("Set-OrganizationConfig -RejectDirectSend $true -DeferOnTempError $false"));
  const List entries = desk.entries();
  REQUIRE(entries.size() == 3);
  CHECK(text(entries.front(), "Caller") == "Ann");
  CHECK(text(entries.front(), "CmdletName") == "Set-OrganizationConfig");
  CHECK(text(entries.front(), "ObjectModified") == "Contoso");
  CHECK(text(entries.front(), "Succeeded") == "True");
  // Only what is another now.
  CHECK(text(entries.front(), "ModifiedProperties") ==
        "@{Name=RejectDirectSend; OldValue=False; NewValue=True}");
}

TEST_CASE("what is made and what is removed is there with all its properties") {
  AuditDesk desk;
  REQUIRE(desk.call("New-Recipient ann@contoso.test -Aliases a@contoso.test"));
  CHECK(text(desk.entries().front(), "ObjectModified") == "ann@contoso.test");
  CHECK(text(desk.entries().front(), "ModifiedProperties").contains("NewValue=a@contoso.test"));
  REQUIRE(desk.call("Remove-Recipient ann@contoso.test"));
  CHECK(text(desk.entries().front(), "ModifiedProperties").contains("OldValue=a@contoso.test"));
}

TEST_CASE("what was refused is written down, what was only asked is not") {
  AuditDesk desk;
  CHECK_FALSE(desk.call("New-Recipient ann@elsewhere.test"));
  CHECK(text(desk.entries().front(), "Succeeded") == "False");
  CHECK(text(desk.entries().front(), "Error").contains("elsewhere.test"));
  CHECK(text(desk.entries().front(), "ModifiedProperties").empty());
  const std::size_t before = desk.entries().size();
  REQUIRE(desk.call("Set-OrganizationConfig -RejectDirectSend $true -WhatIf"));
  REQUIRE(desk.call("Get-OrganizationConfig"));
  CHECK(desk.entries().size() == before);
  CHECK(desk.entries("Search-AdminAuditLog -IsSuccess $false").size() == 1);
  CHECK(desk.entries("Search-AdminAuditLog -Cmdlets New-Rec*").size() == 1);
}

TEST_CASE("what belongs to no organization is for those who are not for one only") {
  AuditDesk desk;
  CHECK(desk.entries("Search-AdminAuditLog -Cmdlets New-Organization").size() == 1);
  desk.caller.organization = desk.directory->snapshot()->find_organization("Contoso")->guid();
  CHECK(desk.entries("Search-AdminAuditLog -Cmdlets New-Organization").empty());
  CHECK(desk.entries("Search-AdminAuditLog -Cmdlets New-AcceptedDomain").size() == 1);
}

TEST_CASE("a file of recipients is not copied into the log") {
  AuditDesk desk;
  std::string lines;
  for (int i = 0; i < 500; ++i) lines += "user" + std::to_string(i) + "@contoso.test\n";
  REQUIRE(desk.call("Import-Recipient", "", Object{{"Content", lines}}));
  CHECK(text(desk.entries().front(), "CmdletParameters").contains("octets)"));
}

TEST_CASE("undoing takes the last change back, and undoing that brings it again") {
  AuditDesk desk;
  CHECK(desk.call("Undo-OrganizationConfig").error().message.contains("no change"));

  REQUIRE(desk.call("Set-OrganizationConfig -RelayNextHop smtp:smarthost.test:25"));
  REQUIRE(desk.call("Set-OrganizationConfig -RejectDirectSend $true -GatewayInFront $true"));
  // Says what is there already: nothing to take back.
  REQUIRE(desk.call("Set-OrganizationConfig -RejectDirectSend $true"));

  CHECK(desk.call("Undo-OrganizationConfig -WhatIf")->warnings.size() == 2);
  CHECK(desk.setting("RejectDirectSend") == "True");

  REQUIRE(desk.call("Undo-OrganizationConfig"));
  CHECK(desk.setting("RejectDirectSend") == "False");
  CHECK(desk.setting("GatewayInFront") == "False");
  CHECK(desk.setting("RelayNextHop") == "smtp:smarthost.test:25");

  const auto again = desk.call("Undo-OrganizationConfig");
  REQUIRE(again);
  CHECK(again->warnings.front().starts_with("Undone: Undo-OrganizationConfig by test"));
  CHECK(desk.setting("RejectDirectSend") == "True");
}

TEST_CASE("undoing empties what was empty") {
  AuditDesk desk;
  REQUIRE(desk.call("Set-OrganizationConfig -RelayNextHop smtp:smarthost.test:25"));
  REQUIRE(desk.call("Undo-OrganizationConfig"));
  CHECK(desk.setting("RelayNextHop").empty());
}
