#include "delivery/courier.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "delivery/courier_world.h"
#include "delivery/scripted_server.h"

using namespace postern;
using namespace postern::delivery;

namespace {

const NextHop maildir_hop = *parse_next_hop("maildir:mail/%d/%u");
const std::string delivered_text = "Received: here\r\nSubject: hi\r\n\r\n.dot\r\n";

Fate fate(const CourierWorld::Attempt& attempt, std::size_t which) {
  return attempt.outcome.recipients.at(which).fate;
}

}  // namespace

TEST_CASE("250 after an LMTP hop has taken the message for all") {
  ScriptedServer hop(NextHop::Kind::lmtp);
  CourierWorld world;
  const auto attempt =
      world.send({as_recipient("ann@c.test", hop.hop()), as_recipient("bob@c.test", hop.hop())});
  CHECK(attempt.outcome.reply.to_line() == "250 2.0.0 Ok: safe, id 0b5c");
  REQUIRE(hop.taken().size() == 2);
  CHECK(hop.taken()[0].content == delivered_text);
  CHECK(hop.taken()[0].mail == "MAIL FROM:<bob@fabrikam.test> SIZE=37\r\n");
  CHECK(hop.commands().front() == "LHLO mx.contoso.test\r\n");
  CHECK(world.ledger->size() == 0);
}

TEST_CASE("connections are used again, and a dead one is replaced without the client noticing") {
  for (const auto kind : {NextHop::Kind::lmtp, NextHop::Kind::smtp}) {
    ScriptedServer hop(kind);
    CourierWorld world;
    for (int i = 0; i < 3; ++i)
      CHECK(world.send({as_recipient("ann@c.test", hop.hop())}).code() == 250);
    CHECK(hop.connections() == 1);
    hop.drop_connections();
    CHECK(world.send({as_recipient("ann@c.test", hop.hop())}).code() == 250);
    CHECK(hop.connections() == 2);
    CHECK(hop.copies("ann@c.test") == 4);
    CHECK(world.counters.hop_failures == 0);
  }
}

TEST_CASE("the outcome says which server a named hop was") {
  for (const auto kind : {NextHop::Kind::lmtp, NextHop::Kind::smtp}) {
    ScriptedServer hop(kind);
    HopServer server = hop.hop().servers.front();
    server.host = "localhost";
    const NextHop named{.kind = kind, .path = "", .servers = {server}};
    CourierWorld world;
    const auto attempt =
        world.send({as_recipient("ann@c.test", named), as_recipient("ann@c.test", named),
                    as_recipient("bob@c.test", parse_next_hop("maildir:m/%u").value())});
    CHECK(attempt.code() == 250);
    REQUIRE(attempt.outcome.recipients.size() == 3);
    CHECK(attempt.outcome.recipients[0].next_hop == named.to_string());
    CHECK(attempt.outcome.recipients[0].hop_address == "127.0.0.1");
    CHECK(attempt.outcome.recipients[1].hop_address == "127.0.0.1");
    CHECK(attempt.outcome.recipients[2].hop_address == "");
  }
}

TEST_CASE("an SMTP hop is asked at RCPT, and its refusal is ours") {
  ScriptedServer hop(NextHop::Kind::smtp);
  Script script;
  script.rcpt["nobody@c.test"] = "550 5.1.1 No such user\r\n";
  script.rcpt["full@c.test"] = "452 4.2.2 Full\r\n";
  script.end[""] = "250 2.0.0 Ok: queued as 4XYZ\r\n";
  hop.always(script);
  CourierWorld world;
  const auto attempt =
      world.send({as_recipient("nobody@c.test", hop.hop()), as_recipient("ann@c.test", hop.hop()),
                  as_recipient("full@c.test", hop.hop())});
  CHECK(attempt.at_rcpt ==
        std::vector<mail::Reply>{{550, "5.1.1", "No such user"}, {452, "4.2.2", "Full"}});
  CHECK(attempt.outcome.reply.to_line() == "250 2.0.0 Ok: safe, id 0b5c");
  CHECK(attempt.outcome.recipients.size() == 1);
  CHECK(hop.copies("ann@c.test") == 1);

  const auto hand_off = world.courier->begin(world.envelope());
  const auto refusal =
      world.wait_for(hand_off->add_recipient(as_recipient("nobody@c.test", hop.hop())));
  REQUIRE(refusal);
  CHECK(refusal->forward_path == "nobody@c.test");
  CHECK(refusal->fate == Fate::refused);
  CHECK(refusal->next_hop == hop.hop().to_string());
  CHECK(refusal->hop_address == "127.0.0.1");
}

