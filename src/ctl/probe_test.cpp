#include "ctl/probe.h"

#include <doctest/doctest.h>

#include <sstream>

#include "net/run.h"
#include "net/string_stream.h"

using namespace postern;
using namespace postern::ctl;
using net::StringStream;

namespace {

ProbeRequest request(std::vector<std::string> recipients = {"ann@contoso.com"}) {
  ProbeRequest made{.hello = "probe.example",
                    .reverse_path = mail::parse_mailbox("printer@contoso.com").value()};
  for (const std::string& one : recipients)
    made.forward_paths.push_back(mail::parse_mailbox(one).value());
  return made;
}

ProbeReport talk(StringStream& stream, ProbeRequest asked = request()) {
  return net::run(probe(stream, std::move(asked), std::chrono::seconds(60)));
}

/// A server in clear text that says `rcpt` to the one recipient.
ProbeReport hear(std::string_view rcpt) {
  StringStream stream;
  for (const std::string_view reply : {"220 mx\r\n", "250 mx\r\n", "250 ok\r\n"})
    stream.feed(reply);
  stream.feed(rcpt);
  stream.feed("250 ok\r\n");
  stream.feed("221 bye\r\n");
  return talk(stream);
}

ProbeOutcome outcome(std::string_view rcpt) {
  return hear(rcpt).recipients.at(0).outcome;
}

std::string print(const ProbeReport& report) {
  std::ostringstream out;
  print_probe(out, report, {"mx.contoso.com", 25});
  return out.str();
}

}  // namespace

TEST_CASE("a probe ends before DATA, with RSET and QUIT") {
  StringStream stream;
  for (const std::string_view reply :
       {"220 mx\r\n", "250-mx\r\n250 SIZE\r\n", "250 ok\r\n", "250 ok\r\n", "550 5.1.1 no\r\n",
        "250 ok\r\n", "221 bye\r\n"})
    stream.feed(reply);
  const ProbeReport report = talk(stream, request({"ann@contoso.com", "bob@contoso.com"}));
  CHECK(stream.output() ==
        "EHLO probe.example\r\nMAIL FROM:<printer@contoso.com>\r\nRCPT TO:<ann@contoso.com>\r\n"
        "RCPT TO:<bob@contoso.com>\r\nRSET\r\nQUIT\r\n");
  CHECK(stream.closed());
  CHECK(report.recipients.at(0).outcome == ProbeOutcome::accepts);
  CHECK(report.recipients.at(1).outcome == ProbeOutcome::unknown_recipient);
  CHECK(report.any(ProbeOutcome::accepts));
  CHECK_FALSE(report.is_closed());
}

TEST_CASE("each reply has its meaning") {
  CHECK(outcome("250 2.1.5 ok\r\n") == ProbeOutcome::accepts);
  CHECK(outcome("550 5.7.68 TenantInboundAttribution; Direct Send not allowed for this "
                "organization from unauthorized sources\r\n") == ProbeOutcome::refuses);
  CHECK(outcome("550-5.7.51 TenantInboundAttribution; There is a partner\r\n550 5.7.51 x\r\n") ==
        ProbeOutcome::lock_down);
  CHECK(outcome("550 5.4.1 Recipient address rejected: Access denied\r\n") ==
        ProbeOutcome::unknown_recipient);
  CHECK(outcome("550 5.4.1 Relay Access Denied\r\n") == ProbeOutcome::not_hosted);
  CHECK(outcome("550 5.7.64 TenantAttribution; Relay Access Denied\r\n") ==
        ProbeOutcome::not_hosted);
  CHECK(outcome("550 no such user here\r\n") == ProbeOutcome::unknown_recipient);
  CHECK(outcome("451 5.7.3 STARTTLS is required to send mail\r\n") == ProbeOutcome::wants_tls);
  CHECK(outcome("530 Must issue a STARTTLS command first\r\n") == ProbeOutcome::wants_tls);
  CHECK(outcome("450 4.2.0 Greylisted\r\n") == ProbeOutcome::temporary);
  CHECK(outcome("550 5.7.23 SPF\r\n") == ProbeOutcome::refused_otherwise);
  // 5.7.680 is another code.
  CHECK(outcome("550 5.7.680 x\r\n") == ProbeOutcome::refused_otherwise);
}

TEST_CASE("STARTTLS is used where it is offered, and EHLO said anew") {
  StringStream stream;
  stream.offer_tls({.version = "TLSv1.3", .cipher = "X"});
  for (const std::string_view reply :
       {"220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n", "220 go\r\n", "250 mx\r\n", "250 ok\r\n",
        "550 5.7.68 no\r\n", "250 ok\r\n", "221 bye\r\n"})
    stream.feed(reply);
  const ProbeReport report = talk(stream);
  CHECK(stream.tls_started());
  CHECK(report.tls->version == "TLSv1.3");
  CHECK(report.is_closed());
  CHECK(print(report).contains("   TLSv1.3 X\n"));
}

