#include "milter/fields.h"

#include <doctest/doctest.h>

#include "milter/toy_mta.h"

using namespace postern;
using namespace postern::milter;

TEST_CASE("fields become the octets that the client sent") {
  Fields fields(true);
  CHECK(fields.add({"Subject", " hi"}) == "Subject: hi\r\n");
  CHECK(fields.add({"X-None", "tight"}) == "X-None:tight\r\n");
  CHECK(fields.add({"X-Tab", "\ttab"}) == "X-Tab:\ttab\r\n");
  CHECK(fields.add({"X-Folded", " a\n\tb\r\n c"}) == "X-Folded: a\r\n\tb\r\n c\r\n");
  CHECK(fields.add({"X-Empty", ""}) == "X-Empty:\r\n");
}

TEST_CASE("before version 6 the MTA has eaten the blank") {
  Fields fields(false);
  CHECK(fields.add({"Subject", "hi"}) == "Subject: hi\r\n");
  CHECK(describe(fields.changes({.prepend = "X-A: b\r\n", .removed = {}})) == "insert 0 X-A:b\n");
}

TEST_CASE("what an edit takes away is told by name and number, from below") {
  Fields fields(true);
  std::vector<delivery::Edit::Range> removed;
  std::uint64_t at = 0;
  const auto add = [&](std::string_view name, bool goes) {
    const std::uint64_t end = at + fields.add({name, " x"}).size();
    if (goes) removed.push_back({at, end});
    at = end;
  };
  add("X-Postern-Direct-Send", true);
  add("Authentication-Results", false);
  add("authentication-results", true);
  add("Subject", false);
  add("Authentication-Results", true);
  CHECK(describe(fields.changes({.prepend = "", .removed = removed})) ==
        "change 3 Authentication-Results:\n"
        "change 2 authentication-results:\n"
        "change 1 X-Postern-Direct-Send:\n");
}

TEST_CASE("a field of the MTA that hides a forged line goes as a whole") {
  Fields fields(true);
  const std::string text = fields.add({"Subject", " hi\nX-Postern-Direct-Send: false"});
  const std::uint64_t hidden = text.find("X-Postern");
  CHECK(describe(fields.changes({.prepend = "", .removed = {{hidden, text.size()}}})) ==
        "change 1 Subject:\n");
}

TEST_CASE("new fields are put on top from the lowest, with LF in folds and without Received") {
  const Fields fields(true);
  CHECK(describe(fields.changes({.prepend = "X-Postern-Message-Trace-Id: 1\r\n"
                                            "Authentication-Results: mx.test;\r\n\tspf=pass\r\n"
                                            "Received: from client.test\r\n\tby mx.test\r\n",
                                 .removed = {}})) ==
        "insert 0 Authentication-Results: mx.test;|\tspf=pass\n"
        "insert 0 X-Postern-Message-Trace-Id: 1\n");
}

TEST_CASE("no more fields are kept than a message may have") {
  Fields fields(true);
  for (int i = 0; i < 2000; ++i) fields.add({"X-Postern-Many", " x"});
  const std::string told =
      describe(fields.changes({.prepend = "", .removed = {{0, std::uint64_t{1} << 40}}}));
  CHECK(std::ranges::count(told, '\n') == 1001);
}
