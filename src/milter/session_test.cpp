#include "milter/session.h"
#include "milter/negotiation.h"

#include <doctest/doctest.h>

#include "milter/toy_mta.h"
#include "milter/toy_receiver.h"
#include "net/run.h"
#include "net/string_stream.h"

using namespace postern;
using namespace postern::milter;

namespace {

const Request offer = Negotiation{6, all_actions, all_steps, {}};
const Request client = Connect{"mail.bank.test", '4', 12345, "203.0.113.9"};
const Request from = MailFrom{{"<bob@bank.test>"}};
const Request to = RcptTo{{"<ann@contoso.test>"}};

struct Talk {
  net::StringStream stream;
  ToyReceiver receiver{stream};
  SessionSettings settings;
  Ending ending = Ending::quit;

  /// What we say to all of it, a line for each packet.
  std::string operator()(const std::vector<Request>& requests) {
    stream.feed(say(requests));
    ending = net::run(run_session(stream, receiver, settings));
    return describe(stream.take_output());
  }
};

/// From the top: OPTNEG, no reply to CONNECT, MAIL, RCPT.
constexpr std::string_view begun = "OPTNEG 6 131 1c1380\ncontinue\ncontinue\n";

}  // namespace

TEST_CASE("a message is judged once it is complete") {
  Talk talk;
  talk.receiver.changes = {.prepend = "X-Judged: yes\r\n", .removed = {{0, 9}}};
  CHECK(talk({offer, client, Hello{"mail.bank.test"}, from, to, Header{"X-Bad", " 1"},
              Header{"Subject", " hi\n there"}, EndOfHeader{}, Body{"one\r\n"},
              EndOfBody{"two\r\n"}, Quit{}}) ==
        "OPTNEG 6 131 1c1380\n"
        "continue\n"  // HELO
        "continue\n"  // MAIL
        "continue\n"  // RCPT
        "change 1 X-Bad:\n"
        "insert 0 X-Judged: yes\n"
        "continue\n");
  CHECK(talk.ending == Ending::quit);
  CHECK(talk.receiver.events ==
        std::vector<std::string>{"client 203.0.113.9",
                                 "message from <bob@bank.test> to <ann@contoso.test>: "
                                 "X-Bad: 1\r\nSubject: hi\r\n there\r\n\r\none\r\ntwo\r\n",
                                 "reply got"});
  CHECK(talk.stream.closed());
}

TEST_CASE("a message is held where the receiver wants it, by an MTA that can") {
  for (const bool can_hold : {true, false}) {
    CAPTURE(can_hold);
    Talk talk;
    if (can_hold) talk.receiver.held_for = "forged";
    const std::uint32_t actions = can_hold ? all_actions : all_actions & ~hold_messages;
    const std::string said =
        talk({Negotiation{6, actions, all_steps, {}}, client, Hello{"mail.bank.test"}, from, to,
              Header{"Subject", " hi"}, EndOfHeader{}, EndOfBody{""}, Quit{}});
    CHECK(said.ends_with(can_hold ? "continue\nquarantine forged\ncontinue\n"
                                  : "continue\ncontinue\ncontinue\n"));
    CHECK(talk.receiver.events.at(0) ==
          (can_hold ? "client 203.0.113.9" : "client 203.0.113.9, cannot hold"));
  }
}

TEST_CASE("an MTA of version 2 gets a reply to every step and values without the blank") {
  Talk talk;
  talk.receiver.changes.prepend = "X-Judged: yes\r\n";
  CHECK(talk({Negotiation{2, 0x3f, 0x7f, {}}, client, Hello{"a.test"}, from, to, Data{},
              Header{"Subject", "hi"}, EndOfHeader{}, Body{"one\r\n"}, EndOfBody{""},
              UnknownCommand{"XFOO"}, Quit{}}) ==
        "OPTNEG 2 31 0\n"
        "continue\ncontinue\ncontinue\ncontinue\ncontinue\n"  // CONNECT to DATA
        "continue\ncontinue\ncontinue\n"                      // HEADER, EOH, BODY
        "insert 0 X-Judged:yes\n"
        "continue\n"
        "continue\n");
  CHECK(talk.receiver.events.at(1).ends_with(": Subject: hi\r\n\r\none\r\n"));
}

TEST_CASE("a refusal is said in the receiver's words, at each step") {
  Talk talk;
  talk.receiver.refused_mail["evil@bank.test"] = {550, "5.7.1", "Not you"};
  talk.receiver.refused_rcpt["nobody@contoso.test"] = {550, "5.4.1", "100% unknown"};
  talk.receiver.final_reply = {554, "5.6.0", "Two\nlines"};
  CHECK(talk({offer, client, MailFrom{{"<evil@bank.test>"}}, from,
              RcptTo{{"<nobody@contoso.test>"}}, to, EndOfHeader{}, EndOfBody{""}, Quit{}}) ==
        "OPTNEG 6 131 1c1380\n"
        "reply 550 5.7.1 Not you\n"
        "continue\n"
        "reply 550 5.4.1 100%% unknown\n"
        "continue\n"
        "reply 554-5.6.0 Two\r\n554 5.6.0 lines\n");
}

