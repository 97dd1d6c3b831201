#include "delivery/smtp_client.h"

#include <doctest/doctest.h>

#include "delivery/test_support.h"
#include "net/string_stream.h"

using namespace postern;
using namespace postern::delivery;

namespace {

Deadline soon() {
  return std::chrono::steady_clock::now() + std::chrono::seconds(10);
}

/// A client whose server says `script`, and what it hears.
struct Dialog {
  explicit Dialog(std::string_view script, Dialect dialect = Dialect::lmtp, std::size_t piece = 0) {
    auto made = std::make_unique<net::StringStream>();
    stream = made.get();
    if (piece == 0) {
      stream->feed(script);
    } else {
      stream->feed_in_pieces(script, piece);
    }
    client.emplace(std::move(made), dialect);
  }

  std::optional<HopTrouble> greet() { return run(client->greet("mx.test", soon())); }
  HopResult<SmtpClient::Begun> begin(std::vector<std::string> paths) {
    for (std::string& path : paths) path = "RCPT TO:<" + path + ">";
    return run(client->begin("MAIL FROM:<>", std::move(paths), SmtpClient::Then::data, soon()));
  }
  SmtpClient::Sent send(std::string_view text) {
    const auto content = store.content(text);
    const Edit edit;
    return run(client->send_content(*content, edit, store.pool, soon(), std::chrono::minutes(10)));
  }

  TestStore store;
  net::StringStream* stream;
  std::optional<SmtpClient> client;
};

const std::string greeting =
    "220 hop\r\n250-hop\r\n250-pipelining\r\n250-SIZE 1000\r\n250 8BITMIME\r\n";

}  // namespace

TEST_CASE("what a server offers is used, and nothing else") {
  ReplyParser parser;
  std::string_view text = "250-PIPELINING\r\n250-Size\r\n250-SMTPUTF8\r\n250 8BITMIMEX\r\n";
  REQUIRE(parser.feed(text) == ReplyParser::Status::complete);
  CHECK(parse_capabilities(parser.reply()) == Capabilities{.smtp_utf8 = true, .size = true});

  Envelope envelope;
  envelope.reverse_path.text = "bob@fabrikam.test";
  envelope.eight_bit_mime = true;
  envelope.smtp_utf8 = true;
  CHECK(mail_command(envelope, 70, {}) == "MAIL FROM:<bob@fabrikam.test>");
  CHECK(mail_command(envelope, 70, {.eight_bit_mime = true, .smtp_utf8 = true, .size = true}) ==
        "MAIL FROM:<bob@fabrikam.test> SIZE=70 BODY=8BITMIME SMTPUTF8");
  envelope.require_tls = true;
  envelope.ret = "HDRS";
  envelope.envelope_id = "e+2B1";
  CHECK(mail_command(envelope, 70, {}) == "MAIL FROM:<bob@fabrikam.test>");
  CHECK(mail_command(envelope, 70, {.dsn = true, .require_tls = true}) ==
        "MAIL FROM:<bob@fabrikam.test> REQUIRETLS RET=HDRS ENVID=e+2B1");
  const HopRecipient ann{"ann@c.test", "NEVER", "rfc822;a@c.test"};
  CHECK(rcpt_command(ann, {}) == "RCPT TO:<ann@c.test>");
  CHECK(rcpt_command(ann, {.dsn = true}) ==
        "RCPT TO:<ann@c.test> NOTIFY=NEVER ORCPT=rfc822;a@c.test");
  CHECK(mail_command({}, std::nullopt, {.eight_bit_mime = true, .smtp_utf8 = true, .size = true}) ==
        "MAIL FROM:<>");
}

TEST_CASE("a message in three writes, with one reply for each LMTP recipient, cut anywhere") {
  for (const std::size_t piece : {0u, 1u, 7u}) {
    Dialog dialog(
        greeting +
            "250 a\r\n250 b\r\n550 c\r\n250 d\r\n354 go\r\n250 2.0.0 one\r\n452 4.2.2 two\r\n",
        Dialect::lmtp, piece);
    CHECK_FALSE(dialog.greet());
    CHECK(dialog.stream->take_output() == "LHLO mx.test\r\n");
    const auto begun = dialog.begin({"ann@c", "bob@c", "cid@c"});
    REQUIRE(begun);
    CHECK(begun->has_recipient());
    CHECK(begun->recipients[1].code == 550);
    CHECK(dialog.stream->take_output() ==
          "MAIL FROM:<>\r\nRCPT TO:<ann@c>\r\nRCPT TO:<bob@c>\r\nRCPT TO:<cid@c>\r\nDATA\r\n");
    const auto sent = dialog.send("a\r\n.b\r\n");
    CHECK(dialog.stream->take_output() == "a\r\n..b\r\n.\r\n");
    CHECK_FALSE(sent.trouble);
    CHECK(sent.replies == std::vector<mail::Reply>{{250, "2.0.0", "one"}, {452, "4.2.2", "two"}});
    CHECK(dialog.client->is_reusable());
    CHECK(dialog.stream->deadline() == std::chrono::minutes(10));
  }
}