TEST_CASE("--no-tls stays in clear text") {
  StringStream stream;
  for (const std::string_view reply : {"220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n", "250 ok\r\n",
                                       "250 ok\r\n", "250 ok\r\n", "221 bye\r\n"})
    stream.feed(reply);
  ProbeRequest asked = request();
  asked.with_tls = false;
  const ProbeReport report = talk(stream, std::move(asked));
  CHECK_FALSE(stream.tls_started());
  CHECK(report.any(ProbeOutcome::accepts));
}

TEST_CASE("bytes ahead of the handshake end the talk") {
  StringStream stream("220 mx\r\n");
  stream.feed("250-mx\r\n250 STARTTLS\r\n");
  stream.feed("220 go\r\n250 injected\r\n");
  const ProbeReport report = talk(stream);
  CHECK_FALSE(stream.tls_started());
  CHECK(report.problem == "The server sent something ahead of the TLS handshake.");
  CHECK(report.recipients.at(0).outcome == ProbeOutcome::no_answer);
}

TEST_CASE("what is refused before RCPT decides for all recipients") {
  StringStream stream("554 5.7.1 go away\r\n");
  const ProbeReport report = talk(stream, request({"ann@contoso.com", "bob@contoso.com"}));
  for (const ProbedRecipient& one : report.recipients)
    CHECK(one.outcome == ProbeOutcome::refused_otherwise);
  CHECK_FALSE(stream.output().contains("RCPT"));

  StringStream busy;
  for (const std::string_view reply : {"220 mx\r\n", "250 mx\r\n", "451 4.7.1 later\r\n"})
    busy.feed(reply);
  CHECK(talk(busy).recipients.at(0).outcome == ProbeOutcome::temporary);
}

TEST_CASE("a server that knows no EHLO is greeted with HELO") {
  StringStream stream;
  for (const std::string_view reply : {"220 mx\r\n", "502 what\r\n", "250 mx\r\n", "250 ok\r\n",
                                       "250 ok\r\n", "250 ok\r\n", "221 bye\r\n"})
    stream.feed(reply);
  CHECK(talk(stream).any(ProbeOutcome::accepts));
  CHECK(stream.output().contains("HELO probe.example\r\nMAIL"));
}

TEST_CASE("a hostile server is bounded: in time, in lines, in what it shows") {
  StringStream silent("220 mx\r\n");
  silent.feed_end(net::StreamEnd::timed_out);
  CHECK(talk(silent).problem == "The server did not answer in time.");

  StringStream endless("220 mx\r\n");
  for (int i = 0; i < 200; ++i) endless.feed("250-" + std::string(1000, 'x') + "\r\n");
  const ProbeReport report = talk(endless);
  CHECK(report.problem == "The server sent something that is no SMTP reply.");
  CHECK(report.steps.size() == 1);

  const ProbeReport steered = hear("550 5.7.68 \x1b[2J\xc3\xa4\r\n");
  CHECK(print(steered).contains("5.7.68 ?[2J??\n"));
  CHECK_FALSE(print(steered).contains('\x1b'));
}

TEST_CASE("addresses that need SMTPUTF8 are not sent to a server without it") {
  StringStream stream("220 mx\r\n");
  stream.feed("250 mx\r\n");
  const ProbeReport report = talk(stream, request({"jürgen@contoso.com"}));
  CHECK(report.problem.contains("SMTPUTF8"));
  CHECK_FALSE(stream.output().contains("MAIL"));
}

TEST_CASE("the server is named as people write it") {
  CHECK(parse_probe_target("MX.Contoso.com")->host == "mx.contoso.com");
  CHECK(parse_probe_target("mx.contoso.com")->port == 25);
  CHECK(parse_probe_target("mx.contoso.com:2525")->port == 2525);
  CHECK(parse_probe_target("192.0.2.1:587")->host == "192.0.2.1");
  CHECK(parse_probe_target("[2001:db8::1]:26")->host == "2001:db8::1");
  CHECK(parse_probe_target("[2001:db8::1]:26")->port == 26);
  CHECK(parse_probe_target("2001:db8::1")->host == "2001:db8::1");
  for (const std::string_view bad :
       {"", ":25", "mx:", "mx:0", "mx:65536", "mx:25x", "[192.0.2.1]:25",
        "[2001:db8::1]:", "[2001:db8::1", "a b", "mx:25:25"})
    CHECK_FALSE(parse_probe_target(bad));
}
