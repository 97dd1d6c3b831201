#include <doctest/doctest.h>

#include "admin/test_desk.h"

using namespace postern;
using namespace postern::admin;
using store::Role;

namespace {

/// Two organizations and the tokens of a provider.
class TokenDesk : public TestDesk {
 public:
  TokenDesk() {
    tokens_ = std::move(*store::ApiTokens::open(folder + "/tokens.db"));
    for (const char* name : {"Contoso", "Fabrikam"}) {
      const std::string domain = to_lower(std::string(name)) + ".test";
      REQUIRE(call("New-Organization " + std::string(name)));
      REQUIRE(call("New-AcceptedDomain " + domain, name));
    }
  }

  /// From now on everything is called with a new token of this kind.
  void become(Role role, std::string_view organization = "") {
    caller = {.name = "somebody", .role = role};
    if (organization.empty()) return;
    caller.organization = directory->snapshot()->find_organization(organization)->guid();
  }

  /// What keeps the line from being run; empty: nothing.
  std::string trouble(std::string_view line, std::string_view organization = "Contoso") {
    const auto result = call(line, organization);
    return result ? std::string() : result.error().message;
  }

 protected:
  Services services() override {
    Services services = TestDesk::services();
    services.tokens = tokens_.get();
    return services;
  }

 private:
  std::unique_ptr<store::ApiTokens> tokens_;
};

std::string text(const Outcome& outcome, std::string_view property, std::size_t index = 0) {
  return outcome.values.at(index).get<Object>()->find(property)->to_text();
}

}  // namespace

TEST_CASE("a token is shown when it is made, and never again") {
  TokenDesk desk;
  const auto made = desk.call("New-ApiToken Ann -Role operator -Organization Contoso");
  REQUIRE(made);
  CHECK(text(*made, "Token").starts_with("pst_"));
  CHECK(made->warnings.size() == 1);

  const auto shown = desk.call("Get-ApiToken ann");
  REQUIRE(shown);
  CHECK(text(*shown, "Role") == "operator");
  CHECK(text(*shown, "Organization") == "Contoso");
  CHECK(shown->values.at(0).get<Object>()->find("Token") == nullptr);

  CHECK(desk.call("New-ApiToken Bob -Role viewer -WhatIf")->warnings.size() == 1);
  CHECK(desk.call("Get-ApiToken")->values.size() == 1);
  CHECK(desk.call("Remove-ApiToken Ann"));
  CHECK(desk.call("Get-ApiToken")->values.empty());
  CHECK(desk.trouble("Remove-ApiToken Ann").contains("couldn't be found"));
  CHECK(desk.trouble("New-ApiToken Ann -Role king").contains("Role"));
}

TEST_CASE("a viewer reads, an operator does the daily work, an administrator all") {
  TokenDesk desk;
  const std::string_view read = "Get-OrganizationConfig";
  const std::string_view daily = "New-Recipient ann@contoso.test";
  const std::string_view change = "Set-OrganizationConfig -RejectDirectSend $true";

  desk.become(Role::viewer);
  CHECK(desk.trouble(read) == "");
  CHECK(desk.trouble(daily) ==
        "New-Recipient needs the role operator: somebody has the role viewer.");
  CHECK(desk.trouble(change).contains("needs the role administrator"));
  CHECK(desk.trouble("Get-ApiToken").contains("needs the role administrator"));

  desk.become(Role::operator_);
  CHECK(desk.trouble(read) == "");
  CHECK(desk.trouble(daily) == "");
  CHECK(desk.trouble(change).contains("needs the role administrator"));

  desk.become(Role::administrator);
  CHECK(desk.trouble(change) == "");
}

TEST_CASE("who is for one organization neither sees nor touches another") {
  TokenDesk desk;
  REQUIRE(desk.call("New-ApiToken provider -Role administrator"));
  desk.become(Role::administrator, "Contoso");

  CHECK(desk.call("Get-Organization")->values.size() == 1);
  CHECK(text(*desk.call("Get-OrganizationConfig"), "Name") == "Contoso");
  for (const char* line :
       {"Get-OrganizationConfig", "Set-OrganizationConfig -RejectDirectSend $true",
        "Get-MessageTraceV2", "New-Recipient ann@fabrikam.test"}) {
    CAPTURE(line);
    CHECK(desk.trouble(line, "Fabrikam").contains("couldn't be found"));
    CHECK(desk.trouble(std::string(line) + " -Organization fabrikam.test", "")
              .contains("couldn't be found"));
  }
  CHECK(desk.trouble("Get-Organization Fabrikam", "").contains("couldn't be found"));
  CHECK(desk.trouble("New-Organization Third", "").contains("whole installation"));
  CHECK(desk.trouble("Remove-Organization Contoso", "").contains("whole installation"));

  // Tokens for itself, and no look at others'.
  CHECK(desk.call("Get-ApiToken")->values.empty());
  CHECK(desk.trouble("Remove-ApiToken provider").contains("couldn't be found"));
  CHECK(desk.trouble("New-ApiToken spy -Role viewer -Organization Fabrikam")
            .contains("couldn't be found"));
  const auto made = desk.call("New-ApiToken helpdesk -Role operator");
  REQUIRE(made);
  CHECK(text(*made, "Organization") == "Contoso");
  CHECK(desk.call("Get-ApiToken")->values.size() == 1);
}

TEST_CASE("a token outlives its organization without opening anything") {
  TokenDesk desk;
  desk.become(Role::administrator, "Contoso");
  const Caller orphan = desk.caller;
  desk.caller = {.name = "root"};
  REQUIRE(desk.call("Remove-Organization Contoso"));
  desk.caller = orphan;
  // Fabrikam is the only one there is now.
  CHECK(desk.trouble("Get-OrganizationConfig", "").contains("is not there"));
  CHECK(desk.trouble("Get-OrganizationConfig", "Fabrikam").contains("couldn't be found"));
}
