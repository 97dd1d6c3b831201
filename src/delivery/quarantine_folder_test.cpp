#include "delivery/quarantine_folder.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "delivery/faulty_files.h"
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
  CHECK(read_whole(path) ==
        "{\"Identity\":\"" + *kept +
            "\",\"MessageTraceId\":\"0b5c\",\"Session\":\"\",\"Received\":\"2025-01-29T12:00:00."
            "000Z\",\"Reason\":"
            "\"NextHopRefused\",\"Client\":\"0.0.0.0\",\"ReversePath\":\"bob@fabrikam.test\","
            "\"SmtpUtf8\":false,"
            "\"EightBitMime\":false,\"Size\":2,\"Recipients\":[{\"ForwardPath\":\"cid@c.test\","
            "\"NextHop\":"
            "\"lmtp:127.0.0.1:24\",\"Reply\":\"550 5.7.1 say \\\"no\\\"\"}]}\n");
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
  const auto folder = QuarantineFolder::open(data.str() + "/quarantine", test.pool, 1000);
  REQUIRE(folder);
  CHECK((*folder)->keep_now({}, refused, "NextHopRefused", *content, {}, time_of_arrival));
  CHECK((*folder)->keep_now({}, refused, "NextHopRefused", *content, {}, time_of_arrival));
  const auto third =
      (*folder)->keep_now({}, refused, "NextHopRefused", *content, {}, time_of_arrival);
  REQUIRE_FALSE(third);
  CHECK(third.error().message == "The quarantine has reached its limit of 1000 octets.");
  CHECK(data.files().size() == 4);
}
