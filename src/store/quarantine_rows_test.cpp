#include "store/quarantine_rows.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

using namespace postern;
using namespace postern::store;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/postern-quarantine-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file() const { return path + "/quarantine.db"; }
  std::unique_ptr<QuarantineRows> open() const { return QuarantineRows::open(file()).value(); }
  std::string path;
};

const Time noon = *parse_iso("2025-01-29T12:00:00Z");

QuarantinedMessage message(char digit, std::vector<std::string> recipients) {
  QuarantinedMessage made;
  made.id = "00000000-0000-4000-8000-00000000000" + std::string(1, digit);
  made.message_trace_id = "trace";
  made.received = noon + std::chrono::minutes(digit - '0');
  made.organization = "contoso";
  made.direction = "Incoming";
  made.reason = "DmarcQuarantineAction: Quarantine";
  made.reverse_path = "bob@fabrikam.test";
  made.subject = "Offer " + std::string(1, digit);
  for (std::string& one : recipients)
    made.recipients.push_back(
        {.forward_path = std::move(one), .next_hop = "lmtp:x", .reply = "250", .released = {}});
  return made;
}

std::size_t count(QuarantineRows& rows, const QuarantineQuery& query) {
  return rows.find(query).value().rows.size();
}

}  // namespace

TEST_CASE("rows are found by what is asked, and are there after a restart") {
  const Folder folder;
  {
    const auto rows = folder.open();
    QuarantinedMessage refused = message('2', {"cid@contoso.com"});
    refused.reason = "NextHopRefused";
    refused.reverse_path = "";
    refused.message_id = "<1@x>";
    QuarantinedMessage foreign = message('3', {"ann@other.test"});
    foreign.organization = "other";
    REQUIRE(rows->add(
        std::vector{message('1', {"Ann@contoso.com", "bob@contoso.com"}), refused, foreign}));
    REQUIRE(rows->add(std::vector{refused}));  // is there already
  }
  const auto rows = folder.open();
  struct stat status{};
  REQUIRE(::stat(folder.file().c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  CHECK(rows->message_count().value() == 3);
  const QuarantineQuery contoso{.organization = "contoso"};
  const auto all = rows->find(contoso).value().rows;
  REQUIRE(all.size() == 3);
  CHECK(all[0].message.subject == "Offer 2");  // newest first
  CHECK(all[1].recipient.forward_path == "Ann@contoso.com");
  CHECK(all[1].message.received == noon + std::chrono::minutes(1));

  const auto with = [&](auto set) {
    QuarantineQuery query = contoso;
    set(query);
    return count(*rows, query);
  };
  CHECK(with([](auto& q) { q.recipients = {"ann@CONTOSO.com"}; }) == 1);
  CHECK(with([](auto& q) { q.recipients = {"*@contoso.com"}; }) == 3);
  CHECK(with([](auto& q) { q.recipients = {"nobody@contoso.com"}; }) == 0);
  CHECK(with([](auto& q) { q.senders = {"<>"}; }) == 1);
  CHECK(with([](auto& q) { q.senders = {"*@fabrikam.test", "x"}; }) == 2);
  CHECK(with([](auto& q) { q.message_ids = {"<1@x>"}; }) == 1);
  CHECK(with([](auto& q) { q.subject = "offer 1"; }) == 2);
  CHECK(with([](auto& q) { q.subject = "offer"; }) == 0);
  CHECK(with([](auto& q) { q.subject = "*1"; }) == 2);
  CHECK(with([](auto& q) { q.types = {"phish"}; }) == 2);
  CHECK(with([](auto& q) { q.types = {"NextHopRefused", "Spam"}; }) == 1);
  CHECK(with([](auto& q) { q.direction = "Originating"; }) == 0);
  CHECK(with([](auto& q) { q.start = noon + std::chrono::seconds(90); }) == 1);
  CHECK(with([](auto& q) { q.end = noon + std::chrono::seconds(90); }) == 2);
  CHECK(with([](auto& q) { q.id = "00000000-0000-4000-8000-000000000001"; }) == 2);
  CHECK(with([](auto& q) { q.limit = 2; }) == 2);
  CHECK(with([](auto& q) { q.skip = 2; }) == 1);
  QuarantineQuery two = contoso;
  two.limit = 2;
  CHECK(rows->find(two).value().more);
  CHECK_FALSE(rows->find(contoso).value().more);
}

TEST_CASE("an address that looks like a pattern is none where it stands for itself") {
  const Folder folder;
  const auto rows = folder.open();
  REQUIRE(rows->add(std::vector{message('1', {"*@contoso.com", "ann@contoso.com"})}));
  const auto found = rows->find({.organization = "contoso", .recipient = "*@contoso.com"}).value();
  REQUIRE(found.rows.size() == 1);
  CHECK(found.rows.front().recipient.forward_path == "*@contoso.com");
  // Quotation marks and semicolons are text like any other.
  CHECK(count(*rows, {.organization = "contoso", .recipient = "'; DROP TABLE message; --"}) == 0);
  CHECK(rows->message_count().value() == 1);
}

TEST_CASE("every copy has an identity of its own, the same each time") {
  const Folder folder;
  const auto rows = folder.open();
  REQUIRE(rows->add(std::vector{message('1', {"ann@contoso.com", "bob@contoso.com"}),
                                message('2', {"ann@contoso.com"})}));
  std::set<std::string> identities;
  for (const QuarantineRow& row : rows->find({.organization = "contoso"}).value().rows) {
    CHECK(row.identity().starts_with(row.message.id + "\\"));
    CHECK(row.identity().size() == 73);
    identities.insert(row.identity());
  }
  CHECK(identities.size() == 3);
}

TEST_CASE("what was done since stays") {
  const Folder folder;
  const Time later = noon + std::chrono::hours(1);
  {
    const auto rows = folder.open();
    REQUIRE(rows->add(std::vector{message('1', {"ann@contoso.com", "bob@contoso.com"})}));
    const auto all = rows->find({.organization = "contoso"}).value().rows;
    REQUIRE(rows->set_released(all[0], later));
    REQUIRE(rows->set_in_digest({&all[1], 1}));
    CHECK_FALSE(rows->last_digest("contoso").value());
    REQUIRE(rows->set_last_digest("contoso", later));
  }
  const auto rows = folder.open();
  // The file is read again: what is known is not lost.
  REQUIRE(rows->add(std::vector{message('1', {"ann@contoso.com", "bob@contoso.com"})}));
  const auto all = rows->find({.organization = "contoso"}).value().rows;
  REQUIRE(all.size() == 2);
  CHECK(all[0].recipient.released == later);
  CHECK_FALSE(all[1].recipient.released);
  CHECK(all[1].recipient.in_digest);
  CHECK(count(*rows, {.organization = "contoso", .released = true}) == 1);
  CHECK(count(*rows, {.organization = "contoso", .released = false}) == 1);
  CHECK(rows->recipients_without_digest("contoso").value().empty());
  CHECK(rows->last_digest("contoso").value() == later);

  CHECK(rows->remove_recipient(all[0]).value() == 1);
  CHECK(rows->ids_without_recipients().value().empty());
  CHECK(rows->remove_recipient(all[1]).value() == 0);
  CHECK(rows->ids_without_recipients().value().size() == 1);
  CHECK(rows->ids_before(noon, 10).value().empty());
  CHECK(rows->ids_before(later, 10).value().size() == 1);
  REQUIRE(rows->remove(rows->ids().value()));
  CHECK(rows->message_count().value() == 0);
}

TEST_CASE("a recipient is told once, however the address was spelled") {
  const Folder folder;
  const auto rows = folder.open();
  REQUIRE(
      rows->add(std::vector{message('1', {"Ann@contoso.com"}), message('2', {"ann@contoso.com"}),
                            message('3', {"bob@contoso.com"})}));
  CHECK(rows->recipients_without_digest("contoso").value() ==
        std::vector<std::string>{"Ann@contoso.com", "bob@contoso.com"});
  CHECK(count(*rows, {.organization = "contoso", .recipient = "ann@contoso.com"}) == 2);
}

TEST_CASE("a damaged database is set aside") {
  const Folder folder;
  {
    std::ofstream(folder.file()) << "this is no database, however long one looks at it";
  }
  const auto rows = folder.open();
  CHECK(rows->message_count().value() == 0);
  CHECK(std::filesystem::exists(folder.file() + ".damaged"));
}

TEST_CASE("a hundred thousand messages are filtered quickly enough") {
  const Folder folder;
  const auto rows = folder.open();
  std::vector<QuarantinedMessage> messages;
  constexpr int all = 100'000;
  for (int i = 0; i < all; ++i) {
    QuarantinedMessage one = message('1', {"user" + std::to_string(i % 1000) + "@contoso.com"});
    const std::string number = std::to_string(i);
    one.id.replace(one.id.size() - number.size(), number.size(), number);
    one.received = noon + std::chrono::seconds(i);
    messages.push_back(std::move(one));
  }
  REQUIRE(rows->add(messages));
  CHECK(count(*rows, {.organization = "contoso", .recipients = {"user7@contoso.com"}}) == 100);
  CHECK(count(*rows, {.organization = "contoso", .subject = "nothing like that"}) == 0);
}
