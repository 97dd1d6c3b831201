#include "delivery/hop_opener.h"

#include <doctest/doctest.h>

#include "delivery/courier_world.h"
#include "delivery/scripted_server.h"
#include "dns/zone.h"

using namespace postern;
using namespace postern::delivery;

namespace {

/// Servers of one next hop, in this order.
NextHop list_of(std::initializer_list<const ScriptedServer*> servers) {
  std::vector<HopServer> list;
  for (const ScriptedServer* server : servers) list.push_back(server->hop().servers.front());
  return {.kind = NextHop::Kind::smtp, .path = "", .servers = HopServers(std::move(list))};
}

Script greeting(const std::string& words) {
  Script script;
  script.hello = "250-hop\r\n" + words + "250 SIZE\r\n";
  return script;
}

NextHop with(const ScriptedServer& server, const std::string& options) {
  return parse_next_hop(server.hop().to_string() + "?" + options).value();
}

std::size_t count_of(const ScriptedServer& server, std::string_view start) {
  std::size_t count = 0;
  for (const std::string& command : server.commands()) count += command.starts_with(start) ? 1 : 0;
  return count;
}

HealthLimits give_up_after(std::size_t failures, std::chrono::seconds rest) {
  return {.breaker = {.failures = failures, .rest = rest},
          .address_retry = std::chrono::seconds(60)};
}

}  // namespace

TEST_CASE("the next server takes the mail when the first is away, which is then left alone") {
  ScriptedServer first(NextHop::Kind::smtp);
  ScriptedServer second(NextHop::Kind::smtp);
  first.always({.die_at = DieAt::banner});
  const NextHop both = list_of({&first, &second});
  CourierWorld world;
  const auto attempt = world.send({as_recipient("ann@c.test", both)});
  CHECK(attempt.code() == 250);
  CHECK(attempt.outcome.recipients[0].next_hop == both.to_string());
  CHECK(second.copies("ann@c.test") == 1);
  CHECK(world.counters.failovers == 1);
  CHECK(world.counters.hop_failures == 0);
  CHECK(first.connections() == 1);

  world.start();
  CHECK(world.send({as_recipient("ann@c.test", both)}).code() == 250);
  CHECK(first.connections() == 1);
  CHECK(second.connections() == 2);

  // Both away: then what has failed of late is tried again rather than nothing.
  second.stop_listening();
  first.always({});
  world.start();
  CHECK(world.send({as_recipient("ann@c.test", both)}).at_rcpt.at(0).code == 451);
  world.start();
  CHECK(world.send({as_recipient("ann@c.test", both)}).code() == 250);
  CHECK(first.copies("ann@c.test") == 1);
}

TEST_CASE("a hop that never speaks is asked a few times, then its mail is deferred at once") {
  ScriptedServer silent(NextHop::Kind::smtp);
  ScriptedServer well(NextHop::Kind::smtp);
  silent.always({.banner = ""});
  CourierSettings settings;
  settings.open.connect = std::chrono::seconds(1);
  CourierWorld world(settings, give_up_after(2, std::chrono::hours(1)));
  for (int i = 0; i < 5; ++i) {
    const auto attempt = world.send({as_recipient("ann@c.test", silent.hop())});
    REQUIRE(attempt.at_rcpt.size() == 1);
    CHECK(attempt.at_rcpt[0].code == 451);
    CHECK(attempt.at_rcpt[0].enhanced == "4.4.1");
    CHECK(attempt.at_rcpt[0].text == (i < 2
                                          ? "The next hop cannot be reached; try again later"
                                          : "The next hop has been out of order; try again later"));
    CHECK(world.send({as_recipient("bob@d.test", well.hop())}).code() == 250);
  }
  CHECK(silent.connections() == 2);
  CHECK(world.counters.left_alone == 3);
  CHECK(world.health.open_hops() == 1);
}

TEST_CASE("one message finds out that a hop is back, and the next ones pass") {
  ScriptedServer hop(NextHop::Kind::lmtp);
  CourierWorld world({}, give_up_after(1, std::chrono::seconds(0)));
  hop.next({.die_at = DieAt::banner});
  CHECK(world.send({as_recipient("ann@c.test", hop.hop())}).code() == 451);
  CHECK(world.health.open_hops() == 1);
  CHECK(world.send({as_recipient("ann@c.test", hop.hop())}).code() == 250);
  CHECK(world.health.open_hops() == 0);
}

TEST_CASE("a hop that hangs after RCPT is not taken for well") {
  ScriptedServer hop(NextHop::Kind::smtp);
  hop.always({.die_at = DieAt::data});
  CourierWorld world({}, give_up_after(3, std::chrono::hours(1)));
  for (int i = 0; i < 3; ++i)
    CHECK(world.send({as_recipient("ann@c.test", hop.hop())}).code() == 451);
  CHECK(world.health.open_hops() == 1);
}

