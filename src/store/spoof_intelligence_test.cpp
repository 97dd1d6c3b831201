#include "store/spoof_intelligence.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "store/sqlite.h"

using namespace postern;
using namespace postern::store;
using namespace std::chrono_literals;
using directory::OrganizationId;

namespace {

constexpr OrganizationId contoso{1};
constexpr Time start{std::chrono::days(20'000)};

struct World {
  World() {
    char name[] = "/tmp/postern-spoof-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    folder = name;
    settings = {.path = folder + "/spoof.db",
                .pairs = {.probation = 5, .established = 5, .total = 20},
                .history_places = 4096,
                .source_places = 4096,
                .sent_places = 4096,
                .clock = [this] { return time; }};
    open();
  }
  ~World() {
    spoofs.reset();
    std::filesystem::remove_all(folder);
  }
  void open() {
    spoofs.reset();
    spoofs = std::move(SpoofIntelligence::open(settings).value());
  }

  void see(const std::string& user, SpoofOutcome outcome = SpoofOutcome::blocked,
           int reason = 601) {
    spoofs->note({.pair = {.organization = contoso,
                           .type = directory::SpoofType::internal,
                           .spoofed_user = user,
                           .sending_infrastructure = "tms.com"},
                  .at = time,
                  .outcome = outcome,
                  .reason = reason,
                  .author_domain = "contoso.com",
                  .true_sender = "phish.test",
                  .spf = "pass",
                  .dkim = "none",
                  .dmarc = "fail"});
    REQUIRE(spoofs->flush(10s));
    time += 1s;
  }
  /// `2 ceo@contoso.com 601, 1 * 601`: newest first
  std::string found(OrganizationId organization = contoso) {
    const auto counts = spoofs->find(
        {.organization = organization, .start = time - std::chrono::days(90), .end = time});
    REQUIRE(counts);
    std::string text;
    for (const SpoofCount& count : *counts) {
      if (!text.empty()) text += ", ";
      text += std::to_string(count.count) + " " +
              (count.is_rest() ? "*" : count.last.pair.spoofed_user) + " " +
              std::to_string(count.last.reason);
    }
    return text;
  }
  std::uint64_t total() {
    std::uint64_t sum = 0;
    const auto counts =
        spoofs->find({.organization = contoso, .start = time - std::chrono::days(90), .end = time});
    for (const SpoofCount& count : *counts) sum += count.count;
    return sum;
  }
  policy::TrafficKeys keys() const {
    return policy::traffic_keys(
        spoofs->hash(), contoso,
        {.address = "bob@bank.test", .domain = "bank.test", .organization = "bank.test"},
        {.subnet = "203.0.113.0/24"});
  }

  Time time = start;
  std::string folder;
  SpoofIntelligenceSettings settings;
  std::unique_ptr<SpoofIntelligence> spoofs;
};

}  // namespace

TEST_CASE("sightings are counted by pair, day and result, and outlive the process") {
  World world;
  world.see("ceo@contoso.com");
  world.see("ceo@contoso.com");
  world.see("ceo@contoso.com", SpoofOutcome::blocked, 2);
  CHECK(world.found() == "1 ceo@contoso.com 2, 2 ceo@contoso.com 601");
  world.time += std::chrono::days(1);
  world.open();
  world.see("ceo@contoso.com");
  CHECK(world.found() == "1 ceo@contoso.com 601, 1 ceo@contoso.com 2, 2 ceo@contoso.com 601");
  CHECK(world.found(OrganizationId{2}).empty());
  CHECK(world.spoofs->counters().pairs == 1);

  world.time += std::chrono::days(SpoofIntelligence::report_days);
  world.open();
  world.see("hr@contoso.com");
  CHECK(world.found() == "1 hr@contoso.com 601, 1 ceo@contoso.com 601");
}

TEST_CASE("invented pairs are counted, and their names are not kept") {
  World world;
  for (int day = 0; day < 2; ++day) {
    world.time = start + std::chrono::days(day);
    world.see("ceo@contoso.com");
  }
  for (int i = 0; i < 100; ++i) world.see("x" + std::to_string(i) + "@contoso.com");
  CHECK(world.total() == 102);
  CHECK(world.spoofs->counters().pairs == 6);
  CHECK(world.spoofs->counters().pushed_out == 95);
  const std::string found = world.found();
  CHECK(found.contains("95 * 601"));
  CHECK(found.contains("ceo@contoso.com"));
  CHECK(found.contains("x99@contoso.com"));
  CHECK(!found.contains("x94@contoso.com"));
  world.open();
  CHECK(world.found() == found);
  CHECK(world.spoofs->counters().pairs == 6);
}

TEST_CASE("history is learned, disputed and kept over a restart") {
  World world;
  for (int day = 0; day < 8; ++day) {
    world.time = start + std::chrono::days(day);
    for (int i = 0; i < 4; ++i) world.spoofs->note_legitimate(world.keys(), world.time);
  }
  REQUIRE(world.spoofs->flush(10s));
  world.open();
  auto found = world.spoofs->history(world.keys(), world.time);
  REQUIRE(found.subnet);
  CHECK(found.subnet->days == 8);
  CHECK(found.subnet->messages > 25);
  CHECK(found.subnet->disputed == 0);
  CHECK(found.author);
  CHECK(!found.reverse_name);
  CHECK(world.spoofs->counters().histories == 2);

  world.spoofs->note_disputed(world.keys(), world.time);
  REQUIRE(world.spoofs->flush(10s));
  world.open();
  CHECK(world.spoofs->history(world.keys(), world.time).subnet->disputed == 1);
  CHECK(!world.spoofs->history(world.keys(), world.time + std::chrono::days(64)).subnet);
}

TEST_CASE("a sent message is remembered for some days") {
  World world;
  world.spoofs->note_sent(77, world.time);
  REQUIRE(world.spoofs->flush(10s));
  CHECK(world.spoofs->has_sent(77, world.time));
  CHECK(!world.spoofs->has_sent(78, world.time));
  world.open();
  CHECK(world.spoofs->has_sent(77, world.time + std::chrono::days(SpoofIntelligence::sent_days)));
  CHECK(!world.spoofs->has_sent(77,
                                world.time + std::chrono::days(SpoofIntelligence::sent_days + 1)));
}

TEST_CASE("a disk that fails holds up nothing, and what was counted is written later") {
  World world;
  // Another process has the database for itself.
  auto other = std::move(*Database::open(world.settings.path));
  other.execute("PRAGMA busy_timeout = 0");
  world.see("ceo@contoso.com");
  other.execute("BEGIN EXCLUSIVE");
  world.spoofs->note_legitimate(world.keys(), world.time);
  REQUIRE(!world.spoofs->flush(50ms));
  CHECK(world.spoofs->counters().lost == 0);
  other.execute("COMMIT");
  REQUIRE(world.spoofs->flush(20s));
  CHECK(world.spoofs->history(world.keys(), world.time).subnet);
  world.open();
  CHECK(world.spoofs->history(world.keys(), world.time).subnet);
  CHECK(world.found() == "1 ceo@contoso.com 601");
}

TEST_CASE("what the queue cannot hold is lost and counted") {
  World world;
  world.settings.queue_events = 0;
  world.open();
  world.spoofs->note_sent(77, world.time);
  CHECK(world.spoofs->counters().lost == 1);
  CHECK(world.spoofs->counters().noted == 1);
}
