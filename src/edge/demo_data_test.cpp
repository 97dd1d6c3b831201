#include "edge/demo_data.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>

#include "dns/zone.h"
#include "edge/demo_traffic.h"
#include "mail/mailbox.h"

using namespace postern;
using namespace postern::edge;

namespace {

const Time until = parse_iso("2026-11-20T12:00:00Z").value();

struct Folder {
  Folder() {
    char name[] = "/tmp/postern-demo-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

}  // namespace

TEST_CASE("thirty days in order, the same for the same day, of addresses that are some") {
  const auto mails = make_demo_traffic(until);
  CHECK(mails.size() > 1'500);
  CHECK(mails.size() < 10'000);
  CHECK(std::ranges::is_sorted(mails, {}, &DemoMail::time));
  CHECK(mails.front().time >= until - std::chrono::days(demo_days));
  CHECK(mails.front().time < until - std::chrono::days(demo_days - 1));
  CHECK(mails.back().time <= until);
  const auto again = make_demo_traffic(until);
  CHECK(std::ranges::equal(mails, again, [](const DemoMail& a, const DemoMail& b) {
    return a.time == b.time && a.client == b.client && a.reverse_path == b.reverse_path &&
           a.forward_path == b.forward_path && a.subject == b.subject;
  }));
  for (const DemoMail& mail : mails) {
    REQUIRE(IpAddress::parse(mail.client));
    REQUIRE(mail::parse_mailbox(mail.forward_path));
    REQUIRE(mail::parse_mailbox(mail.author));
    if (!mail.reverse_path.empty()) REQUIRE(mail::parse_mailbox(mail.reverse_path));
  }
}

TEST_CASE("every message is in the trace once, and a second seeding adds nothing") {
  const Folder folder;
  const auto directory = store::DirectoryStore::open(folder.path / "postern.db").value();
  const auto trace = store::TraceStore::open({.folder = folder.path / "trace"}).value();
  dns::ZoneResolver resolver(
      dns::Zone::parse("contoso.test. TXT \"v=spf1 ip4:198.51.100.0/28 -all\"", "zone").value());
  const DemoParts parts{*directory, *trace, resolver, "mx.contoso.test"};
  const auto rows = seed_demo(parts, now());
  REQUIRE(rows);
  CHECK(*rows == make_demo_traffic(now()).size());
  CHECK(trace->counters().written == *rows);
  CHECK(trace->counters().lost == 0);
  const auto found = trace->find({.organization = "Contoso", .limit = 5000});
  REQUIRE(found);
  REQUIRE_FALSE(found->records.empty());
  std::set<std::string> ids;
  for (const store::TraceRecord& record : found->records) ids.insert(record.message_trace_id);
  CHECK(ids.size() == found->records.size());
  CHECK(seed_demo(parts, now()).value() == 0);
}

TEST_CASE("only an empty directory or a demo's is seeded") {
  const Folder folder;
  CHECK(check_demo_directory(folder.path / "not-there"));
  CHECK(check_demo_directory(folder.path));
  CHECK_FALSE(is_demo_directory(folder.path));
  std::ofstream(folder.path / "postern.db") << "somebody's";
  CHECK_FALSE(check_demo_directory(folder.path));
  REQUIRE(mark_demo_directory(folder.path));
  CHECK(check_demo_directory(folder.path));
  CHECK(is_demo_directory(folder.path));
}
