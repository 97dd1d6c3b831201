#include "store/trace_scan.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "base/encoding.h"
#include "store/trace_day.h"
#include "store/trace_store.h"

using namespace postern;
using namespace postern::store;

namespace {

struct Reader final : TraceRowReader {
  void begin_day() override { ++days; }
  void read(const TraceScanRow& row, TraceTexts& texts) override {
    seen.push_back(texts.text(row.client) + " " + std::string(row.reverse_path) + " " +
                   texts.text(row.forward_path) + " " + texts.text(row.facts) + " " +
                   texts.text(row.dkim) + (row.has_tls ? " tls" : ""));
    received.push_back(row.received);
    facts.push_back(row.facts);
  }
  int days = 0;
  std::vector<std::string> seen;
  std::vector<Time> received;
  std::vector<TraceTextId> facts;
};

struct Folder {
  Folder() {
    char name[] = "/tmp/postern-scan-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
    trace = std::move(*TraceStore::open({.folder = path + "/trace"}));
  }
  ~Folder() {
    trace.reset();
    std::filesystem::remove_all(path);
  }
  TraceRecord record(Time received, const std::string& sender,
                     const std::string& organization = "Contoso") {
    TraceRecord one;
    one.message_trace_id = time_ordered_uuid(received);
    one.forward_path = "ann@contoso.com";
    one.received = received;
    one.client = "192.0.2.1";
    one.reverse_path = sender;
    one.organization = organization;
    one.facts = "facts of " + sender;
    return one;
  }
  std::string path;
  std::unique_ptr<TraceStore> trace;
};

}  // namespace

TEST_CASE("all rows of the organization in the time, the oldest day first") {
  Folder folder;
  const Time today = now();
  const Time before = today - std::chrono::days(1);
  folder.trace->record(folder.record(today, "b@contoso.com"));
  folder.trace->record(folder.record(before, "a@contoso.com"));
  TraceRecord more = folder.record(today, "");
  more.organization = "CONTOSO";
  more.tls = "TLSv1.3";
  more.dkim = {"pass d=a s=b", "fail d=c s=d"};
  folder.trace->record(more);
  folder.trace->record(folder.record(today, "c@fabrikam.test", "Fabrikam"));
  folder.trace->record(folder.record(today - std::chrono::days(9), "d@contoso.com"));

  Reader reader;
  const TraceScanned scanned =
      folder.trace->scan({"contoso", today - std::chrono::days(2), today}, reader);
  CHECK(scanned.rows == 3);
  CHECK(scanned.problems.empty());
  CHECK(reader.days == 2);
  CHECK(scanned.first == before);
  CHECK(scanned.last == today);
  REQUIRE(reader.seen.size() == 3);
  CHECK(reader.seen[0] == "192.0.2.1 a@contoso.com ann@contoso.com facts of a@contoso.com ");
  std::ranges::sort(reader.seen);
  CHECK(reader.seen[0] == "192.0.2.1  ann@contoso.com facts of  pass d=a s=b\nfail d=c s=d tls");
}

TEST_CASE("equal texts have equal numbers within a day") {
  Folder folder;
  const Time today = now();
  for (const char* sender : {"a@contoso.com", "b@contoso.com", "a@contoso.com"})
    folder.trace->record(folder.record(today, sender));
  Reader reader;
  folder.trace->scan({"Contoso", today, today}, reader);
  REQUIRE(reader.facts.size() == 3);
  std::ranges::sort(reader.facts);
  CHECK((reader.facts[0] == reader.facts[1]) != (reader.facts[1] == reader.facts[2]));
}

TEST_CASE("a day that cannot be read is told, the others are shown") {
  Folder folder;
  const Time today = now();
  folder.trace->record(folder.record(today, "a@contoso.com"));
  const Time before = today - std::chrono::days(1);
  std::ofstream(folder.path + "/trace/" + trace_day_name(before) + ".db") << "this is no database";
  Reader reader;
  const TraceScanned scanned = folder.trace->scan({"Contoso", before, today}, reader);
  CHECK(scanned.rows == 1);
  REQUIRE(scanned.problems.size() == 1);
  CHECK(scanned.problems.front().contains(trace_day_name(before)));
}

TEST_CASE("rows of before the facts were kept have none") {
  Folder folder;
  const Time today = now();
  TraceRecord record = folder.record(today, "a@contoso.com");
  folder.trace->record(record);
  REQUIRE(folder.trace->flush(std::chrono::seconds(10)));
  folder.trace.reset();
  auto database = Database::open(folder.path + "/trace/" + trace_day_name(today) + ".db");
  REQUIRE(database);
  database->execute("PRAGMA user_version = 3");
  Reader reader;
  TraceScanned scanned;
  scan_trace_day(folder.path + "/trace/" + trace_day_name(today) + ".db", {"Contoso", today, today},
                 reader, scanned);
  CHECK(scanned.rows == 1);
  CHECK(reader.seen.front() == "192.0.2.1 a@contoso.com ann@contoso.com  ");
}

TEST_CASE("a memo asks again for what another number has taken the place of, and after a day") {
  TraceMemo<std::string> memo(4);
  std::vector<TraceTextId> asked;
  const auto find = [&](TraceTextId id) {
    return memo.find(id, [&](TraceTextId missing) {
      asked.push_back(missing);
      return std::to_string(missing);
    });
  };
  for (const TraceTextId id : {1, 2, 1, 5, 5, 1, 0, 0, 4, 0}) CHECK(find(id) == std::to_string(id));
  CHECK(asked == std::vector<TraceTextId>{1, 2, 5, 1, 0, 4, 0});
  memo.clear();
  asked.clear();
  find(2);
  find(0);
  CHECK(asked == std::vector<TraceTextId>{2, 0});

  // A text that could not be read is not remembered under its number.
  CHECK_THROWS(memo.find(3, [](TraceTextId) -> std::string { throw SqliteError("no", 1); }));
  CHECK(find(3) == "3");
}
