#include "smtp/dot_reader.h"

#include <doctest/doctest.h>

#include <optional>
#include <random>
#include <string>
#include <vector>

using namespace postern::smtp;

namespace {

constexpr std::uint64_t long_enough = 1000;

struct Outcome {
  DotReader::State state;
  std::string text;
  std::string rest;
  TextFault fault;
  std::uint64_t fault_line;
  bool operator==(const Outcome&) const = default;
};

Outcome read_pieces(const std::vector<std::string_view>& pieces,
                    std::uint64_t max_line = long_enough) {
  DotReader reader(max_line);
  Outcome outcome{};
  for (const std::string_view piece : pieces) {
    const auto fed = reader.feed(piece);
    outcome.text += fed.text;
    outcome.rest += fed.rest;
  }
  outcome.state = reader.state();
  if (outcome.state == DotReader::State::broken) outcome.text = outcome.rest = "";
  outcome.fault = reader.check().fault();
  outcome.fault_line = reader.check().fault_line();
  return outcome;
}

/// The same on a whole stream and with no thought for speed: the text before the final dot.
/// Nothing: there is none, or a bare CR or LF stands before it.
std::optional<std::string> read_simply(std::string_view stream) {
  std::string text;
  for (;;) {
    const std::size_t end = stream.find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view line = stream.substr(0, end);
    stream.remove_prefix(end + 2);
    if (line == ".") return text;
    if (line.find_first_of("\r\n") != std::string_view::npos) return std::nullopt;
    if (line.starts_with('.')) line.remove_prefix(1);
    text.append(line).append("\r\n");
  }
}

/// A stream made of the bytes that matter, so that every combination comes up.
std::string random_stream(std::mt19937& random) {
  static constexpr std::string_view pieces[] = {"\r\n", "\r\n", "\r\n", ".",  ".",
                                                "a",    "bcd",  "\r",   "\n", "\r\n.\r\n"};
  std::string stream;
  const auto size = random() % 24;
  for (unsigned i = 0; i < size; ++i) {
    // A bare CR or LF ends everything, so they are made rare.
    std::size_t pick = random() % std::size(pieces);
    if ((pick == 7 || pick == 8) && random() % 8 != 0) pick = 0;
    stream += pieces[pick];
  }
  return stream;
}

}  // namespace

TEST_CASE("the final dot, and dots that are none") {
  CHECK(read_pieces({".\r\nQUIT\r\n"}) ==
        Outcome{DotReader::State::complete, "", "QUIT\r\n", TextFault::none, 0});
  CHECK(
      read_pieces({"a\r\n..\r\n...b\r\n.c\r\nd.\r\n.\r\n"}) ==
      Outcome{DotReader::State::complete, "a\r\n.\r\n..b\r\nc\r\nd.\r\n", "", TextFault::none, 0});
  CHECK(read_pieces({"a.\r\n"}).state == DotReader::State::reading);
}

TEST_CASE("text without stuffed dots is not copied") {
  DotReader reader(long_enough);
  const std::string stream = "Subject: x\r\n\r\nHello\r\n.\r\nQUIT\r\n";
  const auto fed = reader.feed(stream);
  CHECK(fed.text.data() == stream.data());
  CHECK(fed.text == "Subject: x\r\n\r\nHello\r\n");
  CHECK(fed.rest == "QUIT\r\n");
}

TEST_CASE("a bare CR or LF breaks the reading, and the line is named") {
  const auto broken = [](std::string_view stream) {
    const Outcome outcome = read_pieces({stream});
    CHECK(outcome.state == DotReader::State::broken);
    return std::pair(outcome.fault, outcome.fault_line);
  };
  CHECK(broken("one\r\ntwo\n.\r\n") == std::pair(TextFault::bare_lf, std::uint64_t{2}));
  CHECK(broken("one\rtwo\r\n") == std::pair(TextFault::bare_cr, std::uint64_t{1}));
  CHECK(broken("one\r\r\n") == std::pair(TextFault::bare_cr, std::uint64_t{1}));
  CHECK(broken("\n") == std::pair(TextFault::bare_lf, std::uint64_t{1}));
  CHECK(broken("a\r\n.\n") == std::pair(TextFault::bare_lf, std::uint64_t{2}));
  CHECK(broken("a\r\n.\r.") == std::pair(TextFault::bare_cr, std::uint64_t{2}));
  CHECK(broken("a\r\n.\r\r\n") == std::pair(TextFault::bare_cr, std::uint64_t{2}));
}

TEST_CASE("a line that is too long and a NUL are remembered until the final dot") {
  // RFC 5321 section 4.5.3.1.6: with the CRLF, without the dot that was added.
  CHECK(read_pieces({"12345678\r\n.\r\n"}, 10).fault == TextFault::none);
  CHECK(read_pieces({".12345678\r\n.\r\n"}, 10).fault == TextFault::none);
  const Outcome longer = read_pieces({"a\r\n123456789\r\n.\r\nQUIT"}, 10);
  CHECK(longer ==
        Outcome{DotReader::State::complete, "a\r\n123456789\r\n", "QUIT", TextFault::long_line, 2});
  const std::string nul("a\r\n\0.\r\n.\r\n", 10);
  CHECK(read_pieces({nul}).state == DotReader::State::complete);
  CHECK(read_pieces({nul}).fault == TextFault::nul);
}

TEST_CASE("a bare LF is the fault even where another one was seen before") {
  const std::string stream("a\0\r\nb\n", 6);
  CHECK(read_pieces({stream}).fault == TextFault::bare_lf);
}

TEST_CASE("of a line that is too long and has a NUL, the NUL is the fault however it was cut") {
  const std::string stream("a\r\n123456789\0\r\n.\r\n", 18);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    const Outcome outcome = read_pieces(
        {std::string_view(stream).substr(0, cut), std::string_view(stream).substr(cut)}, 10);
    CHECK(outcome.fault == TextFault::nul);
    CHECK(outcome.fault_line == 2);
  }
}

TEST_CASE("any stream, cut anywhere, reads as the simple reader reads it") {
  std::mt19937 random(5321);
  for (int round = 0; round < 3000; ++round) {
    const std::string stream = random_stream(random);
    const Outcome whole = read_pieces({stream});
    const auto simple = read_simply(stream);
    CAPTURE(stream);
    CHECK((whole.state == DotReader::State::complete) == simple.has_value());
    if (simple) CHECK(whole.text == *simple);

    const std::string_view bytes = stream;
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut)
      CHECK(read_pieces({bytes.substr(0, cut), bytes.substr(cut)}) == whole);
    std::vector<std::string_view> single;
    for (std::size_t i = 0; i < bytes.size(); ++i) single.push_back(bytes.substr(i, 1));
    CHECK(read_pieces(single) == whole);
  }
}

TEST_CASE("text of a chunk is checked by the same rules, wherever it was cut") {
  const std::string_view text = "one\r\ntwo\r\n";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    TextCheck check(long_enough);
    check.feed(text.substr(0, cut));
    check.feed(text.substr(cut));
    check.finish();
    CHECK(check.fault() == TextFault::none);
  }
  TextCheck unfinished(long_enough);
  unfinished.feed("one\r");
  CHECK(unfinished.fault() == TextFault::none);
  unfinished.finish();
  CHECK(unfinished.fault() == TextFault::bare_cr);

  TextCheck bare(long_enough);
  bare.feed("one\r\nt");
  bare.feed("wo\n");
  CHECK(bare.fault() == TextFault::bare_lf);
  CHECK(bare.fault_line() == 2);
}