TEST_CASE("clients that hold all connections of an SMTP hop do not keep others from sending") {
  ScriptedServer hop(NextHop::Kind::smtp);
  CourierSettings settings;
  settings.hop.connections = 3;
  settings.hop.held = 2;
  CourierWorld world(settings);
  Script script;
  script.rcpt["nobody@c.test"] = "550 5.1.1 No such user\r\n";
  hop.always(script);
  std::vector<std::unique_ptr<HandOff>> slow;
  for (int i = 0; i < 3; ++i) {
    slow.push_back(world.courier->begin(world.envelope()));
    CHECK_FALSE(world.wait_for(slow.back()->add_recipient(as_recipient("slow@c.test", hop.hop()))));
  }
  CHECK(hop.connections() == 2);
  CHECK(world.send({as_recipient("ann@c.test", hop.hop())}).code() == 250);
  // Who was not asked at RCPT is refused when the message is there.
  const auto attempt = world.send({as_recipient("nobody@c.test", hop.hop())});
  CHECK(attempt.at_rcpt.empty());
  CHECK(attempt.outcome.reply == mail::Reply{550, "5.1.1", "No such user"});
  CHECK(hop.connections() == 3);
}

TEST_CASE("a transaction that the client gives up does not disturb the next") {
  ScriptedServer hop(NextHop::Kind::smtp);
  CourierWorld world;
  {
    auto hand_off = world.courier->begin(world.envelope());
    CHECK_FALSE(world.wait_for(hand_off->add_recipient(as_recipient("gone@c.test", hop.hop()))));
  }
  CHECK(world.send({as_recipient("ann@c.test", hop.hop())}).code() == 250);
  CHECK(hop.connections() == 1);
  CHECK(hop.copies("gone@c.test") == 0);
  CHECK(hop.copies("ann@c.test") == 1);
}

// The heart of the matter: one recipient takes it, one is full for a while, and the client comes
// again until it is told that all is well.
TEST_CASE("one 250 and one 452: the retry reaches only the one that misses it") {
  ScriptedServer hop(NextHop::Kind::lmtp);
  CourierWorld world;
  Script full;
  full.end["bob@c.test"] = "452 4.2.2 Mailbox full\r\n";
  hop.always(full);
  const std::vector recipients{as_recipient("ann@c.test", hop.hop()),
                               as_recipient("bob@c.test", hop.hop()),
                               as_recipient("ann@contoso.test", maildir_hop)};
  const auto first = world.send(recipients);
  CHECK(first.code() == 451);
  CHECK(first.outcome.reply.text.contains("<bob@c.test>: Mailbox full"));
  CHECK(fate(first, 0) == Fate::delivered);
  CHECK(fate(first, 1) == Fate::deferred);
  CHECK(world.ledger->size() == 1);

  // The daemon is restarted in between, and the box stays full for some more attempts.
  world.start();
  world.ledger = std::move(*store::Ledger::open(world.data.str() + "/ledger.db", now()));
  world.start();
  for (int i = 0; i < 3; ++i) CHECK(world.send(recipients).code() == 451);
  hop.always({});
  world.start();
  CHECK(world.send(recipients).code() == 250);
  CHECK(hop.copies("ann@c.test") == 1);
  CHECK(hop.copies("bob@c.test") == 1);
  CHECK(world.mail_in("mail/contoso.test/ann").size() == 1);

  // The retry has completed: the same bytes are now a message of their own.
  CHECK(world.ledger->size() == 0);
  CHECK(world.send(recipients).code() == 250);
  CHECK(hop.copies("ann@c.test") == 2);
}

