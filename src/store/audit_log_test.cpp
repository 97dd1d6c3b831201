#include "store/audit_log.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

using namespace postern;
using namespace postern::store;

namespace {

struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "postern-audit-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::unique_ptr<AuditLog> open(std::size_t max_entries = 100) const {
    auto log = AuditLog::open((path / "audit.db").string(), max_entries);
    REQUIRE(log);
    return std::move(*log);
  }
  std::filesystem::path path;
};

const Time today = *parse_iso("2025-01-29T12:00:00Z");

AuditEntry entry(std::string cmdlet, std::string caller = "Ann", Time time = today) {
  return {.time = time,
          .caller = std::move(caller),
          .organization = "contoso",
          .organization_name = "Contoso",
          .cmdlet = std::move(cmdlet),
          .object = "Printers",
          .parameters = R"({"Enabled":false})",
          .changes = R"([{"Name":"Enabled","OldValue":true,"NewValue":false}])",
          .succeeded = true};
}

/// The cmdlets of what is found, in order.
std::string found(const AuditLog& log, const AuditQuery& query) {
  const auto entries = log.search(query);
  REQUIRE(entries);
  std::string names;
  for (const AuditEntry& one : *entries) names += one.cmdlet + " ";
  return names;
}

}  // namespace

TEST_CASE("an entry comes back whole after a restart") {
  const Folder folder;
  REQUIRE(folder.open()->add(entry("Set-InboundConnector")));
  const auto entries = folder.open()->search({});
  REQUIRE(entries);
  REQUIRE(entries->size() == 1);
  const AuditEntry& one = entries->front();
  CHECK(one.time == today);
  CHECK(one.caller == "Ann");
  CHECK(one.organization_name == "Contoso");
  CHECK(one.object == "Printers");
  CHECK(one.parameters == R"({"Enabled":false})");
  CHECK(one.changes.contains("OldValue"));
  CHECK(one.succeeded);
}

TEST_CASE("every filter takes away what it names, newest first") {
  const Folder folder;
  const auto log = folder.open();
  REQUIRE(log->add(entry("A", "Ann", today - std::chrono::hours(2))));
  REQUIRE(log->add(entry("B", "Bob")));
  AuditEntry elsewhere = entry("C");
  elsewhere.organization = "fabrikam";
  elsewhere.object = "Scanner";
  elsewhere.succeeded = false;
  REQUIRE(log->add(elsewhere));

  CHECK(found(*log, {}) == "C B A ");
  CHECK(found(*log, {.organization = "contoso"}) == "B A ");
  CHECK(found(*log, {.start = today}) == "C B ");
  CHECK(found(*log, {.end = today - std::chrono::hours(1)}) == "A ");
  CHECK(found(*log, {.cmdlets = {"a", "c"}}) == "C A ");
  CHECK(found(*log, {.objects = {"scan*"}}) == "C ");
  CHECK(found(*log, {.callers = {"bob"}}) == "B ");
  CHECK(found(*log, {.succeeded = false}) == "C ");
  CHECK(found(*log, {.limit = 1}) == "C ");
}

TEST_CASE("what is too old or too much goes, the oldest first") {
  const Folder folder;
  const auto log = folder.open(3);
  REQUIRE(log->add(entry("old", "Ann", today - std::chrono::days(366))));
  REQUIRE(log->add(entry("1")));
  CHECK(found(*log, {}) == "1 ");
  for (const char* name : {"2", "3", "4"}) REQUIRE(log->add(entry(name)));
  CHECK(found(*log, {}) == "4 3 2 ");
}
