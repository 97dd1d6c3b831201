#include "directory/compact.h"

#include <doctest/doctest.h>

#include "directory/connector_set.h"
#include "directory/guid.h"

using namespace postern::directory;

TEST_CASE("lists of names keep their names and their order") {
  CHECK(NameList().to_vector().empty());
  CHECK(NameList({"*"}).to_vector() == std::vector<std::string>{"*"});
  const NameList names{"b.example", "a.example", "b.example"};
  CHECK(names.size() == 3);
  CHECK(names.to_vector() == std::vector<std::string>{"b.example", "a.example", "b.example"});
  CHECK(names.contains("a.example"));
  CHECK_FALSE(names.contains("example"));
  CHECK(NameList::from_joined(names.joined()) == names);
}

TEST_CASE("texts and compact lists are values") {
  Text text = "Printers";
  const Text copy = text;
  text = "Scanners";
  CHECK(copy == "Printers");
  CHECK(text.view() == "Scanners");
  Text moved = std::move(text);
  CHECK(moved == std::string("Scanners"));
  CHECK(Text().empty());
  CHECK(Text("") == Text());
  for (const std::string size : {"", "*", "seven!!", "eight!!!", "a text that needs memory"}) {
    Text one = size;
    Text other = "something else";
    other = one;
    const Text third = std::move(one);
    CHECK(other.view() == size);
    CHECK(third.view() == size);
    CHECK(third.empty() == size.empty());
  }
  CHECK(CompactList<int>{3, 1, 2} == CompactList<int>{3, 1, 2});
  CHECK_FALSE(CompactList<int>{3} == CompactList<int>{});
}

TEST_CASE("a connector set holds each connector once") {
  const InboundConnector a, b, c;
  ConnectorSet set;
  CHECK(set.values().empty());
  for (const auto* one : {&a, &b, &a, &c}) set.insert(*one);
  CHECK(set.values().size() == 3);
  ConnectorSet copy = set;
  set.erase(a);
  set.erase(a);
  set.erase(c);
  REQUIRE(set.values().size() == 1);
  CHECK(set.values().front() == &b);
  set.erase(b);
  CHECK(set.empty());
  CHECK(copy.values().size() == 3);
}

TEST_CASE("GUIDs are read in either case and printed in lower case") {
  const auto guid = Guid::parse("F81D4FAE-7DEC-11d0-a765-00a0c91e6bf6");
  REQUIRE(guid);
  CHECK(guid->to_string() == "f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
  for (const char* wrong :
       {"", "f81d4fae", "f81d4fae-7dec-11d0-a765-00a0c91e6bf",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bfg", "f81d4fae7-dec-11d0-a765-00a0c91e6bf6",
        "{81d4fae-7dec-11d0-a765-00a0c91e6bf6}"}) {
    CHECK_FALSE(Guid::parse(wrong));
  }
}
