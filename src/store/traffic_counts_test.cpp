#include "store/traffic_counts.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "base/encoding.h"
#include "store/trace_store.h"

using namespace postern;
using namespace postern::store;
using namespace std::chrono_literals;

namespace {

const Time noon = *parse_iso("2025-01-29T12:10:00Z");

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/postern-counts-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  TrafficSettings settings() const {
    return {.folder = path + "/traffic", .clock = [] { return noon + 1h; }};
  }
  std::string path;
};

TraceRecord direct_send(std::string client = "198.51.100.7") {
  TraceRecord record;
  record.message_trace_id = random_uuid();
  record.forward_path = "ann@contoso.com";
  record.received = noon;
  record.client = std::move(client);
  record.ptr = "mfp-3.printers.contoso.com";
  record.hello = "MFP-3";
  record.reverse_path = "Scan@Contoso.com";
  record.organization = "Contoso";
  record.direct_send = record.own_sender = true;
  record.decision = "Reject";
  record.reasons = {"RejectDirectSend", "NearestMiss: connector P lists 198.51.100.8"};
  record.spf = "pass";
  return record;
}

struct Found {
  std::vector<CountedTraffic> rows;
  std::vector<CountedAddress> addresses;
  std::vector<std::string> problems;

  std::uint64_t messages() const {
    std::uint64_t sum = 0;
    for (const auto& row : rows) sum += row.count.messages;
    return sum;
  }
};

Found read(TrafficCounts& counts, std::string organization = "Contoso",
           Time start = noon - 24h * 40, Time end = noon + 24h) {
  const TrafficQuery query{std::move(organization), start, end};
  Found found;
  found.problems =
      counts.read(query, [&](const CountedTraffic& row) { found.rows.push_back(row); });
  counts.read(query, [&](const CountedAddress& row) { found.addresses.push_back(row); });
  return found;
}

void add(TrafficCounts& counts, const TraceRecord& record) {
  counts.add({&record, 1});
}

}  // namespace

TEST_CASE("equal messages are one row, with who they came from and what became of them") {
  const Folder folder;
  const auto counts = std::move(*TrafficCounts::open(folder.settings()));
  TraceRecord record = direct_send();
  add(*counts, record);
  const std::string first_id = record.message_trace_id;
  // The second recipient of the same message.
  record.forward_path = "bob@contoso.com";
  add(*counts, record);
  record.message_trace_id = random_uuid();
  record.received = noon + 5min;
  record.forward_path = "scan@contoso.com";
  record.tls = "TLSv1.3 X";
  add(*counts, record);

  const Found found = read(*counts);
  REQUIRE(found.rows.size() == 1);
  const auto& [key, count] = found.rows.front();
  CHECK(count.messages == 2);
  CHECK(count.recipients == 3);
  CHECK(count.self_to_self == 1);
  CHECK(count.with_tls == 1);
  CHECK(count.first == noon);
  CHECK(count.last == noon + 5min);
  CHECK(count.sample == first_id);
  CHECK(key.kind == TrafficKind::proven);
  CHECK(key.is_refused());
  CHECK(key[TrafficText::source] == "198.51.100.7");
  CHECK(key[TrafficText::ptr_domain] == "printers.contoso.com");
  CHECK(key[TrafficText::hello] == "mfp-3");
  CHECK(key[TrafficText::sender_domain] == "contoso.com");
  CHECK(key[TrafficText::nearest_miss] == "connector P lists 198.51.100.8");
  CHECK(key[TrafficText::reason] == "RejectDirectSend");

  std::map<std::string, std::uint64_t> messages;
  for (const auto& [address, sum] : found.addresses) {
    messages[(address.role == AddressRole::sender ? "from " : "to ") + address.address] =
        sum.messages;
    CHECK(sum.refused == sum.messages);
  }
  CHECK(messages == std::map<std::string, std::uint64_t>{{"from scan@contoso.com", 2},
                                                         {"to ann@contoso.com", 1},
                                                         {"to bob@contoso.com", 1},
                                                         {"to scan@contoso.com", 1}});
}

TEST_CASE("what kind of traffic it is") {
  const auto kind = [](auto change) {
    TraceRecord record = direct_send();
    change(record);
    TrafficKey key;
    fill(key, record);
    return key.kind;
  };
  CHECK(kind([](TraceRecord& r) { r.spf = "softfail"; }) == TrafficKind::unproven);
  CHECK(kind([](TraceRecord& r) {
          r.spf = "fail";
          r.dkim = {"fail d=contoso.com s=x", "pass d=mail.contoso.com s=s1"};
        }) == TrafficKind::proven);
  // A stranger's own signature and his own From prove nothing about the organization.
  CHECK(kind([](TraceRecord& r) {
          r.spf = "fail";
          r.dkim = {"pass d=phish.test s=s1"};
          r.dmarc = "pass";
          r.author = "x@phish.test";
        }) == TrafficKind::unproven);
  CHECK(kind([](TraceRecord& r) {
          r.direct_send = false;
          r.connector = "Printers";
        }) == TrafficKind::vouched);
  CHECK(kind([](TraceRecord& r) { r.direct_send = r.own_sender = false; }) == TrafficKind::foreign);
}

