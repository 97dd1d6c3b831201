#include "edge/return_to_audit.h"

#include <doctest/doctest.h>

#include "admin/test_desk.h"

using namespace postern;
using namespace postern::edge;
using std::chrono::minutes;

namespace {

const Time noon = parse_iso("2026-11-23T12:00").value();

struct Desk final : admin::TestDesk {
  Desk() {
    audit = std::move(*store::AuditLog::open(folder + "/audit.db"));
    REQUIRE(call("New-Organization Contoso"));
    REQUIRE(
        call("Set-OrganizationConfig -RejectDirectSend $true "
             "-RejectDirectSendReturnToAuditAbove 3"));
  }
  directory::SharedOrganization contoso() { return directory->snapshot()->only_organization(); }
  admin::Services services() override {
    admin::Services made = TestDesk::services();
    made.audit = audit.get();
    return made;
  }
  std::string mode() { return all("Get-OrganizationConfig", "RejectDirectSendMode"); }

  std::unique_ptr<store::AuditLog> audit;
};

struct Counter {
  std::vector<ReturnToAudit::Due> due;
  ReturnToAudit returns{[this](const ReturnToAudit::Due& one) { due.push_back(one); }};
};

}  // namespace

TEST_CASE("more than the limit within an hour, and it is due once") {
  Desk desk;
  Counter counter;
  for (int i = 0; i < 3; ++i) counter.returns.note(*desk.contoso(), noon + minutes(i));
  CHECK(counter.due.empty());
  counter.returns.note(*desk.contoso(), noon + minutes(60));
  REQUIRE(counter.due.size() == 1);
  CHECK(counter.due[0].refused == 4);
  CHECK(counter.due[0].limit == 3);
  CHECK(counter.due[0].organization == desk.contoso()->guid());
  counter.returns.note(*desk.contoso(), noon + minutes(61));
  CHECK_MESSAGE(counter.due.size() == 1, "somebody sees to it");
  counter.returns.done(desk.contoso()->guid());
  for (int i = 0; i < 3; ++i) counter.returns.note(*desk.contoso(), noon + minutes(62));
  CHECK_MESSAGE(counter.due.size() == 1, "counting began anew");
}

TEST_CASE("what was more than an hour ago does not count") {
  Desk desk;
  Counter counter;
  for (int i = 0; i < 100; ++i) counter.returns.note(*desk.contoso(), noon + minutes(21 * i));
  CHECK(counter.due.empty());
  counter.returns.note(*desk.contoso(), noon + minutes(100'000));
  for (int i = 0; i < 3; ++i) counter.returns.note(*desk.contoso(), noon + minutes(100'000));
  CHECK(counter.due.size() == 1);
}

TEST_CASE("without a limit, and while it is audited, nothing is counted") {
  Desk desk;
  Counter counter;
  REQUIRE(desk.call("Set-OrganizationConfig -RejectDirectSendMode Audit"));
  for (int i = 0; i < 9; ++i) counter.returns.note(*desk.contoso(), noon);
  REQUIRE(
      desk.call("Set-OrganizationConfig -RejectDirectSendMode Enforce "
                "-RejectDirectSendReturnToAuditAbove 0"));
  for (int i = 0; i < 9; ++i) counter.returns.note(*desk.contoso(), noon);
  CHECK(counter.due.empty());
}

TEST_CASE("the mode becomes Audit as a change by posternd, which can be undone") {
  Desk desk;
  admin::Metrics metrics;
  admin::Services services = desk.services();
  const ReturnToAudit::Due due{desk.contoso()->guid(), 4, 3};
  return_to_audit(services, metrics, due);
  CHECK(desk.mode() == "Audit");
  CHECK(metrics.returned_to_audit.value() == 1);
  CHECK(desk.all("Search-AdminAuditLog -UserIds posternd", "CmdletName") ==
        "Set-OrganizationConfig");
  return_to_audit(services, metrics, due);
  CHECK_MESSAGE(metrics.returned_to_audit.value() == 1, "there was nothing to do");
  REQUIRE(desk.call("Undo-OrganizationConfig"));
  CHECK(desk.mode() == "Enforce");
  REQUIRE(desk.call("Set-OrganizationConfig -RejectDirectSendReturnToAuditAbove 0"));
  return_to_audit(services, metrics, due);
  CHECK_MESSAGE(desk.mode() == "Enforce", "an administrator no longer wants it");
}
