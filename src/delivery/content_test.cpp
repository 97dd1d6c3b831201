#include "delivery/content.h"

#include <doctest/doctest.h>

#include "base/encoding.h"
#include "delivery/test_support.h"

using namespace postern;
using namespace postern::delivery;

namespace {

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7 % 26);
  return text;
}

std::string read_all(const Content& content, std::size_t at_most) {
  std::string all;
  std::string buffer;
  for (;;) {
    const auto piece = content.read(all.size(), at_most, buffer);
    REQUIRE(piece);
    if (piece->empty()) return all;
    CHECK(piece->size() <= at_most);
    all += *piece;
  }
}

}  // namespace

TEST_CASE("content reads back as it was appended, from memory and from a file") {
  TestStore test;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{5}, max_in_memory, max_in_memory + 1, 5 * max_in_memory + 17}) {
    for (const std::size_t piece : {std::size_t{1000}, std::size_t{70000}, 2 * max_in_memory}) {
      CAPTURE(size);
      CAPTURE(piece);
      const std::string text = pattern(size);
      Content content(test.store);
      for (std::size_t at = 0; at < size; at += piece) {
        CHECK_FALSE(run(content.append(std::string_view(text).substr(at, piece))));
      }
      CHECK(content.size() == size);
      CHECK(content.is_in_memory() == (size <= max_in_memory));
      CHECK(content.digest() == sha256(text));
      CHECK(read_all(content, 60000) == text);
      CHECK(test.folder.files().empty());
    }
  }
  CHECK(test.store.memory_in_use() == 0);
  CHECK(test.store.spool_in_use() == 0);
}

TEST_CASE("digest may be asked before the end") {
  TestStore test;
  Content content(test.store);
  CHECK_FALSE(run(content.append("one")));
  CHECK(content.digest() == sha256("one"));
  CHECK_FALSE(run(content.append("two")));
  CHECK(content.digest() == sha256("onetwo"));
}

TEST_CASE("the totals over all messages are kept, and freed by the message that met them") {
  TestStore test({.memory = 3 * 4096, .spool = 0});
  Content first(test.store);
  Content second(test.store);
  CHECK_FALSE(run(first.append(pattern(8000))));
  CHECK_FALSE(run(second.append(pattern(4000))));
  const auto refusal = run(second.append(pattern(4000)));
  REQUIRE(refusal);
  CHECK(refusal->to_line().starts_with("452 4.3.1 "));
  // It stays refused although there is room again, because a piece is missing.
  CHECK(run(second.append("x")) == refusal);
  CHECK(test.store.memory_in_use() == 8192);
  Content third(test.store);
  CHECK_FALSE(run(third.append(pattern(4000))));
}

TEST_CASE("a full spool is 452, a broken one 451") {
  TestStore small({.memory = 1 << 30, .spool = max_in_memory});
  Content content(small.store);
  CHECK(run(content.append(pattern(max_in_memory + 1)))->code == 452);
  CHECK(small.store.memory_in_use() == 0);

  net::BlockingPool pool(1, 1);
  ContentStore broken("/nonexistent", {}, pool);
  Content lost(broken);
  CHECK(run(lost.append(pattern(max_in_memory + 1)))->to_line().starts_with("451 4.3.0 "));
  CHECK(broken.spool_in_use() == 0);
}