TEST_CASE("the source of foreign mail is its network") {
  TraceRecord record = direct_send("2001:db8:7:8::9");
  record.direct_send = record.own_sender = false;
  TrafficKey key;
  fill(key, record);
  CHECK(key[TrafficText::source] == "2001:db8:7::/48");
  CHECK(key[TrafficText::hello].empty());
}

TEST_CASE("digests of our own and releases from quarantine are no traffic") {
  TraceRecord record = direct_send();
  CHECK(is_traffic(record));
  record.reasons.emplace_back("Released: 2025-01-29T19:07:30.476Z by uid 0");
  CHECK_FALSE(is_traffic(record));
  record = direct_send("");
  CHECK_FALSE(is_traffic(record));
}

TEST_CASE("counts outlive the program, go on in the same rows, and belong to one organization") {
  const Folder folder;
  for (int i = 0; i < 2; ++i) {
    const auto counts = std::move(*TrafficCounts::open(folder.settings()));
    add(*counts, direct_send());
  }
  const auto counts = std::move(*TrafficCounts::open(folder.settings()));
  const Found found = read(*counts);
  REQUIRE(found.rows.size() == 1);
  CHECK(found.rows.front().count.messages == 2);
  CHECK(read(*counts, "Fabrikam").rows.empty());
}

TEST_CASE("records of the past go to their days, those too old are lost") {
  const Folder folder;
  const auto counts = std::move(*TrafficCounts::open(folder.settings()));
  TraceRecord record = direct_send();
  for (int day = 0; day < 30; ++day) {
    record.message_trace_id = random_uuid();
    record.received = noon - 24h * day;
    add(*counts, record);
  }
  record.message_trace_id = random_uuid();
  record.received = noon - 24h * 100;
  add(*counts, record);
  CHECK(read(*counts).messages() == 30);
  CHECK(read(*counts, "Contoso", noon - 49h, noon - 1h).messages() == 2);
  CHECK(counts->counters().lost == 1);
}

TEST_CASE("a damaged file is set aside, and counting begins anew") {
  const Folder folder;
  std::filesystem::create_directories(folder.path + "/traffic");
  std::ofstream(folder.path + "/traffic/2025-01-29.db") << std::string(5000, 'x');
  const auto counts = std::move(*TrafficCounts::open(folder.settings()));
  add(*counts, direct_send());
  CHECK(read(*counts).messages() == 1);
  CHECK(std::filesystem::exists(folder.path + "/traffic/2025-01-29.db.damaged"));
}

TEST_CASE("what cannot be written waits in memory") {
  const Folder folder;
  const auto counts = std::move(*TrafficCounts::open(folder.settings()));
  const std::string traffic = folder.path + "/traffic";
  std::filesystem::remove_all(traffic);
  std::ofstream(traffic) << "in the way";
  add(*counts, direct_send());
  CHECK_FALSE(counts->flush(10s));
  std::filesystem::remove(traffic);
  add(*counts, direct_send());
  const Found found = read(*counts);
  CHECK(found.problems.empty());
  CHECK(found.messages() == 2);
  CHECK(counts->counters().lost == 0);
}

TEST_CASE("days that are too old and files that are too large go") {
  const Folder folder;
  TrafficSettings settings = folder.settings();
  {
    const auto counts = std::move(*TrafficCounts::open(settings));
    for (int day = 0; day < 10; ++day) {
      TraceRecord record = direct_send();
      record.received = noon - 24h * day;
      add(*counts, record);
    }
  }
  settings.keep_days = 5;
  {
    const auto counts = std::move(*TrafficCounts::open(settings));
    counts->flush(10s);
    add(*counts, direct_send());
    CHECK(read(*counts).messages() == 7);
  }
  settings.max_bytes = 1;
  const auto counts = std::move(*TrafficCounts::open(settings));
  // Today's file is kept, and tells nothing new but that there was mail.
  add(*counts, direct_send("203.0.113.99"));
  add(*counts, direct_send());
  const Found found = read(*counts);
  CHECK(found.messages() == 4);
  for (const auto& [key, count] : found.rows) CHECK(key[TrafficText::source] != "203.0.113.99");
}