TEST_CASE("a message that comes in several transactions: each retry concerns its own recipients") {
  ScriptedServer hop(NextHop::Kind::lmtp);
  CourierWorld world;
  Script full;
  full.end["bob@c.test"] = "452 4.2.2 Mailbox full\r\n";
  hop.next(full);
  const std::vector here{as_recipient("ann@c.test", hop.hop()),
                         as_recipient("bob@c.test", hop.hop())};
  const std::vector elsewhere{as_recipient("cid@c.test", hop.hop())};
  CHECK(world.send(here).code() == 451);
  world.start();
  CHECK(world.send(elsewhere).code() == 250);
  CHECK(world.send({here[1]}).code() == 250);
  CHECK(world.send({here[0]}).code() == 250);
  for (const char* name : {"ann@c.test", "bob@c.test", "cid@c.test"}) CHECK(hop.copies(name) == 1);
  CHECK(world.ledger->size() == 0);
}

TEST_CASE("another client, reverse-path or message is not taken for a retry") {
  ScriptedServer hop(NextHop::Kind::lmtp);
  CourierWorld world;
  Script full;
  full.end["bob@c.test"] = "452 4.2.2 Mailbox full\r\n";
  hop.always(full);
  const std::vector recipients{as_recipient("ann@c.test", hop.hop()),
                               as_recipient("bob@c.test", hop.hop())};
  CHECK(world.send(recipients).code() == 451);
  CHECK(world.send(recipients, "Subject: other\r\n\r\n").code() == 451);
  Envelope envelope = world.envelope();
  envelope.client = *IpAddress::parse("192.0.2.8");
  CHECK(world.wait_for(world.hand_over(envelope, recipients, "Subject: hi\r\n\r\n.dot\r\n", true))
            .code() == 451);
  envelope = world.envelope();
  envelope.reverse_path = as_mailbox("eve@fabrikam.test");
  CHECK(world.wait_for(world.hand_over(envelope, recipients, "Subject: hi\r\n\r\n.dot\r\n", true))
            .code() == 451);
  CHECK(hop.copies("ann@c.test") == 4);
}

TEST_CASE("a hop that dies at any step: five attempts, and each recipient has exactly one copy") {
  for (const auto kind : {NextHop::Kind::lmtp, NextHop::Kind::smtp}) {
    for (const auto step : {DieAt::connect, DieAt::banner, DieAt::hello, DieAt::mail, DieAt::rcpt,
                            DieAt::data, DieAt::in_the_body, DieAt::final_dot_lost}) {
      CAPTURE(static_cast<int>(kind));
      CAPTURE(static_cast<int>(step));
      ScriptedServer hop(kind);
      CourierWorld world;
      Script dies;
      dies.die_at = step;
      // Twice in a row, so that a connection that replaces a dead one dies too.
      hop.next(dies);
      hop.next(dies);
      const std::vector recipients{as_recipient("ann@c.test", hop.hop()),
                                   as_recipient("bob@c.test", hop.hop()),
                                   as_recipient("cid@c.test", hop.hop())};
      CHECK(world.send_until_done(recipients).empty());
      for (const Recipient& one : recipients) CHECK(hop.copies(one.address) == 1);
    }
  }
}

TEST_CASE("a reply that is lost after the final dot: a second copy rather than none") {
  for (const auto kind : {NextHop::Kind::lmtp, NextHop::Kind::smtp}) {
    ScriptedServer hop(kind);
    CourierWorld world;
    Script dies;
    dies.die_at = DieAt::final_dot;
    hop.next(dies);
    const auto first = world.send({as_recipient("ann@c.test", hop.hop())});
    CHECK(first.outcome.reply.to_line().starts_with("451 4.4.2 "));
    CHECK(world.ledger->size() == 0);  // its fate is not known, so it does not count as delivered
    CHECK(world.send({as_recipient("ann@c.test", hop.hop())}).code() == 250);
    CHECK(hop.copies("ann@c.test") == 2);
  }
}

TEST_CASE("a hop that dies after the first of three LMTP replies") {
  ScriptedServer hop(NextHop::Kind::lmtp);
  CourierWorld world;
  Script dies;
  dies.die_at = DieAt::after_first_reply;
  hop.next(dies);
  const std::vector recipients{as_recipient("ann@c.test", hop.hop()),
                               as_recipient("bob@c.test", hop.hop()),
                               as_recipient("cid@c.test", hop.hop())};
  const auto first = world.send(recipients);
  CHECK(first.code() == 451);
  CHECK(fate(first, 0) == Fate::delivered);
  CHECK(fate(first, 1) == Fate::deferred);
  CHECK(world.send_until_done(recipients).empty());
  CHECK(hop.copies("ann@c.test") == 1);
  // What became of these two was never said.
  CHECK(hop.copies("bob@c.test") == 2);
  CHECK(hop.copies("cid@c.test") == 2);
}

