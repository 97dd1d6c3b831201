// Recipients of one message with a treatment each, over every kind of next hop.
#include "delivery/treatment.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "delivery/courier_world.h"
#include "delivery/scripted_server.h"

using namespace postern;
using namespace postern::delivery;

namespace {

constexpr auto deliver = Treatment::deliver;
constexpr auto junk = Treatment::junk;
constexpr auto quarantine = Treatment::quarantine;

/// `plain`, `junk` or `nothing`: what a recipient has at the hop.
std::string copy_of(const ScriptedServer& hop, const std::string& recipient) {
  for (const Taken& one : hop.taken()) {
    if (!one.recipient.contains(recipient)) continue;
    return one.content.starts_with(junk_fields) ? "junk" : "plain";
  }
  return "nothing";
}

/// How many messages the hop has got.
std::ptrdiff_t transactions(const ScriptedServer& hop) {
  return std::ranges::count_if(
      hop.commands(), [](const std::string& command) { return command.starts_with("DATA"); });
}

std::vector<Recipient> three(const NextHop& hop) {
  return {as_recipient("ann@c.test", hop), as_recipient("bob@c.test", hop),
          as_recipient("cid@c.test", hop)};
}

}  // namespace

TEST_CASE("every recipient has the copy of his treatment") {
  for (const auto kind : {NextHop::Kind::lmtp, NextHop::Kind::smtp}) {
    CAPTURE(static_cast<int>(kind));
    ScriptedServer hop(kind);
    CourierWorld world;
    world.treatments = {.recipients = {deliver, junk, quarantine}, .reason = "Forged"};
    const auto attempt = world.send(three(hop.hop()));
    CHECK(attempt.outcome.reply.to_line() == "250 2.0.0 Ok: safe, id 0b5c");
    CHECK(attempt.outcome.recipients[1].fate == Fate::delivered);
    CHECK(attempt.outcome.recipients[2].fate == Fate::quarantined);
    CHECK(copy_of(hop, "ann@c.test") == "plain");
    CHECK(copy_of(hop, "bob@c.test") == "junk");
    CHECK(copy_of(hop, "cid@c.test") == "nothing");
    CHECK(hop.copies("ann@c.test") == 1);
    CHECK(hop.copies("bob@c.test") == 1);
    const auto kept = world.mail_in("quarantine");
    REQUIRE(kept.size() == 2);
    CHECK(read_whole(world.data.path() / kept[1]).contains("\"Reason\":\"Forged\""));
    // That is what was wanted, no trouble to look at.
    CHECK(world.counters.quarantined == 0);
  }
}

TEST_CASE("junk for all is one transaction, and quarantine for all is none") {
  ScriptedServer hop(NextHop::Kind::smtp);
  CourierWorld world;
  world.treatments = {.recipients = {junk, junk, junk}, .reason = {}};
  CHECK(world.send(three(hop.hop())).code() == 250);
  CHECK(copy_of(hop, "ann@c.test") == "junk");
  CHECK(transactions(hop) == 1);
  world.treatments = {.recipients = {quarantine, quarantine, quarantine}, .reason = "Forged"};
  CHECK(world.send(three(hop.hop()), "Subject: other\r\n\r\n").code() == 250);
  CHECK(transactions(hop) == 1);
  CHECK(world.mail_in("quarantine").size() == 2);
}

TEST_CASE("mail files of a Maildir differ, too") {
  CourierWorld world;
  const NextHop maildir = parse_next_hop("maildir:mail/%d/%u").value();
  world.treatments = {.recipients = {deliver, junk, quarantine}, .reason = "Forged"};
  CHECK(world.send(three(maildir)).code() == 250);
  const auto text = [&](const char* folder) {
    const auto files = world.mail_in(folder);
    return files.size() == 1 ? read_whole(world.data.path() / files[0]) : "";
  };
  CHECK(text("mail/c.test/ann/new").contains("Subject: hi"));
  CHECK_FALSE(text("mail/c.test/ann/new").contains("X-Spam-Flag"));
  CHECK(text("mail/c.test/bob/new").contains("X-Spam-Flag: YES"));
  CHECK(world.mail_in("mail/c.test/cid").empty());
}

