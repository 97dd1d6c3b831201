#include "policy/traffic_history.h"

#include <doctest/doctest.h>

#include <set>

using namespace postern;
using namespace postern::policy;
using directory::OrganizationId;

namespace {

constexpr OrganizationId contoso{1};
constexpr DayNumber today = 20'000;
const KeyedHash hash({1, 2});

const SendingSource source{.dkim_domains = {"bank.test", "esp.net"},
                           .reverse_name = "out.esp.net",
                           .reverse_domain = "esp.net",
                           .subnet = "203.0.113.0/24"};
const TrafficAuthor bob{
    .address = "bob@mail.bank.test", .domain = "mail.bank.test", .organization = "bank.test"};

/// What the threads of the store do, on one.
struct Memory {
  void learn(const TrafficKeys& keys, DayNumber day) {
    for (const TrafficKey& key : keys.keys()) {
      history.add(key.history, day);
      sources.add(key.source, day, keys.author_mark);
    }
  }
  TrafficHistories look(const TrafficKeys& keys, DayNumber day) {
    return traffic_histories(
        keys, [&](std::uint64_t key) { return history.find(key, day); },
        [&](std::uint64_t key) { return sources.find(key, day); });
  }
  SightingTable history{1024};
  SightingTable sources{1024, SightingTable::Bits::marks};
};

TrafficAuthor other(std::string_view domain) {
  return {.address = domain, .domain = domain, .organization = domain};
}

}  // namespace

TEST_CASE("every kind of source has a key, but a signature of the author's own needs none") {
  const TrafficKeys keys = traffic_keys(hash, contoso, bob, source);
  REQUIRE(keys.count == 4);
  CHECK(keys.all[0].kind == HistoryKind::dkim_domain);
  std::set<std::uint64_t> all;
  for (const TrafficKey& key : keys.keys()) {
    all.insert(key.history);
    all.insert(key.source);
  }
  // The source of an author's address is his network.
  CHECK(all.size() == 7);
  CHECK(keys.all[2].source == keys.all[3].source);
  // Another organization, author or source is another key.
  for (const TrafficKeys& strange : {traffic_keys(hash, OrganizationId{2}, bob, source),
                                     traffic_keys(hash, contoso, other("shop.test"), source)}) {
    for (const TrafficKey& key : strange.keys()) CHECK(!all.contains(key.history));
  }
}

TEST_CASE("as many keys as there may be have room") {
  SendingSource full = source;
  full.dkim_domains = {"a.net", "b.net", "c.net", "d.net"};
  CHECK(full.dkim_domains.size() == max_source_dkim_domains);
  CHECK(traffic_keys(hash, contoso, bob, full).count == TrafficKeys().all.size());
}

TEST_CASE("mail of proven authors becomes a history of each kind") {
  Memory memory;
  const TrafficKeys keys = traffic_keys(hash, contoso, bob, source);
  CHECK(!memory.look(keys, today).subnet);
  for (int day = 0; day < 7; ++day) {
    for (int i = 0; i < 5; ++i) memory.learn(keys, static_cast<DayNumber>(today + day));
  }
  const TrafficHistories found = memory.look(keys, today + 6);
  for (const auto& history : {found.dkim_domain, found.reverse_name, found.subnet, found.author}) {
    REQUIRE(history);
    CHECK(history->days == 7);
    CHECK(history->messages >= 30);
    CHECK(history->messages <= 35);
    CHECK(history->disputed == 0);
  }
  // From elsewhere only what is the same speaks for it.
  SendingSource moved = source;
  moved.subnet = "198.51.100.0/24";
  const TrafficHistories elsewhere =
      memory.look(traffic_keys(hash, contoso, bob, moved), today + 6);
  CHECK(elsewhere.reverse_name);
  CHECK(!elsewhere.subnet);
  CHECK(!elsewhere.author);

  memory.history.dispute(keys.all[2].history, today + 6);
  CHECK(memory.look(keys, today + 7).subnet->disputed == 1);
  CHECK(memory.look(keys, today + 7).reverse_name->disputed == 0);
}

TEST_CASE("a source of many authors speaks for none of them") {
  Memory memory;
  const TrafficKeys keys = traffic_keys(hash, contoso, bob, source);
  memory.learn(keys, today);
  std::set<int> marks{keys.author_mark};
  for (int i = 0; marks.size() <= max_source_authors; ++i) {
    CHECK(memory.look(keys, today).subnet.has_value());
    const std::string name = "shop" + std::to_string(i) + ".test";
    const TrafficKeys shop = traffic_keys(hash, contoso, other(name), source);
    memory.learn(shop, today);
    marks.insert(shop.author_mark);
  }
  const TrafficHistories found = memory.look(keys, today);
  CHECK(!found.dkim_domain);
  CHECK(!found.reverse_name);
  CHECK(!found.subnet);
  CHECK(!found.author);
}

TEST_CASE("a sent message is known by id, sender and the domain it went to") {
  const auto key = [](std::string_view id, std::string_view sender, std::string_view domain,
                      OrganizationId organization = contoso) {
    return sent_mail_key(hash, organization, id, sender, domain);
  };
  const std::uint64_t sent = key("1@contoso.com", "ann@contoso.com", "bank.test");
  CHECK(sent == key("1@contoso.com", "ann@contoso.com", "bank.test"));
  CHECK(sent != key("2@contoso.com", "ann@contoso.com", "bank.test"));
  CHECK(sent != key("1@contoso.com", "bob@contoso.com", "bank.test"));
  CHECK(sent != key("1@contoso.com", "ann@contoso.com", "shop.test"));
  CHECK(sent != key("1@contoso.com", "ann@contoso.com", "bank.test", OrganizationId{2}));
}