TEST_CASE("both codes of a reply are of one class, or Postfix would not say it") {
  Talk talk;
  talk.receiver.refused_mail["bob@bank.test"] = {451, "5.7.3", "STARTTLS is required"};
  CHECK(talk({offer, client, from}) ==
        "OPTNEG 6 131 1c1380\nreply 451 4.7.3 STARTTLS is required\n");
}

TEST_CASE("two clients in one connection share nothing") {
  Talk talk;
  const Macros tls{'H', {{"{tls_version}", "TLSv1.3"}, {"{cert_subject}", "mail.contoso.com"}}};
  const std::string told = talk({offer, client, tls, Hello{"one.test"}, from, to, NextClient{},
                                 Connect{"", '6', 25, "IPv6:2001:db8::9"}, from, to, Quit{}});
  CHECK(std::ranges::count(told, '\n') == 6);
  REQUIRE(talk.receiver.clients.size() == 2);
  CHECK(talk.receiver.clients[0].tls->certificate->names.at(0) == "mail.contoso.com");
  CHECK(talk.receiver.clients[0].hello == "one.test");
  CHECK(talk.receiver.clients[1].client == *IpAddress::parse("2001:db8::9"));
  CHECK_FALSE(talk.receiver.clients[1].tls);
  CHECK(talk.receiver.clients[1].hello == "");
  CHECK(talk.receiver.clients[0].id != talk.receiver.clients[1].id);
}

TEST_CASE("ABORT, MAIL and the end of the connection give a transaction up") {
  Talk talk;
  talk({offer, client, from, to, Abort{}, from, to, from, to});
  CHECK(talk.ending == Ending::closed);
  CHECK(std::ranges::count(talk.receiver.events, "abandoned") == 3);
}

TEST_CASE("the parameters of MAIL that concern the message are read, others passed over") {
  Talk talk;
  CHECK(talk({offer, client,
              MailFrom{{"<bob@bank.test>", "size=77", "BODY=8BITMIME", "SMTPUTF8", "AUTH=<>",
                        "REQUIRETLS"}},
              Quit{}}) == "OPTNEG 6 131 1c1380\ncontinue\n");
  CHECK(talk.receiver.mail_parameters.size == 77);
  CHECK(talk.receiver.mail_parameters.smtp_utf8);
  CHECK(Talk()({offer, client, MailFrom{{"<bob@bank.test>", "SIZE=many"}}}) ==
        "OPTNEG 6 131 1c1380\nreply 501 5.5.4 SIZE must be a number of octets, SIZE=2048\n");
}

TEST_CASE("what cannot be judged is refused or deferred, never accepted") {
  const std::string hello = "OPTNEG 6 131 1c1380\n";
  const std::string unjudged = "reply 451 4.7.1 No recipient of this message was judged\n";
  CHECK(Talk()({offer, client, Hello{"two words"}}) ==
        hello + "reply 501 5.5.2 That is neither a host name nor an address in brackets\n");
  CHECK(Talk()({offer, client, MailFrom{{"<bob"}}}) ==
        hello + "reply 501 5.1.7 The sender's address is malformed\n");
  CHECK(Talk()({offer, client, from, RcptTo{{"<ann@>"}}}) ==
        hello + "continue\nreply 501 5.1.3 The recipient's address is malformed\n");
  CHECK(Talk()({offer, Connect{"localhost", 'U', 0, ""}, from}) ==
        hello + "reply 451 4.7.1 The address of the client is not known\n");
  CHECK(Talk()({offer, client, to}) ==
        hello + "reply 451 4.5.1 The sender of this message was not accepted\n");
  // Content although no recipient was accepted, and even without MAIL.
  CHECK(Talk()({offer, client, from, Header{"Subject", " hi"}, EndOfHeader{}, EndOfBody{""}}) ==
        hello + "continue\n" + unjudged);
  CHECK(Talk()({offer, client, EndOfHeader{}, Body{"x\r\n"}, EndOfBody{""}}) == hello + unjudged);
  // The verdict of one message is none for the next.
  CHECK(Talk()({offer, client, from, to, EndOfHeader{}, EndOfBody{""}, EndOfHeader{},
                EndOfBody{""}}) == hello + "continue\ncontinue\ncontinue\n" + unjudged);
}

TEST_CASE("recipients are limited") {
  Talk talk;
  talk.settings.max_recipients = 2;
  CHECK(talk({offer, client, from, to, to, to}) ==
        std::string(begun) +
            "continue\nreply 452 4.5.3 Too many recipients, send the rest separately\n");
}

TEST_CASE("a client that the MTA has authenticated is its user, and not judged") {
  Talk talk;
  CHECK(talk({offer, client, Macros{'M', {{"{auth_type}", "PLAIN"}}}, from, Quit{}}) ==
        "OPTNEG 6 131 1c1380\naccept\n");
  CHECK(talk.receiver.events == std::vector<std::string>{"client 203.0.113.9"});
}

