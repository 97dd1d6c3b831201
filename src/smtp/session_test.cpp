// What dialogs cannot show: when replies are sent, which deadlines are set, what the receiver is
// told, what an idle session costs.
#include "smtp/session.h"

#include <doctest/doctest.h>
#include <malloc.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <sstream>

#include "base/log.h"
#include "net/run.h"
#include "net/string_stream.h"
#include "smtp/toy_receiver.h"

using namespace postern;
using namespace postern::smtp;
using net::StringStream;

namespace {

const SessionSettings settings{.hostname = "mx.postern.test", .limits = {}, .offer_tls = true};

SessionFacts some_facts() {
  SessionFacts facts;
  facts.id = "0123456789ABCDEF";
  facts.client = IpAddress::parse("2001:db8::1").value();
  return facts;
}

constexpr std::string_view envelope =
    "EHLO client.test\r\nMAIL FROM:<ann@client.test>\r\nRCPT TO:<kim@contoso.test>\r\n";

}  // namespace

TEST_CASE("replies wait for the last whole command that has come") {
  StringStream stream;
  ToyReceiver receiver(stream);
  stream.feed("NOOP\r\nNO");
  stream.feed_action([&] { CHECK(stream.take_output().ends_with("250 2.0.0 Ok\r\n")); });
  stream.feed("OP\r\nNOOP\r\nNOOP\r\nNOOP");
  stream.feed_action(
      [&] { CHECK(stream.take_output() == "250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n"); });
  net::run(run_session(stream, receiver, some_facts(), settings));
  CHECK(stream.take_output().empty());
  CHECK(stream.closed());
}

TEST_CASE("every reply is counted under its verb") {
  StringStream stream;
  ToyReceiver receiver(stream);
  receiver.refused_rcpt["lee@contoso.test"] = Reply{550, "5.1.1", "Unknown"};
  stream.feed(envelope);
  stream.feed(
      "rcpt to:<lee@contoso.test>\r\nDATA\r\nx\r\n.\r\nHELO\r\nXYZZY\r\nNOOP\n\r\nQUIT\r\n");
  net::run(run_session(stream, receiver, some_facts(), settings));
  CHECK(receiver.replies == std::vector<std::string>{" 220", "EHLO 250", "MAIL 250", "RCPT 250",
                                                     "RCPT 550", "DATA 354", " 250", "HELO 501",
                                                     "OTHER 500", "OTHER 500", "OTHER 500",
                                                     "QUIT 221"});
}

TEST_CASE("the receiver is told who the client is, and what it asks for") {
  StringStream stream;
  stream.offer_tls(net::TlsFacts{.version = "TLSv1.3"});
  ToyReceiver receiver(stream);
  receiver.offers = Offers{.max_message_size = 5000, .binary_mime = false, .dsn = true};
  stream.feed("HELO old.test\r\nSTARTTLS\r\n");
  stream.feed("EHLO Client.Test\r\n");
  stream.feed("MAIL FROM:<ann@client.test> SIZE=99 BODY=8bitmime RET=full\r\n");
  stream.feed("RCPT TO:<kim@contoso.test> NOTIFY=NEVER\r\n");
  net::run(run_session(stream, receiver, some_facts(), settings));
  REQUIRE(receiver.greetings.size() == 3);
  CHECK(receiver.greetings[0].hello == "old.test");
  CHECK_FALSE(receiver.greetings[0].extended);
  CHECK(receiver.greetings[1].tls->version == "TLSv1.3");
  CHECK(receiver.greetings[1].hello.empty());
  CHECK(receiver.greetings[2].hello == "Client.Test");
  CHECK(receiver.greetings[2].extended);
  CHECK(receiver.mail_parameters.size == 99);
  CHECK(receiver.mail_parameters.body == BodyType::eight_bit_mime);
  CHECK(receiver.mail_parameters.ret == "FULL");
  CHECK(receiver.rcpt_parameters.notify == "NEVER");
  CHECK(stream.output().contains("250-mx.postern.test Hello [IPv6:2001:db8::1]\r\n"));
}

TEST_CASE("each kind of waiting has its deadline") {
  using std::chrono::seconds;
  StringStream stream;
  ToyReceiver receiver(stream);
  stream.feed_action([&] { CHECK(stream.deadline() == settings.limits.idle_time); });
  stream.feed(envelope);
  stream.feed("DATA\r\n");
  stream.feed_action([&] { CHECK(stream.deadline() == settings.limits.idle_time); });
  net::run(run_session(stream, receiver, some_facts(), settings));

  // What is left of the session and of the time for content goes before.
  SessionSettings hasty = settings;
  hasty.limits.session_time = seconds(20);
  hasty.limits.content_time = seconds(10);
  StringStream second;
  ToyReceiver other(second);
  second.feed_action([&] { CHECK(second.deadline() <= seconds(20)); });
  second.feed(envelope);
  second.feed("DATA\r\n");
  second.feed_action([&] { CHECK(second.deadline() <= seconds(10)); });
  net::run(run_session(second, other, some_facts(), hasty));
}

TEST_CASE("a line that comes drop by drop does not begin its time anew") {
  StringStream stream;
  ToyReceiver receiver(stream);
  stream.feed("NO");
  stream.feed_action([&] { stream.set_deadline({}); });
  stream.feed("OP");
  stream.feed_action([&] { CHECK(stream.deadline()->count() == 0); });
  stream.feed("\r\n");
  stream.feed_action([&] { CHECK(stream.deadline() == settings.limits.idle_time); });
  net::run(run_session(stream, receiver, some_facts(), settings));
}

