#include "delivery/maildir.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <latch>
#include <thread>

#include "delivery/faulty_files.h"
#include "delivery/test_support.h"

using namespace postern;
using namespace postern::delivery;

namespace {

mail::Mailbox mailbox(std::string text) {
  const std::size_t at = text.rfind('@');
  return {.text = text, .local_part = text.substr(0, at), .domain = text.substr(at + 1)};
}

Recipient recipient(const std::string& address, const char* hop = "maildir:mail/%d/%u") {
  return {.forward_path = mailbox(address),
          .address = address,
          .detail = "",
          .next_hop = *parse_next_hop(hop)};
}

const Envelope envelope{.reverse_path = mailbox("bob@fabrikam.test")};
const Edit edit{.prepend = "Received: here\r\n", .removed = {{0, 9}}};
constexpr std::string_view message = "X-Fake: 1Subject: hi\r\n\r\n.dot\r\n";
const std::string filed =
    "Return-Path: <bob@fabrikam.test>\nDelivered-To: ann@contoso.test\nReceived: here\nSubject: "
    "hi\n\n.dot\n";

std::vector<const Recipient*> pointers(const std::vector<Recipient>& recipients) {
  std::vector<const Recipient*> result;
  for (const Recipient& one : recipients) result.push_back(&one);
  return result;
}

/// What lies in new/ of a recipient's mailbox.
std::vector<std::filesystem::path> new_mail(const TestFolder& folder,
                                            const std::string& mailbox_folder) {
  std::vector<std::filesystem::path> found;
  const auto place = folder.path() / mailbox_folder / "new";
  if (!std::filesystem::exists(place)) return found;
  for (const auto& entry : std::filesystem::directory_iterator(place))
    found.push_back(entry.path());
  return found;
}

unsigned mode_of(const std::filesystem::path& path) {
  struct stat status{};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("a message lies in new/ with its envelope on top, for its owner alone") {
  TestStore test;
  TestFolder data;
  Maildir maildir(data.str(), "mx:1/contoso.test", test.pool);
  const auto content = test.content(message);
  const std::vector recipients{recipient("ann@contoso.test")};
  const auto replies = run(maildir.deliver(envelope, pointers(recipients), *content, edit));
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].to_line().starts_with("250 2.0.0 Saved as "));

  const auto files = new_mail(data, "mail/contoso.test/ann");
  REQUIRE(files.size() == 1);
  CHECK(read_whole(files[0]) == filed);
  const std::string name = files[0].filename().string();
  CHECK(name.contains(".mx\\0721\\057contoso.test,S=" + std::to_string(filed.size())));
  CHECK(replies[0].text.contains(name));
  CHECK(mode_of(files[0]) == 0600);
  for (const char* folder :
       {"mail", "mail/contoso.test", "mail/contoso.test/ann", "mail/contoso.test/ann/new",
        "mail/contoso.test/ann/tmp", "mail/contoso.test/ann/cur"}) {
    CHECK(mode_of(data.path() / folder) == 0700);
  }
  CHECK(data.files().size() == 1);
}

TEST_CASE("a large message is filed whole") {
  TestStore test;
  TestFolder data;
  Maildir maildir(data.str(), "mx", test.pool);
  std::string text;
  std::string expected;
  while (text.size() < 3 * max_in_memory) {
    const std::string line = "line at " + std::to_string(text.size());
    text += line + "\r\n";
    expected += line + "\n";
  }
  const auto content = test.content(text);
  REQUIRE_FALSE(content->is_in_memory());
  const std::vector recipients{recipient("ann@contoso.test"), recipient("bob@contoso.test")};
  run(maildir.deliver(envelope, pointers(recipients), *content, {}));
  for (const char* folder : {"mail/contoso.test/ann", "mail/contoso.test/bob"}) {
    const auto files = new_mail(data, folder);
    REQUIRE(files.size() == 1);
    CHECK(read_whole(files[0]).ends_with(expected));
    CHECK(
        files[0].string().ends_with(",S=" + std::to_string(std::filesystem::file_size(files[0]))));
  }
}