TEST_CASE("one 250, one 452, one 550: five attempts, one copy each, and the refused one is kept") {
  ScriptedServer hop(NextHop::Kind::lmtp);
  CourierWorld world;
  Script script;
  script.end["bob@c.test"] = "452 4.2.2 Mailbox full\r\n";
  script.end["cid@c.test"] = "550 5.7.1 Content refused\r\n";
  for (int i = 0; i < 2; ++i) hop.next(script);
  script.end.erase("bob@c.test");
  hop.always(script);
  const std::vector recipients{as_recipient("ann@c.test", hop.hop()),
                               as_recipient("bob@c.test", hop.hop()),
                               as_recipient("cid@c.test", hop.hop())};
  CHECK(world.send(recipients).code() == 451);
  world.start();
  CHECK(world.send(recipients).code() == 451);
  CHECK(world.mail_in("quarantine").empty());
  world.start();
  const auto last = world.send(recipients);
  CHECK(last.code() == 250);
  CHECK(fate(last, 2) == Fate::quarantined);
  CHECK(hop.copies("ann@c.test") == 1);
  CHECK(hop.copies("bob@c.test") == 1);
  CHECK(world.counters.quarantined == 1);

  const auto kept = world.mail_in("quarantine");
  REQUIRE(kept.size() == 2);
  CHECK(read_whole(world.data.path() / kept[0]) == delivered_text);
  const std::string description = read_whole(world.data.path() / kept[1]);
  CHECK(description.contains("\"Reason\":\"NextHopRefused\""));
  CHECK(description.contains("\"ForwardPath\":\"cid@c.test\""));
  CHECK(description.contains("550 5.7.1 Content refused"));
  CHECK(world.ledger->size() == 0);
}

TEST_CASE("with a relay the sender is told of refused recipients instead") {
  ScriptedServer hop(NextHop::Kind::lmtp);
  ScriptedServer relay(NextHop::Kind::smtp);
  CourierSettings settings;
  settings.relay = relay.hop();
  CourierWorld world(settings);
  Script script;
  script.end["cid@c.test"] = "550 5.7.1 Content refused\r\n";
  hop.always(script);
  const std::vector recipients{as_recipient("ann@c.test", hop.hop()),
                               as_recipient("cid@c.test", hop.hop())};
  const auto attempt = world.send(recipients);
  CHECK(attempt.code() == 250);
  CHECK(fate(attempt, 1) == Fate::refused);
  REQUIRE(relay.taken().size() == 1);
  const Taken dsn = relay.taken()[0];
  CHECK(dsn.mail.starts_with("MAIL FROM:<> "));
  CHECK(dsn.recipient == "bob@fabrikam.test");
  CHECK(dsn.content.contains(
      "\r\nFinal-Recipient: rfc822; cid@c.test\r\nAction: failed\r\nStatus: 5.7.1\r\n"));
  CHECK(dsn.content.contains("\r\nSubject: hi\r\n"));
  CHECK_FALSE(dsn.content.contains(".dot"));
  CHECK(world.mail_in("quarantine").empty());

  // To the null reverse-path nothing is ever sent.
  Envelope null = world.envelope();
  null.reverse_path = {};
  const auto second =
      world.wait_for(world.hand_over(null, recipients, "Subject: dsn\r\n\r\n", true));
  CHECK(second.code() == 250);
  CHECK(fate(second, 1) == Fate::quarantined);
  CHECK(relay.taken().size() == 1);
}

