#include "net/string_stream.h"

#include <doctest/doctest.h>

#include "net/run.h"

using namespace postern;
using namespace postern::net;

namespace {

/// Reads to the end; pieces are joined with `|`.
awaitable<std::string> read_all(Stream& stream) {
  std::string all;
  for (;;) {
    const std::string_view piece = co_await stream.read();
    if (piece.empty()) co_return all;
    if (!all.empty()) all += '|';
    all += piece;
  }
}

}  // namespace

TEST_CASE("each piece is one read, then the peer has closed") {
  StringStream stream;
  stream.feed("ab");
  stream.feed_in_pieces("cde", 1);
  CHECK(run(read_all(stream)) == "ab|c|d|e");
  CHECK(stream.end() == StreamEnd::closed);
}

TEST_CASE("an interrupted read can be followed by others, a timed-out one cannot") {
  StringStream stream("a");
  stream.feed_end(StreamEnd::interrupted);
  stream.feed("b");
  stream.feed_end(StreamEnd::timed_out);
  stream.feed("never");
  CHECK(run(read_all(stream)) == "a");
  CHECK(stream.end() == StreamEnd::interrupted);
  CHECK(run(read_all(stream)) == "b");
  CHECK(stream.end() == StreamEnd::timed_out);
  CHECK(run(read_all(stream)).empty());
  CHECK(run(stream.write("421 bye\r\n")));
  CHECK(stream.output() == "421 bye\r\n");
}

TEST_CASE("what is given back comes first") {
  StringStream stream("abc");
  stream.feed("d");
  CHECK(run(stream.read()) == "abc");
  stream.unread("bc");
  CHECK(run(read_all(stream)) == "bc|d");
}

TEST_CASE("an action sees the output so far and may feed the answer") {
  StringStream stream("hello");
  stream.feed_action([&] { stream.feed("you said: " + stream.take_output()); });
  CHECK(run(stream.read()) == "hello");
  CHECK(run(stream.write("250 hi")));
  CHECK(run(read_all(stream)) == "you said: 250 hi");
}

TEST_CASE("writes break where the test says") {
  StringStream stream("x");
  stream.break_after_output(5);
  CHECK(run(stream.write("1234")));
  CHECK_FALSE(run(stream.write("5678")));
  CHECK(stream.output() == "12345");
  CHECK(stream.end() == StreamEnd::failed);
}

TEST_CASE("TLS is what the test offers") {
  StringStream plain;
  CHECK_FALSE(run(plain.start_tls()));
  StringStream stream;
  TlsFacts facts;
  facts.version = "TLSv1.3";
  stream.offer_tls(facts);
  const auto result = run(stream.start_tls());
  REQUIRE(result);
  CHECK(result->version == "TLSv1.3");
  CHECK(stream.tls_started());
}