TEST_CASE("text of a stranger cannot write header fields") {
  TestStore test;
  TestFolder data;
  Maildir maildir(data.str(), "mx", test.pool);
  const auto content = test.content("\r\n");
  Recipient hostile = recipient("a\r\nX: 1@contoso.test");
  run(maildir.deliver({.reverse_path = mailbox("b\nY: 2@x")}, {&hostile}, *content, {}));
  const auto files = data.files();
  REQUIRE(files.size() == 1);
  CHECK(read_whole(data.path() / files[0]) ==
        "Return-Path: <b?Y: 2@x>\nDelivered-To: a??X: 1@contoso.test\n\n");
}

TEST_CASE("whatever call fails: 250 means on the disk, anything else means not in new/") {
  for (const int error : {ENOSPC, EIO}) {
    for (const auto then : {FaultyFiles::Then::works_again, FaultyFiles::Then::stays_broken}) {
      bool failed = true;
      for (std::size_t call = 0; failed; ++call) {
        CAPTURE(call);
        CAPTURE(error);
        TestStore test;
        TestFolder data;
        FaultyFiles files(call, error, then);
        Maildir maildir(data.str(), "mx", test.pool, {.wildcard_mailboxes = 10, .open_files = 2},
                        files);
        const auto content = test.content(message);
        std::vector<Recipient> recipients;
        for (const char* name : {"ann", "bob", "cid", "ann"})
          recipients.push_back(recipient(std::string(name) + "@contoso.test"));
        const auto replies = maildir.deliver_now(envelope, pointers(recipients), *content, edit);
        failed = files.has_failed();
        REQUIRE(call < 200);

        CHECK_FALSE(files.renamed_too_early());
        std::map<std::string, std::size_t> safe;
        for (std::size_t i = 0; i < replies.size(); ++i) {
          const mail::Reply& reply = replies[i];
          const std::string folder = "mail/contoso.test/" + recipients[i].forward_path.local_part;
          if (reply.is_success()) {
            ++safe[folder];
          } else {
            CHECK(reply.to_line().starts_with(error == ENOSPC ? "452 4.3.1 " : "451 4.3.0 "));
          }
        }
        if (!failed) CHECK(safe.size() == 3);
        for (const char* name : {"ann", "bob", "cid"}) {
          const std::string folder = std::string("mail/contoso.test/") + name;
          std::size_t durable = 0;
          const auto found = new_mail(data, folder);
          for (const auto& file : found) {
            // Whatever can be seen is whole.
            CHECK(read_whole(file).ends_with("Received: here\nSubject: hi\n\n.dot\n"));
            if (files.is_durable(file, data.path())) ++durable;
          }
          CHECK(durable >= safe[folder]);
          if (then == FaultyFiles::Then::works_again) {
            CHECK(found.size() == safe[folder]);
            // No litter, unless removing it was what failed.
            CHECK(data.files().size() == safe["mail/contoso.test/ann"] +
                                             safe["mail/contoso.test/bob"] +
                                             safe["mail/contoso.test/cid"]);
          }
        }
      }
    }
  }
}

TEST_CASE("a mailbox that cannot be opened does not keep the others waiting") {
  TestStore test;
  TestFolder data;
  Maildir maildir(data.str(), "mx", test.pool);
  std::filesystem::create_directories(data.path() / "mail/contoso.test");
  std::ofstream(data.path() / "mail/contoso.test/bob") << "a file where the folder should be";
  const auto content = test.content(message);
  const std::vector recipients{recipient("ann@contoso.test"), recipient("bob@contoso.test")};
  const auto replies = run(maildir.deliver(envelope, pointers(recipients), *content, edit));
  CHECK(replies[0].code == 250);
  CHECK(replies[1].to_line().starts_with("451 4.3.0 "));
  CHECK(new_mail(data, "mail/contoso.test/ann").size() == 1);
}