TEST_CASE("NOTIFY says who is told of what") {
  ScriptedServer hop(NextHop::Kind::lmtp);
  ScriptedServer relay(NextHop::Kind::smtp);
  ScriptedServer other_relay(NextHop::Kind::smtp);
  CourierSettings settings;
  settings.relay = relay.hop();
  CourierWorld world(settings);
  Script script;
  script.end["cid@c.test"] = "550 5.7.1 Content refused\r\n";
  hop.always(script);
  std::vector recipients{as_recipient("ann@c.test", hop.hop()),
                         as_recipient("bob@c.test", hop.hop()),
                         as_recipient("cid@c.test", hop.hop())};
  recipients[0].notify = "Success,Failure";
  recipients[0].original_recipient = "rfc822;a+2Bnn@c.test";
  recipients[2].notify = "NEVER";
  Envelope envelope = world.envelope();
  envelope.envelope_id = "q+3D1";
  envelope.relay = other_relay.hop();
  const auto attempt = world.wait_for(world.hand_over(envelope, recipients, "A: b\r\n\r\n", true));
  CHECK(attempt.code() == 250);
  CHECK(world.mail_in("quarantine").empty());
  // The organization's own relay is asked.
  CHECK(relay.taken().empty());
  REQUIRE(other_relay.taken().size() == 1);
  const std::string dsn = other_relay.taken()[0].content;
  CHECK(dsn.contains("\r\nOriginal-Envelope-Id: q=1\r\nReporting-MTA: "));
  CHECK(
      dsn.contains("\r\nOriginal-Recipient: rfc822; a+nn@c.test\r\nFinal-Recipient: rfc822; "
                   "ann@c.test\r\nAction: delivered\r\n"));
  CHECK_FALSE(dsn.contains("bob@c.test"));
  CHECK_FALSE(dsn.contains("cid@c.test"));
}

TEST_CASE("who was delivered to is told of once, however often the message comes again") {
  ScriptedServer hop(NextHop::Kind::lmtp);
  ScriptedServer relay(NextHop::Kind::smtp);
  CourierSettings settings;
  settings.relay = relay.hop();
  CourierWorld world(settings);
  Script full;
  full.end["bob@c.test"] = "452 4.2.2 Full\r\n";
  hop.next(full);
  std::vector recipients{as_recipient("ann@c.test", hop.hop()),
                         as_recipient("bob@c.test", hop.hop())};
  for (Recipient& one : recipients) one.notify = "SUCCESS";
  CHECK(world.send(recipients).code() == 451);
  hop.drop_connections();
  CHECK(world.send(recipients).code() == 250);
  REQUIRE(relay.taken().size() == 2);
  CHECK(relay.taken()[0].content.contains("Final-Recipient: rfc822; ann@c.test"));
  CHECK_FALSE(relay.taken()[1].content.contains("Final-Recipient: rfc822; ann@c.test"));
  CHECK(relay.taken()[1].content.contains("Final-Recipient: rfc822; bob@c.test"));
}

TEST_CASE("what a hop cannot have is refused, and never altered") {
  ScriptedServer hop(NextHop::Kind::smtp);
  Script small;
  small.hello = "250-hop\r\n250-REQUIRETLS\r\n250 SIZE 100\r\n";
  hop.always(small);
  CourierWorld world;
  const auto first_refusal = [&](const Envelope& envelope, Recipient recipient) {
    const auto attempt =
        world.wait_for(world.hand_over(envelope, {std::move(recipient)}, "A: b\r\n\r\n", true));
    const mail::Reply& reply =
        attempt.at_rcpt.empty() ? attempt.outcome.reply : attempt.at_rcpt.front();
    return std::to_string(reply.code) + " " + reply.enhanced;
  };
  const Recipient ann = as_recipient("ann@c.test", hop.hop());
  CHECK(first_refusal(world.envelope(), ann) == "250 2.0.0");
  Envelope envelope = world.envelope();
  envelope.size = 101;
  CHECK(first_refusal(envelope, ann) == "552 5.3.4");
  // The word alone, without TLS, is worth nothing.
  envelope = world.envelope();
  envelope.require_tls = true;
  CHECK(first_refusal(envelope, ann) == "550 5.7.30");
  envelope = world.envelope();
  envelope.smtp_utf8 = true;
  CHECK(first_refusal(envelope, ann) == "553 5.6.7");
  // A relay would lose what NOTIFY asks for; a hop of our own need not be able to.
  Recipient relayed = ann;
  relayed.notify = "NEVER";
  CHECK(first_refusal(world.envelope(), relayed) == "250 2.0.0");
  relayed.relayed = true;
  CHECK_FALSE(world.courier->lacks_dsn(world.settings.relay.value_or(NextHop())));
  CHECK(first_refusal(world.envelope(), relayed) == "451 4.5.4");
  CHECK(world.courier->lacks_dsn(hop.hop()));
  // It has learnt.
  hop.drop_connections();
  small.hello = "250-hop\r\n250 DSN\r\n";
  hop.always(small);
  world.start();
  CHECK(first_refusal(world.envelope(), relayed) == "250 2.0.0");
  CHECK_FALSE(world.courier->lacks_dsn(hop.hop()));
}

