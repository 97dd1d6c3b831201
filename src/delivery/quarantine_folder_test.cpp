#include "delivery/quarantine_folder.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "delivery/faulty_files.h"
#include "delivery/quarantine_description.h"
#include "delivery/test_support.h"

using namespace postern;
using namespace postern::delivery;

namespace {

const std::vector<RecipientOutcome> refused{
    {"cid@c.test", Fate::refused, {550, "5.7.1", "say \"no\""}, "lmtp:127.0.0.1:24"}};
const Edit edit{.prepend = "Received: here\r\n", .removed = {}};
const Time time_of_arrival = *parse_iso("2025-01-29T12:00:00Z");

}  // namespace

TEST_CASE("whatever call fails: an identity means a whole and durable copy, an error means none") {
  TestStore test;
  const auto content = test.content("Subject: hi\r\n\r\n");
  for (const auto then : {FaultyFiles::Then::works_again, FaultyFiles::Then::stays_broken}) {
    bool failed = true;
    for (std::size_t call = 0; failed; ++call) {
      CAPTURE(call);
      REQUIRE(call < 100);
      TestFolder data;
      const std::string place = data.str() + "/quarantine";
      std::filesystem::create_directory(place);
      FaultyFiles files(call, ENOSPC, then);
      const auto folder = QuarantineFolder::open(place, test.pool, 1 << 20, files);
      if (!folder) continue;
      const auto kept =
          (*folder)->keep_now({}, refused, "NextHopRefused", *content, edit, time_of_arrival);
      failed = files.has_failed();
      CHECK_FALSE(files.renamed_too_early());
      if (kept) {
        for (const char* ending : {".eml", ".json"})
          CHECK(files.is_durable(place + "/" + *kept + ending, data.path()));
        CHECK(read_whole(place + "/" + *kept + ".eml") == "Received: here\r\nSubject: hi\r\n\r\n");
        CHECK((*folder)->size() > 0);
      } else {
        CHECK((*folder)->size() == 0);
        if (then == FaultyFiles::Then::works_again) CHECK(data.files().empty());
      }
      if (!failed) CHECK(kept);
    }
  }
}

TEST_CASE("the description is JSON that names everything needed to deliver it later") {
  TestStore test;
  TestFolder data;
  const auto folder = QuarantineFolder::open(data.str() + "/quarantine", test.pool);
  REQUIRE(folder);
  Envelope envelope;
  envelope.id = "0b5c";
  envelope.reverse_path.text = "bob@fabrikam.test";
  const auto content = test.content("\r\n");
  const auto kept =
      run((*folder)->keep(envelope, refused, "NextHopRefused", *content, {}, time_of_arrival));
  REQUIRE(kept);
  const auto path = data.path() / "quarantine" / (*kept + ".json");
  const auto described = parse_description(read_whole(path));
  REQUIRE(described);
  CHECK(described->id == *kept);
  CHECK(described->message_trace_id == "0b5c");
  CHECK(described->reverse_path == "bob@fabrikam.test");
  REQUIRE(described->recipients.size() == 1);
  CHECK(described->recipients.front().forward_path == "cid@c.test");
  struct stat status{};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);

  // The next process counts what lies there.
  const auto again = QuarantineFolder::open(data.str() + "/quarantine", test.pool);
  CHECK((*again)->size() == (*folder)->size());
}

TEST_CASE("the quarantine has a limit") {
  TestStore test;
  TestFolder data;
  const auto content = test.content("Subject: hi\r\n\r\n");
  const auto folder = QuarantineFolder::open(data.str() + "/quarantine", test.pool, 1300);
  REQUIRE(folder);
  CHECK((*folder)->keep_now({}, refused, "NextHopRefused", *content, {}, time_of_arrival));
  CHECK((*folder)->keep_now({}, refused, "NextHopRefused", *content, {}, time_of_arrival));
  const auto third =
      (*folder)->keep_now({}, refused, "NextHopRefused", *content, {}, time_of_arrival);
  REQUIRE_FALSE(third);
  CHECK(third.error().message == "The quarantine has reached its limit of 1300 octets.");
  CHECK(third.error().is_full);
  CHECK((*folder)->full() == 1);
  CHECK(data.files().size() == 4);
}

namespace {

/// A folder with its rows, as posternd has them.
struct Quarantine {
  explicit Quarantine(TestFolder& data, TestStore& test)
      : rows(std::move(*store::QuarantineRows::open(data.str() + "/quarantine.db"))),
        folder(std::move(*QuarantineFolder::open(data.str() + "/quarantine", test.pool))) {
    REQUIRE(folder->use_rows(*rows, [](std::string_view path) {
      return path.ends_with("@c.test") ? std::string("contoso") : std::string();
    }));
  }
  std::string keep(TestStore& test, const char* organization = "contoso") const {
    Envelope envelope;
    envelope.organization = organization;
    const auto content = test.content("Subject: hi\r\n\r\n");
    return *folder->keep_now(envelope, refused, "NextHopRefused", *content, {}, time_of_arrival);
  }
  std::size_t count() const { return rows->find({.organization = "contoso"})->rows.size(); }

