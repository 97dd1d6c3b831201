#include "delivery/edited.h"

#include <doctest/doctest.h>

#include <random>

#include "delivery/test_support.h"

using namespace postern::delivery;

namespace {

std::string naive(const Edit& edit, std::string text) {
  for (auto range = edit.removed.rbegin(); range != edit.removed.rend(); ++range) {
    text.erase(range->begin, range->end - range->begin);
  }
  return edit.prepend + text;
}

std::string read_all(const Content& content, const Edit& edit) {
  std::string all;
  std::string buffer;
  EditedReader reader(content, edit);
  for (;;) {
    const auto piece = reader.next(buffer);
    REQUIRE(piece);
    if (piece->empty()) return all;
    CHECK(piece->size() <= EditedReader::max_piece);
    all += *piece;
  }
}

}  // namespace

TEST_CASE("an edit does what cutting a string would do, wherever the ranges lie") {
  TestStore test;
  std::mt19937 random(7);
  const auto pick = [&random](std::size_t most) {
    return std::uniform_int_distribution<std::size_t>(0, most)(random);
  };
  for (int round = 0; round < 300; ++round) {
    // Most messages are small; some are in a file and span several pieces.
    const std::size_t size = round % 10 == 0 ? max_in_memory + pick(200000) : pick(300);
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>('a' + pick(25));
    Edit edit{.prepend = std::string(round % 7 == 0 ? pick(150000) : pick(50), 'P'), .removed = {}};
    for (std::size_t at = pick(size); at < size && edit.removed.size() < 8;) {
      const std::size_t end = at + pick(std::min<std::size_t>(size - at, 100000));
      edit.removed.push_back({at, end});
      at = end + pick(size / 3);
    }
    const auto content = test.content(text);
    const std::string expected = naive(edit, text);
    CHECK(read_all(*content, edit) == expected);
    CHECK(edited_size(*content, edit) == expected.size());
  }
}

TEST_CASE("nothing, everything, and neighbours may be removed") {
  TestStore test;
  const auto content = test.content("0123456789");
  CHECK(read_all(*content, {}) == "0123456789");
  CHECK(read_all(*content, {.prepend = "", .removed = {{0, 10}}}).empty());
  CHECK(read_all(*content, {.prepend = "A", .removed = {{0, 3}, {3, 5}, {9, 10}}}) == "A5678");
  CHECK(read_all(*content, {.prepend = "", .removed = {{4, 4}, {8, 10}}}) == "01234567");
}