TEST_CASE("a connection that breaks under the final reply is reported to the receiver") {
  StringStream stream;
  ToyReceiver receiver(stream);
  stream.feed(envelope);
  stream.feed("DATA\r\n");
  stream.feed_action([&] { stream.break_after_output(stream.output().size() + 3); });
  stream.feed("x\r\n.\r\nQUIT\r\n");
  net::run(run_session(stream, receiver, some_facts(), settings));
  REQUIRE(receiver.events.size() == 2);
  CHECK(receiver.events[1] == "reply lost");
  CHECK(stream.closed());
}

TEST_CASE("a connection that breaks under other replies ends the session") {
  const std::string talk = std::string(envelope) + "DATA\r\nx\r\n.\r\nSTARTTLS\r\n";
  for (std::size_t bytes = 0; bytes < 600; ++bytes) {
    StringStream stream;
    stream.offer_tls(net::TlsFacts{});
    stream.break_after_output(bytes);
    ToyReceiver receiver(stream);
    stream.feed_in_pieces(talk, 7);
    net::run(run_session(stream, receiver, some_facts(), settings));
    CHECK(stream.closed());
    CHECK(stream.output().size() <= bytes);
  }
}

TEST_CASE("the text for a connection that is too many") {
  CHECK(too_many_connections("mx.postern.test").to_wire() ==
        "421 4.7.0 mx.postern.test Too many connections, try again later\r\n");
}

TEST_CASE("an idle session costs little memory") {
  /// A client that says EHLO and then nothing.
  class IdleStream final : public net::Stream {
   public:
    explicit IdleStream(boost::asio::io_context& io) : never_(io) {
      never_.expires_at(std::chrono::steady_clock::time_point::max());
    }
    awaitable<std::string_view> read() override {
      if (!std::exchange(has_spoken_, true)) co_return "EHLO client.test\r\n";
      co_await never_.async_wait(boost::asio::use_awaitable);
      co_return std::string_view{};
    }
    awaitable<bool> write(std::string_view) override { co_return true; }
    void unread(std::string_view) override {}
    awaitable<Result<net::TlsFacts>> start_tls() override { co_return fail("no TLS"); }
    void set_deadline(std::chrono::steady_clock::duration) override {}
    net::StreamEnd end() const override { return net::StreamEnd::open; }
    bool peer_has_closed() override { return false; }
    awaitable<bool> drained(std::chrono::steady_clock::duration) override { co_return true; }
    void interrupt() override {}
    awaitable<void> close() override { co_return; }

   private:
    boost::asio::steady_timer never_;
    bool has_spoken_ = false;
  };

  constexpr std::size_t count = 1000;
  boost::asio::io_context io(1);
  std::deque<IdleStream> streams;
  for (std::size_t i = 0; i < count; ++i) streams.emplace_back(io);
  StringStream unused;
  ToyReceiver receiver(unused);
  receiver.replies.reserve(2 * count);
  receiver.keep_greetings = false;

  const std::size_t before = mallinfo2().uordblks;
  if (before == 0) return;  // The allocator of a sanitizer, which counts elsewhere.
  for (IdleStream& stream : streams)
    boost::asio::co_spawn(io, run_session(stream, receiver, some_facts(), settings),
                          boost::asio::detached);
  io.poll();
  const std::size_t each = (mallinfo2().uordblks - before) / count;
  CAPTURE(each);
  CHECK(each > 500);
  CHECK(each < 4096);
}

TEST_CASE("no sequence that other servers took for the end of data smuggles a message") {
  configure_log(LogLevel::error, LogFormat::logfmt);
  // The list of the SMTP smuggling tools, in hexadecimal; more where the conformance data is.
  std::vector<std::string> sequences{"0a2e0a",         "0a2e0d",         "0d2e0a",
                                     "0d2e0d",         "0a2e0d0a",       "0d2e0d0a",
                                     "0d0a002e0d0a",   "0d0a2e0d0d0a",   "0d0a2e0a",
                                     "0d0d0a2e0d0d0a", "0d0a2e0d2e0d0a", "0d0a2e000d0a"};
  if (const char* folder = std::getenv("CONFORMANCE_DIR")) {
    std::ifstream file(std::string(folder) + "/smtp/smuggling.json");
    REQUIRE(file.good());
    std::stringstream text;
    text << file.rdbuf();
    const std::string json = text.str();
    constexpr std::string_view key = "\"hex\": \"";
    for (std::size_t at = json.find(key); at != std::string::npos; at = json.find(key, at + 1))
      sequences.push_back(
          json.substr(at + key.size(), json.find('"', at + key.size()) - at - key.size()));
    CHECK(sequences.size() >= 16 + 12);
  }
  for (const std::string& hex : sequences) {
    std::string end_of_data;
    for (std::size_t i = 0; i < hex.size(); i += 2)
      end_of_data += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    const std::string content = "Subject: x\r\n\r\ntext" + end_of_data +
                                "MAIL FROM:<admin@client.test>\r\nRCPT TO:<lee@contoso.test>\r\n"
                                "DATA\r\nSubject: smuggled\r\n\r\n.\r\n";
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, content.size()}) {
      StringStream stream;
      ToyReceiver receiver(stream);
      stream.feed(std::string(envelope) + "DATA\r\n");
      stream.feed_in_pieces(content, piece);
      net::run(run_session(stream, receiver, some_facts(), settings));
      CAPTURE(hex);
      CHECK(receiver.events == std::vector<std::string>{"content refused 554", "abandoned"});
    }
  }
}