TEST_CASE("a relay that refuses the DSN: the copy is kept; one that is away: too") {
  ScriptedServer hop(NextHop::Kind::lmtp);
  ScriptedServer relay(NextHop::Kind::smtp);
  CourierSettings settings;
  settings.relay = relay.hop();
  CourierWorld world(settings);
  Script script;
  script.end["cid@c.test"] = "550 5.7.1 Content refused\r\n";
  hop.always(script);
  Script refuses;
  refuses.rcpt["bob@fabrikam.test"] = "550 5.1.1 Unknown\r\n";
  relay.next(refuses);
  const std::vector recipients{as_recipient("ann@c.test", hop.hop()),
                               as_recipient("cid@c.test", hop.hop())};
  CHECK(world.send(recipients).code() == 250);
  CHECK(world.mail_in("quarantine").size() == 2);
  relay.stop_listening();
  relay.drop_connections();
  CHECK(world.send(recipients).code() == 250);
  CHECK(world.mail_in("quarantine").size() == 4);
}

TEST_CASE(
    "a refused recipient whose copy cannot be kept makes the client come again, once for the "
    "others") {
  ScriptedServer hop(NextHop::Kind::lmtp);
  CourierWorld world;
  Script script;
  script.end["cid@c.test"] = "550 5.7.1 Content refused\r\n";
  hop.always(script);
  const std::vector recipients{as_recipient("ann@c.test", hop.hop()),
                               as_recipient("cid@c.test", hop.hop())};
  std::filesystem::remove_all(world.data.path() / "quarantine");
  CHECK(world.send(recipients).code() == 451);
  CHECK(world.send(recipients).code() == 451);
  std::filesystem::create_directory(world.data.path() / "quarantine");
  CHECK(world.send(recipients).code() == 250);
  CHECK(hop.copies("ann@c.test") == 1);
  CHECK(world.mail_in("quarantine").size() == 2);
}

TEST_CASE("all refused: the hop's own words, and nobody keeps anything") {
  ScriptedServer hop(NextHop::Kind::lmtp);
  CourierWorld world;
  Script script;
  script.end["ann@c.test"] = "554 5.7.1 Content refused\r\n";
  script.rcpt["bob@c.test"] = "550 5.1.1 No such user\r\n";
  hop.always(script);
  CHECK(world.send({as_recipient("ann@c.test", hop.hop())}).outcome.reply ==
        mail::Reply{554, "5.7.1", "Content refused"});
  CHECK(world.send({as_recipient("ann@c.test", hop.hop()), as_recipient("bob@c.test", hop.hop())})
            .outcome.reply.to_line() ==
        "554 5.7.1 <ann@c.test>: Content refused <bob@c.test>: No such user");
  CHECK(world.mail_in("quarantine").empty());
  CHECK(world.ledger->size() == 0);
  CHECK(hop.taken().empty());
}

TEST_CASE(
    "a client that leaves after the final dot gets 250 for its retry, and nobody a second copy") {
  ScriptedServer lmtp(NextHop::Kind::lmtp);
  ScriptedServer smtp(NextHop::Kind::smtp);
  CourierWorld world;
  const std::vector recipients{as_recipient("ann@c.test", lmtp.hop()),
                               as_recipient("bob@c.test", smtp.hop()),
                               as_recipient("ann@contoso.test", maildir_hop)};
  const std::string text = "Subject: hi\r\n\r\n";
  for (int round = 0; round < 4; ++round) {
    CHECK(world.send(recipients, text, false).code() == 250);
    CHECK(world.ledger->size() == 1);
    // The daemon may be restarted in between.
    world.courier.reset();
    world.ledger.reset();
    world.ledger = std::move(*store::Ledger::open(world.data.str() + "/ledger.db", now()));
    world.start();
  }
  CHECK(world.send(recipients, text, true).code() == 250);
  CHECK(lmtp.copies("ann@c.test") == 1);
  CHECK(smtp.copies("bob@c.test") == 1);
  CHECK(world.mail_in("mail/contoso.test/ann").size() == 1);
  CHECK(world.ledger->size() == 0);
}