TEST_CASE("what is not the protocol ends the connection without a word") {
  const auto ends = [](const std::vector<Request>& requests, std::string_view told) {
    Talk talk;
    const std::string said = talk(requests);
    return said == told && talk.ending == Ending::not_understood && talk.stream.closed();
  };
  const std::string hello = "OPTNEG 6 131 1c1380\n";
  CHECK(ends({client}, ""));
  CHECK(ends({offer, offer}, hello));
  CHECK(ends({offer, from}, hello));
  CHECK(ends({offer, client, from, to, EndOfBody{""}}, begun));
  CHECK(ends({offer, client, from, to, Body{"x"}}, begun));
  CHECK(ends({offer, client, from, to, EndOfHeader{}, Header{"A", " b"}}, begun));
  CHECK(ends({offer, client, from, to, EndOfHeader{}, EndOfHeader{}}, begun));
  // An MTA that would leave forged fields in, and one that is too old.
  CHECK(ends({Negotiation{6, 0x1, all_steps, {}}}, ""));
  CHECK(ends({Negotiation{1, all_actions, all_steps, {}}}, ""));

  Talk talk;
  talk.stream.feed("EHLO client.test\r\n");
  CHECK(net::run(run_session(talk.stream, talk.receiver, talk.settings)) == Ending::not_understood);
  CHECK(talk.stream.output() == "");
}

TEST_CASE("a packet has its own time, and silence between packets another") {
  Talk talk;
  std::vector<std::chrono::steady_clock::duration> deadlines;
  const auto look = [&] { deadlines.push_back(talk.stream.deadline().value()); };
  const std::string wire = say({offer, client});
  talk.stream.feed_action(look);
  talk.stream.feed(wire.substr(0, 3));
  talk.stream.feed_action(look);
  talk.stream.feed(wire.substr(3));
  talk.stream.feed_action(look);
  talk.stream.feed_end(net::StreamEnd::timed_out);
  CHECK(net::run(run_session(talk.stream, talk.receiver, talk.settings)) == Ending::timed_out);
  CHECK(deadlines == std::vector<std::chrono::steady_clock::duration>{talk.settings.idle_time,
                                                                      talk.settings.packet_time,
                                                                      talk.settings.idle_time});
}

TEST_CASE("the time of a packet is over when it is complete") {
  Talk talk;
  const std::string wire = say({offer, client, from});
  std::vector<std::chrono::steady_clock::duration> deadlines;
  talk.receiver.on_begin = [&] { deadlines.push_back(talk.stream.deadline().value()); };
  talk.stream.feed(wire.substr(0, wire.size() - 1));
  talk.stream.feed(wire.substr(wire.size() - 1));
  net::run(run_session(talk.stream, talk.receiver, talk.settings));
  CHECK(deadlines == std::vector<std::chrono::steady_clock::duration>{talk.settings.idle_time});
}

TEST_CASE("when we go down a message is finished first") {
  Talk talk;
  talk.stream.feed(say({offer, client, from, to}));
  talk.stream.feed_end(net::StreamEnd::interrupted);
  CHECK(talk({EndOfHeader{}, EndOfBody{""}}) == std::string(begun) + "continue\n");
  CHECK(talk.ending == Ending::draining);
}

TEST_CASE("a fault of our own is a temporary failure") {
  Talk talk;
  talk.receiver.is_broken = true;
  CHECK(talk({offer, client, from}) == "tempfail\n");
}

TEST_CASE("an MTA that is gone did not hear the verdict") {
  Talk talk;
  talk.stream.feed(say({offer, client, from, to}));
  talk.stream.feed_action([&] { talk.stream.break_after_output(talk.stream.output().size()); });
  talk.stream.feed(say({EndOfHeader{}, EndOfBody{""}}));
  CHECK(net::run(run_session(talk.stream, talk.receiver, talk.settings)) == Ending::closed);
  CHECK(talk.receiver.events.back() == "reply lost");
}

TEST_CASE("cut at every octet, the dialog is the same, and nothing is accepted early") {
  const std::string wire = say({offer, client, Hello{"a.test"}, from, to, Header{"Subject", " hi"},
                                EndOfHeader{}, Body{"text\r\n"}, EndOfBody{""}, Quit{}});
  Talk pieces;
  pieces.stream.feed_in_pieces(wire, 1);
  net::run(run_session(pieces.stream, pieces.receiver, pieces.settings));
  Talk whole;
  whole.stream.feed(wire);
  net::run(run_session(whole.stream, whole.receiver, whole.settings));
  CHECK(pieces.stream.output() == whole.stream.output());
  CHECK(pieces.receiver.events == whole.receiver.events);

  for (std::size_t cut = 0; cut < wire.size() - 5; ++cut) {
    Talk talk;
    talk.stream.feed(wire.substr(0, cut));
    net::run(run_session(talk.stream, talk.receiver, talk.settings));
    const std::string said = describe(talk.stream.output());
    CHECK_MESSAGE(std::ranges::count(said, '\n') <= 4, cut);  // OPTNEG, HELO, MAIL, RCPT
  }
}