TEST_CASE("where TLS is a must, nothing goes to a server that does not do it") {
  const auto tls = net::TlsContext::client();
  REQUIRE(tls);
  for (const char* policy : {"required", "verify"}) {
    CAPTURE(policy);
    CourierWorld world;
    world.tls = *tls;
    world.start();
    ScriptedServer hop(NextHop::Kind::smtp);
    const NextHop strict = with(hop, std::string("tls=") + policy);
    // Not offered, or taken out by somebody on the way; offered and refused.
    for (const char* words : {"", "250-STARTTLS\r\n"}) {
      hop.always(greeting(words));
      const auto attempt = world.send({as_recipient("ann@c.test", strict)});
      REQUIRE(attempt.at_rcpt.size() == 1);
      CHECK(attempt.at_rcpt[0].code == 451);
    }
    CHECK(count_of(hop, "MAIL") == 0);
  }
}

TEST_CASE("where TLS is only welcome, a server that refuses it gets its mail all the same") {
  const auto tls = net::TlsContext::client();
  REQUIRE(tls);
  CourierSettings settings;
  settings.open.connect = std::chrono::seconds(1);
  CourierWorld world(settings);
  world.tls = *tls;
  world.start();
  ScriptedServer hop(NextHop::Kind::smtp);
  hop.always(greeting("250-STARTTLS\r\n"));
  SUBCASE("refused: on the same connection") {
    CHECK(world.send({as_recipient("ann@c.test", with(hop, "tls=opportunistic"))}).code() == 250);
    CHECK(hop.connections() == 1);
    CHECK(count_of(hop, "STARTTLS") == 1);
  }
  SUBCASE("the handshake fails: on another connection") {
    Script broken = greeting("250-STARTTLS\r\n");
    broken.others = {{"STARTTLS", "220 go on\r\n"}};
    hop.always(broken);
    CHECK(world.send({as_recipient("ann@c.test", with(hop, "tls=opportunistic"))}).code() == 250);
    CHECK(hop.connections() == 2);
  }
  SUBCASE("not on loopback, unless it is asked for") {
    CHECK(world.send({as_recipient("ann@c.test", hop.hop())}).code() == 250);
    CHECK(count_of(hop, "STARTTLS") == 0);
  }
}

TEST_CASE("XCLIENT introduces every client once, also on a connection that had another") {
  ScriptedServer hop(NextHop::Kind::smtp);
  Script script = greeting("250-XCLIENT NAME ADDR\r\n250-XFORWARD\r\n");
  script.others = {{"XCLIENT", "220 hop\r\n"}};
  hop.always(script);
  CourierWorld world;
  const NextHop wants = with(hop, "xclient=yes");
  const auto send_for = [&](const char* address) {
    Envelope envelope = world.envelope();
    envelope.introduction = std::make_shared<const Introduction>(
        Introduction{.address = *IpAddress::parse(address), .hello = "mail.bank.test"});
    return world.wait_for(
        world.hand_over(envelope, {as_recipient("ann@c.test", wants)}, "Subject: x\r\n\r\n", true));
  };
  CHECK(send_for("192.0.2.7").code() == 250);
  CHECK(send_for("192.0.2.7").code() == 250);
  CHECK(send_for("192.0.2.8").code() == 250);
  CHECK(hop.connections() == 1);
  CHECK(count_of(hop, "XCLIENT") == 2);
  CHECK(count_of(hop, "XCLIENT NAME=[UNAVAILABLE] ADDR=192.0.2.8\r\n") == 1);
  CHECK(count_of(hop, "EHLO mail.bank.test\r\n") == 2);
  // Mail of our own must not go under a client's name.
  CHECK(world.send({as_recipient("ann@c.test", wants)}).code() == 250);
  CHECK(hop.connections() == 2);
  CHECK(count_of(hop, "XCLIENT") == 2);

  script.others = {{"XCLIENT", "550 5.7.0 insufficient authorization\r\n"}};
  hop.always(script);
  world.start();
  CHECK(send_for("192.0.2.7").at_rcpt.at(0).code == 451);
  hop.always(greeting(""));
  world.start();
  CHECK(send_for("192.0.2.7").at_rcpt.at(0).code == 451);
}

TEST_CASE("MX records lead to the servers, the preferred one first") {
  // All of them listen on the port of the test, on addresses of their own.
  ScriptedServer hop(NextHop::Kind::smtp);
  auto zone = dns::Zone::parse(
      "contoso.test. MX 10 away.test.\ncontoso.test. MX 20 here.test.\n"
      "away.test. A 127.0.0.99\nhere.test. A 127.0.0.1\nnull.test. MX 0 .\n",
      "zone");
  REQUIRE(zone);
  dns::ZoneResolver resolver(std::move(*zone));
  CourierWorld world;
  world.resolver = &resolver;
  world.start();
  const std::string port = std::to_string(hop.hop().servers.front().port);
  const auto mx = [&](const std::string& domain) {
    return parse_next_hop("smtp:mx:" + domain + ":" + port).value();
  };
  const auto attempt = world.send({as_recipient("ann@c.test", mx("contoso.test"))});
  CHECK(attempt.code() == 250);
  CHECK(attempt.outcome.recipients[0].hop_address == "127.0.0.1");
  CHECK(world.counters.failovers == 1);
  CHECK(world.send({as_recipient("ann@c.test", mx("null.test"))}).at_rcpt.at(0).code == 451);
  CHECK(world.send({as_recipient("ann@c.test", mx("nowhere.test"))}).at_rcpt.at(0).code == 451);
}
