#include <doctest/doctest.h>

#include "admin/commands.h"
#include "admin/test_desk.h"

using namespace postern;
using namespace postern::admin;

namespace {

struct Desk : TestDesk {
  Desk() {
    run("New-Organization Contoso");
    run("New-AcceptedDomain contoso.com");
  }
};

constexpr std::string_view allow =
    "New-TenantAllowBlockListSpoofItems -Identity Default -Action Allow -SpoofedUser GMail.com "
    "-SendingInfrastructure tms.mx.com -SpoofType External";

}  // namespace

TEST_CASE("spoofed senders are listed, turned and removed") {
  Desk desk;
  CHECK(desk.run(std::string(allow) + " -WhatIf") ==
        "What if: Creating the entry Allow \"gmail.com\" from \"tms.mx.com\".");
  CHECK(desk.all("Get-TenantAllowBlockListSpoofItems", "Identity").empty());
  const std::string id = desk.all(allow, "Identity");
  CHECK(directory::Guid::parse(id));
  CHECK(desk.run(allow).contains("is in the list already"));
  CHECK(desk.run("New-TenantAllowBlockListSpoofItems -Action Block -SpoofedUser hr@contoso.com "
                 "-SendingInfrastructure 203.0.113.0/24 -SpoofType Internal -ExpirationDate "
                 "2099-01-01")
            .empty());
  const std::string get = "Get-TenantAllowBlockListSpoofItems";
  CHECK(desk.all(get, "SpoofedUser") == "gmail.com hr@contoso.com");
  CHECK(desk.all(get + " -Action Block", "SendingInfrastructure") == "203.0.113.0/24");
  CHECK(desk.all(get + " -SpoofType External -Identity contoso.com\\Default", "Action") == "Allow");
  CHECK(desk.all(get + " -Action Block", "ExpirationDate").starts_with("2099-01-01"));
  CHECK(desk.run(get + " fabrikam.com\\Default").contains("couldn't be found"));

  // What was stored is what is loaded.
  desk.directory.reset();
  desk.directory = std::move(*store::DirectoryStore::open(desk.folder + "/postern.db"));
  CHECK(desk.all(get, "SpoofedUser") == "gmail.com hr@contoso.com");
  CHECK(desk.all(get + " -Action Block", "ExpirationDate").starts_with("2099-01-01"));

  const std::string set = "Set-TenantAllowBlockListSpoofItems -Identity contoso.com\\Default -Ids ";
  CHECK(desk.run(set + id + " -Action Block").empty());
  CHECK(desk.all(get, "Action") == "Block Block");
  CHECK(desk.run(set + "5f1d36b0-0a52-4b5a-8ab7-2ac4d2a1d0a3 -Action Block")
            .contains("couldn't be found"));
  CHECK(desk.run(set + id).contains("Action"));

  const std::string remove = "Remove-TenantAllowBlockListSpoofItems -Confirm:$false -Ids ";
  CHECK(desk.run(remove + id + " -WhatIf").starts_with("What if: Removing"));
  CHECK(desk.run(remove + id).empty());
  CHECK(desk.all(get, "SpoofedUser") == "hr@contoso.com");
  CHECK(desk.run(remove + id).contains("couldn't be found"));
}

TEST_CASE("limits of the list are told") {
  Desk desk;
  const auto add = [&](std::string_view user, std::string_view infrastructure,
                       std::string_view type, std::string_view more = "") {
    return desk.run("New-TenantAllowBlockListSpoofItems -Action Block -SpoofedUser '" +
                    std::string(user) + "' -SendingInfrastructure '" + std::string(infrastructure) +
                    "' -SpoofType " + std::string(type) + std::string(more));
  };
  CHECK(add("*", "*", "External").contains("only one of them can be *"));
  CHECK(add("contoso.com", "*", "External").contains("so the type is Internal"));
  CHECK(add("gmail.com", "*", "Internal").contains("so the type is External"));
  CHECK(add("gmail.com", "203.0.113.0/28", "External").contains("/24"));
  CHECK(add("gmail.com", "*", "External", " -ExpirationDate 2001-01-01").contains("past already"));
  CHECK(add("gmail.com", "*", "Sideways").contains("Sideways"));
  CHECK(desk.all("Get-TenantAllowBlockListSpoofItems", "SpoofedUser").empty());
}

TEST_CASE("what was learned is shown") {
  struct Learned : Desk {
    Services services() override {
      Services made = Desk::services();
      made.spoofs = spoofs.get();
      return made;
    }
    void see(std::string user, store::SpoofOutcome outcome, int reason) {
      const auto organization = directory->snapshot()->only_organization()->id();
      spoofs->note({.pair = {.organization = organization,
                             .type = postern::directory::SpoofType::internal,
                             .spoofed_user = std::move(user),
                             .sending_infrastructure = "tms.com"},
                    .at = now(),
                    .outcome = outcome,
                    .reason = reason,
                    .author_domain = "contoso.com",
                    .true_sender = "phish.test",
                    .spf = "pass",
                    .dkim = "none",
                    .dmarc = "fail"});
    }
    std::unique_ptr<store::SpoofIntelligence> spoofs =
        std::move(store::SpoofIntelligence::open({.path = folder + "/spoof.db"}).value());
  } desk;
  using store::SpoofOutcome;
  desk.see("ceo@contoso.com", SpoofOutcome::blocked, 601);
  desk.see("ceo@contoso.com", SpoofOutcome::blocked, 601);
  desk.see("hr@contoso.com", SpoofOutcome::would_block, 601);
  desk.see("it@contoso.com", SpoofOutcome::dmarc, 10);
  const std::string insight = "Get-SpoofIntelligenceInsight";
  CHECK(desk.all(insight, "SpoofedUser") == "ceo@contoso.com hr@contoso.com");
  CHECK(desk.all(insight, "MessageCount") == "2 1");
  CHECK(desk.all(insight, "Action") == "Blocked Blocked");
  CHECK(desk.all(insight, "WhatIf") == "False True");
  CHECK(desk.all(insight, "SendingInfrastructure") == "tms.com tms.com");
  const std::string report = "Get-SpoofMailReport";
  CHECK(desk.all(report + " -PageSize 1 -Page 3", "SpoofedUser").contains("@contoso.com"));
  CHECK(desk.all(report, "TrueSender") == "phish.test phish.test phish.test");
  CHECK(desk.all(report, "ResultCode").contains("010"));
  CHECK(desk.all(report + " -Action Allowed", "Count").empty());
  CHECK(desk.run(report + " -StartDate 2001-01-01").contains("kept for 90 days"));
  CHECK(desk.run(report + " -PageSize 1").contains("more results"));
  CHECK(desk.run(report + " -PageSize 0").contains("PageSize"));
}

TEST_CASE("where nothing is learned, that is said") {
  Desk desk;
  CHECK(desk.run("Get-SpoofIntelligenceInsight").contains("Nothing is learned"));
  CHECK(desk.run("Get-SpoofMailReport").contains("Nothing is learned"));
}
