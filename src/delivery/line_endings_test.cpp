#include "delivery/line_endings.h"

#include <doctest/doctest.h>

#include <optional>
#include <vector>

using namespace postern::delivery;

namespace {

std::optional<std::string> stuffed(const std::vector<std::string_view>& pieces) {
  DotStuffer stuffer;
  std::string out;
  for (const auto piece : pieces) stuffer.append(piece, out);
  if (!stuffer.finish(out)) return std::nullopt;
  return out;
}

std::string unix_lines(const std::vector<std::string_view>& pieces) {
  UnixLines lines;
  std::string out;
  for (const auto piece : pieces) lines.append(piece, out);
  lines.finish(out);
  return out;
}

}  // namespace

TEST_CASE("dots are doubled at the start of lines only") {
  CHECK(stuffed({"a: b\r\n\r\n.\r\n..x\r\ny.z.\r\n"}) == "a: b\r\n\r\n..\r\n...x\r\ny.z.\r\n.\r\n");
  CHECK(stuffed({".first\r\n"}) == "..first\r\n.\r\n");
  CHECK(stuffed({""}) == ".\r\n");
  CHECK(stuffed({"no line end"}) == "no line end\r\n.\r\n");
}

TEST_CASE("content with a bare CR or LF is never completed") {
  for (const std::string_view text :
       {"a\n.\r\n", "a\r.\r\n", "\n", "a\r\r\n", "a\r\n\n.\r\n", "end\r"}) {
    CAPTURE(text);
    for (std::size_t cut = 0; cut <= text.size(); ++cut)
      CHECK_FALSE(stuffed({text.substr(0, cut), text.substr(cut)}));
  }
}

TEST_CASE("it does not matter where the pieces are cut") {
  const std::string_view text = ".a\r\n.\r\n\r\n..\r\nb.\r\n.c";
  const auto whole = stuffed({text});
  const auto lines = unix_lines({text});
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    CHECK(stuffed({text.substr(0, cut), text.substr(cut)}) == whole);
    CHECK(unix_lines({text.substr(0, cut), "", text.substr(cut)}) == lines);
  }
}

TEST_CASE("Unix line ends replace CRLF and nothing else") {
  CHECK(unix_lines({"a\r\n\r\nb\rc\nd\r\r\n"}) == "a\n\nb\rc\nd\r\n");
  CHECK(unix_lines({"a\r", "", "\nb\r", "c\r"}) == "a\nb\rc\r");
}