TEST_CASE("without PIPELINING every command waits for its reply") {
  Dialog dialog("220 old\r\n500 EHLO?\r\n250 hello\r\n", Dialect::smtp);
  CHECK_FALSE(dialog.greet());
  CHECK(dialog.stream->take_output() == "EHLO mx.test\r\nHELO mx.test\r\n");
  for (const char* command : {"MAIL FROM:<>\r\n", "RCPT TO:<ann@c>\r\n", "DATA\r\n"}) {
    dialog.stream->feed_action(
        [&dialog, command] { CHECK(dialog.stream->take_output() == command); });
    dialog.stream->feed(std::string_view(command).starts_with("DATA") ? "354 go\r\n"
                                                                      : "250 ok\r\n");
  }
  CHECK(dialog.begin({"ann@c"})->data.code == 354);
  dialog.stream->feed("250 queued\r\n");
  CHECK(dialog.send("x").replies.size() == 1);
  CHECK(dialog.stream->take_output() == "x\r\n.\r\n");
}

TEST_CASE("a transaction that was left open is reset") {
  Dialog dialog(greeting + "250 mail\r\n550 rcpt\r\n554 data\r\n");
  CHECK_FALSE(dialog.greet());
  CHECK_FALSE(dialog.begin({"ann@c"})->has_recipient());
  CHECK(dialog.client->is_reusable());
  dialog.stream->take_output();
  dialog.stream->feed("250 reset\r\n250 mail\r\n250 rcpt\r\n354 go\r\n");
  CHECK(dialog.begin({"bob@c"})->has_recipient());
  CHECK(dialog.stream->take_output() == "RSET\r\nMAIL FROM:<>\r\nRCPT TO:<bob@c>\r\nDATA\r\n");
}

TEST_CASE("a connection that is out of step is not used again") {
  Dialog extra(greeting + "250 a\r\n250 b\r\n354 go\r\n250 one\r\n250 one too many\r\n");
  CHECK_FALSE(extra.greet());
  CHECK(extra.begin({"ann@c"}));
  CHECK_FALSE(extra.send("x\r\n").trouble);
  CHECK_FALSE(extra.client->is_reusable());

  Dialog nobody(greeting + "250 a\r\n550 b\r\n354 go\r\n");
  CHECK_FALSE(nobody.greet());
  CHECK(nobody.begin({"ann@c"}));
  CHECK_FALSE(nobody.client->is_reusable());

  Dialog odd(greeting + "250 a\r\n250 b\r\n354 go\r\n354 go on\r\n");
  CHECK_FALSE(odd.greet());
  CHECK(odd.begin({"ann@c"}));
  const auto sent = odd.send("x\r\n");
  CHECK(sent.trouble);
  CHECK(sent.replies.empty());
}

TEST_CASE("trouble says whether the server had been heard") {
  Dialog dead(greeting);
  CHECK_FALSE(dead.greet());
  const auto closed = dead.begin({"ann@c"});
  REQUIRE_FALSE(closed);
  CHECK(closed.error().what == "closed the connection");
  CHECK_FALSE(closed.error().heard);

  Dialog idle(greeting + "421 4.4.2 idle for too long\r\n");
  CHECK_FALSE(idle.greet());
  const auto left = idle.begin({"ann@c"});
  CHECK(left.error().what == "said 421 4.4.2 idle for too long");
  CHECK_FALSE(left.error().heard);

  Dialog half(greeting + "250 mail\r\n");
  CHECK_FALSE(half.greet());
  CHECK(half.begin({"ann@c"}).error().heard);

  Dialog refused("554 no service\r\n");
  CHECK(refused.greet()->what == "greeted with 554 5.0.0 no service");
  Dialog no_lhlo("220 hop\r\n500 what\r\n");
  CHECK(no_lhlo.greet()->what == "answered our greeting with 500 5.0.0 what");
}

TEST_CASE("nothing is completed that cannot be read or must not be sent") {
  Dialog dialog(greeting + "250 a\r\n250 b\r\n354 go\r\n");
  CHECK_FALSE(dialog.greet());
  CHECK(dialog.begin({"ann@c"}));
  dialog.stream->take_output();
  const auto sent = dialog.send("a\n.\r\n");
  CHECK(sent.spoiled);
  CHECK(dialog.stream->take_output().empty());
  CHECK_FALSE(dialog.client->is_reusable());
}

TEST_CASE("many recipients are sent in groups that fit into both directions") {
  std::string script = greeting + "250 mail\r\n";
  std::vector<std::string> paths;
  for (int i = 0; i < 250; ++i) {
    paths.push_back("user" + std::to_string(i) + "@c");
    script += i % 2 == 0 ? "250 ok\r\n" : "550 no\r\n";
  }
  Dialog dialog(script + "354 go\r\n", Dialect::lmtp, 100);
  CHECK_FALSE(dialog.greet());
  const auto begun = dialog.begin(paths);
  REQUIRE(begun);
  CHECK(begun->recipients.size() == 250);
  CHECK(begun->recipients[248].code == 250);
  CHECK(begun->recipients[249].code == 550);
}

TEST_CASE("the largest message that a server takes") {
  const auto limit = [](const char* line) {
    return parse_capabilities({.code = 250, .lines = {"hop", line}}).size_limit;
  };
  CHECK(limit("SIZE 1000") == 1000);
  CHECK(limit("size 1000 ") == 1000);
  for (const char* none : {"SIZE", "SIZE 0", "SIZE x", "SIZE 10x", "SIZE 99999999999999999999"})
    CHECK_MESSAGE(limit(none) == std::nullopt, none);
}