TEST_CASE("our own end between the delivery and the reply counts as a client that left") {
  ScriptedServer hop(NextHop::Kind::lmtp);
  CourierWorld world;
  const auto abandon = [&]() -> awaitable<int> {
    auto hand_off = world.courier->begin(world.envelope());
    co_await hand_off->add_recipient(as_recipient("ann@c.test", hop.hop()));
    Content content(world.contents);
    co_await content.append("Subject: hi\r\n\r\n");
    const Edit edit{.prepend = "", .removed = {}};
    auto outcome = co_await hand_off->deliver(content, edit);
    co_return outcome.reply.code;
  };
  CHECK(world.wait_for(abandon()) == 250);
  CHECK(world.send({as_recipient("ann@c.test", hop.hop())}, "Subject: hi\r\n\r\n").code() == 250);
  CHECK(hop.copies("ann@c.test") == 1);
}

TEST_CASE("the same message again while the first is under way waits for its end") {
  ScriptedServer hop(NextHop::Kind::lmtp);
  CourierWorld world;
  std::atomic<bool> go_on{false};
  Script slow;
  slow.before_end = [&] { go_on.wait(false); };
  hop.next(slow);
  const std::vector recipients{as_recipient("ann@c.test", hop.hop())};
  const std::string text = "Subject: hi\r\n\r\n";

  std::atomic<bool> first_has_left{false};
  Envelope first = world.envelope();
  first.client_has_left = [&] { return first_has_left.load(); };
  std::vector<int> codes;
  const auto note = [&](std::exception_ptr, CourierWorld::Attempt attempt) {
    codes.push_back(attempt.code());
  };
  boost::asio::co_spawn(world.io, world.hand_over(first, recipients, text, false), note);
  while (hop.taken().empty()) world.io.poll();  // The hop has it and thinks.
  first_has_left = true;
  boost::asio::co_spawn(world.io, world.hand_over(world.envelope(), recipients, text, true), note);
  while (world.counters.waited == 0 && codes.empty()) world.io.poll();
  go_on = true;
  go_on.notify_all();
  while (codes.size() < 2) world.io.run_one();
  CHECK(codes[0] == 250);
  CHECK(codes[1] == 250);
  CHECK(hop.copies("ann@c.test") == 1);
}

TEST_CASE("the same message twice from a client that is still there is two messages") {
  ScriptedServer hop(NextHop::Kind::lmtp);
  CourierWorld world;
  Envelope envelope = world.envelope();
  envelope.client_has_left = [] { return false; };
  std::vector<int> codes;
  const auto note = [&](std::exception_ptr, CourierWorld::Attempt attempt) {
    codes.push_back(attempt.code());
  };
  for (int i = 0; i < 2; ++i) {
    boost::asio::co_spawn(
        world.io, world.hand_over(envelope, {as_recipient("ann@c.test", hop.hop())}, "\r\n", true),
        note);
  }
  while (codes.size() < 2) world.io.run_one();
  CHECK(hop.copies("ann@c.test") == 2);
  CHECK(world.counters.waited == 0);
}

TEST_CASE("one mailbox named twice gets one copy") {
  ScriptedServer hop(NextHop::Kind::smtp);
  CourierWorld world;
  Recipient alias = as_recipient("sales@contoso.test", maildir_hop);
  alias.address = "ann@contoso.test";
  const auto attempt =
      world.send({as_recipient("ann@contoso.test", maildir_hop), alias,
                  as_recipient("bob@c.test", hop.hop()), as_recipient("bob@c.test", hop.hop())});
  CHECK(attempt.code() == 250);
  CHECK(attempt.outcome.recipients.size() == 4);
  CHECK(world.mail_in("mail/contoso.test/ann").size() == 1);
  CHECK(hop.copies("bob@c.test") == 1);
}