  std::unique_ptr<store::QuarantineRows> rows;
  std::unique_ptr<QuarantineFolder> folder;
};

}  // namespace

TEST_CASE("rows follow the files, and are made again from them") {
  TestStore test;
  TestFolder data;
  std::string id;
  {
    const Quarantine quarantine(data, test);
    id = quarantine.keep(test);
    CHECK(quarantine.count() == 1);
    CHECK(quarantine.folder->read(id) == "Subject: hi\r\n\r\n");
  }
  // A crash between the file and its row, or the loss of the database.
  std::filesystem::remove(data.path() / "quarantine.db");
  std::filesystem::remove(data.path() / "quarantine.db-wal");
  const Quarantine again(data, test);
  CHECK(again.count() == 1);
  CHECK(again.folder->messages() == 1);
  REQUIRE(again.folder->remove(id));
  CHECK(again.count() == 0);
  CHECK(again.folder->size() == 0);
  CHECK_FALSE(again.folder->read(id));
}

TEST_CASE("a description that does not say whose it is belongs to the recipient's organization") {
  TestStore test;
  TestFolder data;
  {
    const auto folder = QuarantineFolder::open(data.str() + "/quarantine", test.pool);
    const auto content = test.content("\r\n");
    REQUIRE((*folder)->keep_now({}, refused, "NextHopRefused", *content, {}, time_of_arrival));
  }
  const Quarantine quarantine(data, test);
  CHECK(quarantine.count() == 1);
}

TEST_CASE("what a crash left half done is finished at the next start") {
  TestStore test;
  TestFolder data;
  std::string whole;
  std::string torn;
  std::string deleted;
  {
    const Quarantine quarantine(data, test);
    whole = quarantine.keep(test);
    torn = quarantine.keep(test);
    deleted = quarantine.keep(test);
    for (const auto& row : quarantine.rows->find({.id = deleted})->rows)
      REQUIRE(quarantine.rows->remove_recipient(row));
  }
  const auto place = data.path() / "quarantine";
  std::ofstream(place / (torn + ".json")) << "{\"Identity\":";  // a disk that lied about fsync
  std::ofstream(place / "5d3b6ad0-0000-4000-8000-000000000001.eml") << "renamed, not described";
  std::ofstream(place / "5d3b6ad0-0000-4000-8000-000000000002.eml.new") << "half";
  std::ofstream(place / "5d3b6ad0-0000-4000-8000-000000000002.json.new") << "half";
  std::ofstream(place / "README") << "somebody else's";
  std::filesystem::remove(place / (whole + ".eml"));
  std::filesystem::copy_file(place / (torn + ".eml"), place / (whole + ".eml"));
  std::filesystem::remove(data.path() / "quarantine.db");
  std::filesystem::remove(data.path() / "quarantine.db-wal");
  std::filesystem::remove(data.path() / "quarantine.db-shm");

  const Quarantine again(data, test);
  CHECK(again.rows->find({.id = whole})->rows.size() == 1);
  CHECK(again.rows->find({.id = torn})->rows.empty());
  // Nothing that might be mail is thrown away.
  CHECK(std::filesystem::exists(place / (torn + ".eml")));
  CHECK(std::filesystem::exists(place / "README"));
  CHECK_FALSE(std::filesystem::exists(place / "5d3b6ad0-0000-4000-8000-000000000001.eml"));
  CHECK_FALSE(std::filesystem::exists(place / "5d3b6ad0-0000-4000-8000-000000000002.eml.new"));
}

TEST_CASE("a message without recipients goes at the next start") {
  TestStore test;
  TestFolder data;
  std::string id;
  {
    const Quarantine quarantine(data, test);
    id = quarantine.keep(test);
    for (const auto& row : quarantine.rows->find({.id = id})->rows)
      REQUIRE(quarantine.rows->remove_recipient(row));
  }
  const Quarantine again(data, test);
  CHECK_FALSE(std::filesystem::exists(data.path() / "quarantine" / (id + ".eml")));
  CHECK(again.rows->message_count().value() == 0);
}

TEST_CASE("old messages go, and younger ones stay") {
  TestStore test;
  TestFolder data;
  const Quarantine quarantine(data, test);
  quarantine.keep(test);
  CHECK(quarantine.folder->remove_before(time_of_arrival).value() == 0);
  CHECK(quarantine.count() == 1);
  CHECK(quarantine.folder->remove_before(time_of_arrival + std::chrono::seconds(1)).value() == 1);
  CHECK(quarantine.count() == 0);
  CHECK(quarantine.folder->expired() == 1);
  CHECK(quarantine.folder->messages() == 0);
}