TEST_CASE("what is in quarantine is not kept again when others have to wait") {
  ScriptedServer hop(NextHop::Kind::lmtp);
  CourierWorld world;
  Script full;
  full.end["ann@c.test"] = "452 4.2.2 Mailbox full\r\n";
  hop.next(full);
  world.treatments = {.recipients = {deliver, deliver, quarantine}, .reason = "Forged"};
  CHECK(world.send(three(hop.hop())).code() == 451);
  world.start();
  const auto retry = world.send(three(hop.hop()));
  CHECK(retry.code() == 250);
  CHECK(retry.outcome.recipients[2].fate == Fate::quarantined);
  CHECK(world.mail_in("quarantine").size() == 2);
  for (const char* name : {"ann@c.test", "bob@c.test"}) CHECK(hop.copies(name) == 1);
}

TEST_CASE("what cannot be kept has to come again") {
  ScriptedServer hop(NextHop::Kind::lmtp);
  CourierWorld world;
  world.quarantine =
      std::move(*QuarantineFolder::open(world.data.str() + "/small", world.pool, 10));
  world.start();
  world.treatments = {.recipients = {deliver, deliver, quarantine}, .reason = "Forged"};
  const auto attempt = world.send(three(hop.hop()));
  CHECK(attempt.code() == 451);
  CHECK(attempt.outcome.recipients[2].fate == Fate::deferred);
  CHECK(hop.copies("cid@c.test") == 0);
}

TEST_CASE("junk with a detail goes to that address by LMTP, and to that folder of a Maildir") {
  const auto with_detail = [](std::vector<Recipient> recipients) {
    for (Recipient& one : recipients) one.junk_detail = "Junk";
    return recipients;
  };
  ScriptedServer lmtp(NextHop::Kind::lmtp);
  ScriptedServer smtp(NextHop::Kind::smtp);
  CourierWorld world;
  world.treatments = {.recipients = {deliver, junk, quarantine}, .reason = "Forged"};
  CHECK(world.send(with_detail(three(lmtp.hop()))).code() == 250);
  CHECK(copy_of(lmtp, "bob+Junk@c.test") == "junk");
  CHECK(copy_of(lmtp, "ann@c.test") == "plain");
  CHECK(lmtp.copies("bob@c.test") == 0);
  // An SMTP hop was told of the recipient before the message was there.
  CHECK(world.send(with_detail(three(smtp.hop())), "Subject: 2\r\n\r\n").code() == 250);
  CHECK(copy_of(smtp, "bob@c.test") == "junk");

  const NextHop maildir = parse_next_hop("maildir:mail/%d/%u").value();
  CHECK(world.send(with_detail(three(maildir)), "Subject: 3\r\n\r\n").code() == 250);
  CHECK(world.mail_in("mail/c.test/ann/new").size() == 1);
  CHECK(world.mail_in("mail/c.test/bob/new").empty());
  CHECK(world.mail_in("mail/c.test/bob/.Junk/new").size() == 1);
  CHECK(std::filesystem::is_directory(world.data.path() / "mail/c.test/bob/cur"));
}

TEST_CASE("the address of a junk folder") {
  const auto address = [](const std::string& forward_path, const std::string& detail) {
    Recipient one = as_recipient(forward_path, {});
    one.detail = detail;
    one.junk_detail = "Junk";
    return junk_address(one);
  };
  CHECK(address("ann@c.test", "") == "ann+Junk@c.test");
  CHECK(address("Ann+News@c.test", "news") == "Ann+Junk@c.test");
  // `+` is a part of the name where the directory has it so.
  CHECK(address("a+b@c.test", "") == "a+b+Junk@c.test");
  CHECK(address("\"a b\"@c.test", "") == "\"a b\"@c.test");
  CHECK(address("postmaster", "") == "postmaster");
  const std::string longest(64, 'x');
  CHECK(address(longest + "@c.test", "") == longest + "@c.test");
}