TEST_CASE("hops that do not fit the message, or us") {
  ScriptedServer old(NextHop::Kind::lmtp);
  Script script;
  script.hello = "250 old\r\n";
  old.always(script);
  CourierWorld world;
  Envelope envelope = world.envelope();
  envelope.smtp_utf8 = true;
  const std::vector recipients{as_recipient("ann@c.test", old.hop())};
  CHECK(world.wait_for(world.hand_over(envelope, recipients, "\r\n", true))
            .outcome.reply.to_line()
            .starts_with("553 5.6.7 "));
  // Without any extension every command waits for its reply, and it works all the same.
  CHECK(world.send(recipients).code() == 250);
  CHECK(old.taken()[0].mail == "MAIL FROM:<bob@fabrikam.test>\r\n");

  // A hop that wants TLS first is for its administrator to mend, not for the sender to hear.
  ScriptedServer strict(NextHop::Kind::smtp);
  script.mail = "530 5.7.0 Must issue a STARTTLS command first\r\n";
  strict.always(script);
  CHECK(world.send({as_recipient("ann@c.test", strict.hop())})
            .at_rcpt.at(0)
            .to_line()
            .starts_with("451 4.3.5 "));
}

TEST_CASE("garbage and endless lines from a hop are 451") {
  for (const std::string& mail :
       {std::string("HTTP/1.1 400 Bad Request\r\n"), "250 " + std::string(100'000, 'x') + "\r\n",
        std::string("250-Ok\r\n251 no\r\n"), std::string("421 4.3.2 Going down\r\n")}) {
    for (const auto kind : {NextHop::Kind::lmtp, NextHop::Kind::smtp}) {
      ScriptedServer hop(kind);
      Script script;
      script.mail = mail;
      hop.always(script);
      CourierWorld world;
      const auto attempt = world.send({as_recipient("ann@c.test", hop.hop())});
      const mail::Reply reply =
          kind == NextHop::Kind::smtp ? attempt.at_rcpt.at(0) : attempt.outcome.reply;
      CHECK(reply.to_line().starts_with("451 4.4.2 "));
    }
  }
}

TEST_CASE("a hop that says nothing is given up in time, and other hops do not wait for it") {
  ScriptedServer dead(NextHop::Kind::lmtp);
  ScriptedServer alive(NextHop::Kind::lmtp);
  Script script;
  script.banner = "";  // It accepts, and that is all.
  dead.always(script);
  CourierSettings settings;
  settings.times.before_final_dot = std::chrono::milliseconds(600);
  CourierWorld world(settings);
  const auto attempt =
      world.send({as_recipient("ann@c.test", dead.hop()), as_recipient("bob@c.test", alive.hop())});
  CHECK(attempt.code() == 451);
  CHECK(attempt.outcome.recipients[0].reply.to_line().starts_with("451 4.4.1 "));
  CHECK(fate(attempt, 1) == Fate::delivered);
}

TEST_CASE("a hop that is down is 451 4.4.1") {
  ScriptedServer hop(NextHop::Kind::smtp);
  hop.stop_listening();
  CourierWorld world;
  const auto attempt = world.send({as_recipient("ann@c.test", hop.hop())});
  CHECK(attempt.at_rcpt.at(0).to_line().starts_with("451 4.4.1 The next hop cannot be reached;"));
}

TEST_CASE("a large message goes to a hop whole") {
  ScriptedServer hop(NextHop::Kind::lmtp);
  CourierWorld world;
  std::string text = "Subject: large\r\n\r\n";
  while (text.size() < 4 * max_in_memory) text += ".line " + std::to_string(text.size()) + "\r\n";
  CHECK(world.send({as_recipient("ann@c.test", hop.hop())}, text).code() == 250);
  CHECK(hop.taken()[0].content == "Received: here\r\n" + text);
}

TEST_CASE("content with a bare line feed is never sent to its end") {
  ScriptedServer hop(NextHop::Kind::smtp);
  CourierWorld world;
  const auto attempt = world.send({as_recipient("ann@c.test", hop.hop())},
                                  "Subject: x\r\n\r\na\n.\r\nMAIL FROM:<evil>\r\n");
  CHECK(attempt.outcome.reply.to_line().starts_with("554 5.6.0 "));
  CHECK(hop.taken().empty());
}

TEST_CASE("a message without recipients is refused") {
  CourierWorld world;
  CHECK(world.send({}).code() == 554);
}
