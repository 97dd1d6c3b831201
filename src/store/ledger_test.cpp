#include "store/ledger.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/encoding.h"

using namespace postern;
using namespace postern::store;

namespace {

struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "postern-ledger-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file() const { return (path / "ledger.db").string(); }
  std::filesystem::path path;
};

const IpAddress client = *IpAddress::parse("192.0.2.7");
const Time today = *parse_iso("2025-01-29T12:00:00Z");

LedgerKey key_of(std::string_view text) {
  return ledger_key("bob@fabrikam.test", client, sha256(text));
}

std::unique_ptr<Ledger> open(const Folder& folder, Time time = today, std::size_t most = 100) {
  auto ledger = Ledger::open(folder.file(), time, most);
  REQUIRE(ledger);
  return std::move(*ledger);
}

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("the key tells messages, reverse-paths and clients apart") {
  const std::string digest = sha256("text");
  const LedgerKey key = ledger_key("a@x", client, digest);
  CHECK(key == ledger_key("a@x", client, digest));
  CHECK(key != ledger_key("b@x", client, digest));
  CHECK(key != ledger_key("", client, digest));
  CHECK(key != ledger_key("a@x", *IpAddress::parse("192.0.2.8"), digest));
  CHECK(key != ledger_key("a@x", client, sha256("other")));
}

TEST_CASE("what was recorded is found again, also by the next process") {
  Folder folder;
  const LedgerKey key = key_of("m");
  {
    const auto ledger = open(folder);
    CHECK(ledger->lookup(key, today).empty());
    CHECK(ledger->write(ledger->add(key, {"ann@c", "bob@c"}, today)));
    CHECK(ledger->write(ledger->add(key, {"bob@c", "cid@c"}, today)));
    CHECK(ledger->lookup(key, today) == Paths{"ann@c", "bob@c", "cid@c"});
    CHECK(ledger->lookup(key_of("other"), today).empty());
  }
  {
    const auto ledger = open(folder);
    Paths paths = ledger->lookup(key, today);
    std::ranges::sort(paths);
    CHECK(paths == Paths{"ann@c", "bob@c", "cid@c"});
    CHECK(ledger->write(ledger->forget(key, {"ann@c", "cid@c", "dan@c"})));
    CHECK(ledger->lookup(key, today) == Paths{"bob@c"});
  }
  {
    const auto ledger = open(folder);
    CHECK(ledger->lookup(key, today) == Paths{"bob@c"});
    CHECK(ledger->write(ledger->forget(key, {"bob@c"})));
    CHECK(ledger->lookup(key, today).empty());
  }
  CHECK(open(folder)->size() == 0);
  struct stat status{};
  REQUIRE(::stat(folder.file().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("seven days after it was first recorded a message is a message of its own") {
  Folder folder;
  const LedgerKey key = key_of("m");
  const auto ledger = open(folder);
  CHECK(ledger->write(ledger->add(key, {"ann@c"}, today)));
  CHECK(ledger->write(ledger->add(key, {"bob@c"}, today + std::chrono::days(6))));
  CHECK(ledger->lookup(key, today + std::chrono::days(7)).size() == 2);
  const Time later = today + std::chrono::days(7) + std::chrono::seconds(1);
  CHECK(ledger->lookup(key, later).empty());
  CHECK(ledger->write(ledger->add(key, {"cid@c"}, later)));
  CHECK(ledger->lookup(key, later) == Paths{"cid@c"});
  CHECK(open(folder, later)->lookup(key, later) == Paths{"cid@c"});
  CHECK(open(folder, later + std::chrono::days(8))->size() == 0);
}

TEST_CASE("the ledger stays within its limit: the oldest goes") {
  Folder folder;
  {
    const auto ledger = open(folder, today, 10);
    for (int i = 0; i < 35; ++i) {
      CHECK(ledger->write(
          ledger->add(key_of(std::to_string(i)), {"ann@c"}, today + std::chrono::seconds(i))));
      if (i % 3 == 0) CHECK(ledger->write(ledger->forget(key_of(std::to_string(i)), {"ann@c"})));
    }
    CHECK(ledger->size() == 10);
    CHECK(ledger->lookup(key_of("34"), today).size() == 1);
    CHECK(ledger->lookup(key_of("1"), today).empty());
  }
  CHECK(open(folder, today, 100)->size() == 10);
  CHECK(open(folder, today, 4)->lookup(key_of("34"), today).size() == 1);
  CHECK(open(folder, today, 100)->size() == 4);
}

TEST_CASE("changes that nobody waits for are written with the next ones, or at the end") {
  Folder folder;
  {
    const auto ledger = open(folder);
    ledger->add(key_of("1"), {"ann@c"}, today);
    CHECK(ledger->lookup(key_of("1"), today).size() == 1);
    CHECK(ledger->write(ledger->add(key_of("2"), {"ann@c"}, today)));
    CHECK(open(folder)->size() == 2);
    ledger->add(key_of("3"), {"ann@c"}, today);
  }
  CHECK(open(folder)->size() == 3);
}

TEST_CASE("threads record at once and lose nothing") {
  Folder folder;
  {
    const auto ledger = open(folder, today, 1000);
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&ledger, t] {
        for (int i = 0; i < 20; ++i) {
          CHECK(ledger->write(
              ledger->add(key_of(std::to_string(t) + "/" + std::to_string(i)), {"ann@c"}, today)));
        }
      });
    }
  }
  CHECK(open(folder, today, 1000)->size() == 160);
}

TEST_CASE("a ledger that cannot be written says so, and still knows until the process ends") {
  Folder folder;
  const auto ledger = open(folder);
  // As after damage to the file.
  auto other = Database::open(folder.file());
  REQUIRE(other);
  other->execute("DROP TABLE delivered");
  const auto recorded = ledger->write(ledger->add(key_of("m"), {"ann@c"}, today));
  REQUIRE_FALSE(recorded);
  CHECK(recorded.error().message.starts_with("Cannot write the ledger: "));
  CHECK(ledger->lookup(key_of("m"), today) == Paths{"ann@c"});

  CHECK(Ledger::open("/nonexistent/ledger.db", today)
            .error()
            .message.contains("/nonexistent/ledger.db"));
}