TEST_CASE("wildcard recipients fill a domain only up to its limit") {
  TestStore test;
  TestFolder data;
  Maildir maildir(data.str(), "mx", test.pool, {.wildcard_mailboxes = 3, .open_files = 64});
  const auto content = test.content(message);
  const auto deliver = [&](const std::string& address, bool wildcard) {
    Recipient one = recipient(address);
    one.wildcard = wildcard;
    return run(maildir.deliver(envelope, {&one}, *content, edit))[0].to_line().substr(0, 9);
  };
  CHECK(deliver("real@contoso.test", false) == "250 2.0.0");
  CHECK(deliver("w1@contoso.test", true) == "250 2.0.0");
  CHECK(deliver("w2@contoso.test", true) == "250 2.0.0");
  CHECK(deliver("w3@contoso.test", true) == "452 4.2.2");
  CHECK(deliver("w1@contoso.test", true) == "250 2.0.0");      // has one
  CHECK(deliver("other@contoso.test", false) == "250 2.0.0");  // was named by an administrator
  CHECK(deliver("w3@fabrikam.test", true) == "250 2.0.0");     // another domain
  CHECK_FALSE(std::filesystem::exists(data.path() / "mail/contoso.test/w3"));
}

TEST_CASE("a mailbox that is removed while we run is made again") {
  TestStore test;
  TestFolder data;
  Maildir maildir(data.str(), "mx", test.pool);
  const auto content = test.content(message);
  const std::vector recipients{recipient("ann@contoso.test")};
  for (int round = 0; round < 2; ++round) {
    CHECK(run(maildir.deliver(envelope, pointers(recipients), *content, edit))[0].code == 250);
    CHECK(new_mail(data, "mail/contoso.test/ann").size() == 1);
    std::filesystem::remove_all(data.path() / "mail");
  }
}

TEST_CASE("threads that deliver into one mailbox lose nothing and share the folder's fsync") {
  TestStore test;
  TestFolder data;
  struct Counting final : FileCalls {
    std::atomic<int> folders{0};
    int open(const std::string& path, int flags, mode_t mode) override {
      if (path.ends_with("/new")) ++folders;
      return FileCalls::open(path, flags, mode);
    }
  } files;
  Maildir maildir(data.str(), "mx", test.pool, {}, files);
  const auto content = test.content(message);
  const Recipient ann = recipient("ann@contoso.test");
  constexpr int each = 50;
  constexpr int threads = 8;
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < threads; ++i) {
      workers.emplace_back([&] {
        for (int n = 0; n < each; ++n)
          CHECK(maildir.deliver_now(envelope, {&ann}, *content, edit)[0].code == 250);
      });
    }
  }
  CHECK(new_mail(data, "mail/contoso.test/ann").size() == threads * each);
  CHECK(files.folders <= threads * each);
}

TEST_CASE("a disk that is not mounted gets no mailboxes in its place") {
  TestStore test;
  TestFolder data;
  Maildir maildir(data.str(), "mx", test.pool);
  const auto content = test.content(message);
  const Recipient ann =
      recipient("ann@contoso.test", ("maildir:" + data.str() + "/mnt/%u").c_str());
  CHECK(maildir.deliver_now(envelope, {&ann}, *content, edit)[0].code == 451);
  CHECK_FALSE(std::filesystem::exists(data.path() / "mnt"));
  std::filesystem::create_directory(data.path() / "mnt");
  CHECK(maildir.deliver_now(envelope, {&ann}, *content, edit)[0].code == 250);
  CHECK(new_mail(data, "mnt/ann").size() == 1);
}

TEST_CASE("a full pool is 451 4.3.1") {
  TestStore test;
  TestFolder data;
  net::BlockingPool pool(1, 0);
  Maildir maildir(data.str(), "mx", pool);
  const auto content = test.content(message);
  const std::vector recipients{recipient("ann@contoso.test"), recipient("bob@contoso.test")};
  const auto replies = run(maildir.deliver(envelope, pointers(recipients), *content, edit));
  REQUIRE(replies.size() == 2);
  CHECK(replies[1].to_line().starts_with("451 4.3.1 "));
  CHECK(data.files().empty());
}