TEST_CASE("the trace's thread feeds the counts") {
  const Folder folder;
  const auto counts = std::move(*TrafficCounts::open(folder.settings()));
  const auto trace = std::move(*TraceStore::open(
      {.folder = folder.path + "/trace",
       .follower = [&](std::span<const TraceRecord> records) { counts->add(records); }}));
  for (int i = 0; i < 5; ++i) trace->record(direct_send());
  REQUIRE(trace->flush(10s));
  CHECK(read(*counts).messages() == 5);
}

// An attacker chooses everything that a client may say, and where it comes from.
TEST_CASE("whatever a stranger varies, rows stay below the limit and no message is forgotten") {
  std::mt19937 dice(20250129);
  const auto roll = [&](std::uint32_t sides) { return dice() % sides; };
  const auto word = [&] { return fmt::format("{:x}", dice()); };
  for (int world = 0; world < 8; ++world) {
    const Folder folder;
    TrafficSettings settings = folder.settings();
    settings.limits = {.organization_rows = 1 + roll(20),
                       .organization_addresses = 1 + roll(20),
                       .all_rows = 1 + roll(400)};
    // Sometimes the memory is full before the disk is asked.
    settings.pending_rows = 10 + roll(3000);
    auto counts = std::move(*TrafficCounts::open(settings));
    const bool varies_address = roll(2) == 0;
    std::uint64_t attack = 0;
    constexpr int messages = 3000;
    for (int i = 0; i < messages; ++i) {
      TraceRecord record = direct_send(
          varies_address ? fmt::format("2001:db8:{:x}:{:x}::{:x}", roll(65536), roll(65536), i)
                         : "192.0.2.66");
      record.ptr = word() + "." + word() + ".test";
      record.hello = word() + std::string(roll(400), 'h');
      record.certificate = word() + ".test";
      record.reverse_path = word() + "@" + word() + ".contoso.com";
      record.forward_path = word() + "@contoso.com";
      record.author = word() + "@" + word() + ".test";
      record.spf = std::array{"fail", "softfail", "none", "temperror"}[roll(4)];
      record.dkim = {"pass d=" + word() + ".test s=x"};
      record.direct_send = record.own_sender = roll(3) != 0;
      record.received = noon + std::chrono::seconds(roll(3000));
      if (record.direct_send) ++attack;
      add(*counts, record);
      if (roll(400) == 0) counts->flush(10s);
      // After a restart the limits still know what is there.
      if (roll(1000) == 0) {
        counts.reset();
        counts = std::move(*TrafficCounts::open(settings));
      }
    }
    const Found found = read(*counts);
    CHECK(found.messages() == messages);

    std::map<std::pair<TrafficKind, TrafficDetail>, std::uint64_t> rows;
    std::uint64_t all = 0;
    std::uint64_t seen = 0;
    for (const auto& [key, count] : found.rows) {
      ++rows[{key.kind, key.detail}];
      if (key.detail != TrafficDetail::none) ++all;
      if (is_direct_send(key.kind)) seen += count.messages;
      for (const std::string& text : key.texts) CHECK(text.size() <= max_traffic_text);
    }
    CHECK(seen == attack);
    for (const auto& [step, count] : rows) {
      // Of `none` there is one for each decision and reason.
      CHECK(count <= (step.second == TrafficDetail::none ? 1 : settings.limits.organization_rows));
    }
    std::map<std::pair<TrafficKind, int>, std::uint64_t> names;
    std::uint64_t sent = 0;
    for (const auto& [key, count] : found.addresses) {
      ++names[{key.kind, detail_of(key)}];
      if (detail_of(key) < 2) ++all;
      if (key.role == AddressRole::sender) sent += count.messages;
    }
    CHECK(sent == attack);
    for (const auto& [step, count] : names)
      CHECK(count <= (step.second == 2 ? 2 : settings.limits.organization_addresses));
    CHECK(all <= settings.limits.all_rows);
  }
}

TEST_CASE("a flood hides neither what passes SPF nor a source that varies its words only") {
  const Folder folder;
  TrafficSettings settings = folder.settings();
  settings.limits.organization_rows = 20;
  const auto counts = std::move(*TrafficCounts::open(settings));
  for (int i = 0; i < 500; ++i) {
    TraceRecord flood = direct_send("192.0.2.66");
    flood.spf = "fail";
    flood.hello = fmt::format("host{}", i);
    add(*counts, flood);
  }
  counts->flush(10s);
  TraceRecord spoof = direct_send("192.0.2.67");
  spoof.spf = "fail";
  add(*counts, spoof);
  add(*counts, direct_send());
  std::map<std::string, std::uint64_t> messages;
  for (const auto& [key, count] : read(*counts).rows)
    messages[key[TrafficText::source]] += count.messages;
  CHECK(messages == std::map<std::string, std::uint64_t>{
                        {"192.0.2.66", 500}, {"192.0.2.67", 1}, {"198.51.100.7", 1}});
}
