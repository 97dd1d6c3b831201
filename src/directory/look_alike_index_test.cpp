#include "directory/look_alike_index.h"

#include <doctest/doctest.h>

#include <optional>
#include <random>
#include <set>

#include "directory/snapshot.h"

using namespace postern;
using namespace postern::directory;

namespace {

constexpr OrganizationId contoso{1};

/// An organization with `domains`, as edited one by one.
struct World {
  explicit World(const std::vector<std::string>& domains) {
    snapshot.put_organization(contoso, Guid(), "Contoso", Time());
    for (const std::string& domain : domains) add(domain);
  }
  void add(const std::string& domain) { snapshot.put_domain(contoso, {.name = domain}); }
  void remove(const std::string& domain) { snapshot.remove_domain(contoso, domain); }
  std::string look_alike(std::string_view domain) const {
    return snapshot.peek_organization(contoso)->find_look_alike(domain).value_or("none");
  }
  Snapshot snapshot;
};

std::vector<std::string> with_others(std::string domain) {
  std::vector<std::string> domains = {std::move(domain)};
  for (int i = 0; i < 20; ++i)
    domains.push_back("zzz" + std::to_string(i * 7919) + "-unlike-the-rest.example");
  return domains;
}

}  // namespace

TEST_CASE("look-alikes are found, few domains or many") {
  const World few({"contoso.com"});
  const World many(with_others("contoso.com"));
  for (const World* world : {&few, &many}) {
    for (const char* resembling :
         {"c0ntoso.test", "cont0s0.test", "mail.c0ntoso.test", "contosso.com", "cntoso.com",
          "contosa.net", "cnotoso.com", "contoso.co", "contoso.co.uk",
          "xn--contos-1qf.com" /* Cyrillic о at the end */}) {
      CAPTURE(resembling);
      CHECK(world->look_alike(resembling) == "contoso.com");
    }
    for (const char* honest : {"contoso.com", "news.contoso.com", "fabrikam.com", "contososos.com",
                               "contoso-mail.com", "com", "a"}) {
      CAPTURE(honest);
      CHECK(world->look_alike(honest) == "none");
    }
  }
}

TEST_CASE("short labels have no neighbours, and shorter ones no look-alikes") {
  const World world({"bank.test", "ab.test"});
  CHECK(world.look_alike("bonk.test") == "none");
  CHECK(world.look_alike("b4nk.example") == "none");
  CHECK(world.look_alike("bank.example") == "bank.test");
  CHECK(world.look_alike("ab.example") == "none");
  // What is shortened by an edit is the foreign one.
  CHECK(World({"banks.test"}).look_alike("bank.example") == "banks.test");
}

TEST_CASE("a name of an own registrable domain is no look-alike of another own one") {
  World world({"contoso.com", "mail.contosa.com"});
  CHECK(world.look_alike("contosa.com") == "none");
  CHECK(world.look_alike("contosi.com") == "contoso.com");
  for (const std::string& more : with_others("fabrikam.com")) world.add(more);
  CHECK(world.look_alike("www.contosa.com") == "none");
  world.remove("mail.contosa.com");
  CHECK(world.look_alike("contosa.com") == "contoso.com");
}

TEST_CASE("every single edit of every label is found, and an index says what comparing says") {
  std::mt19937 random(11);
  const auto label = [&](std::size_t length) {
    std::string made;
    for (std::size_t i = 0; i < length; ++i) made += static_cast<char>('a' + random() % 4);
    return made;
  };
  World world({});
  std::set<std::string> domains;
  const auto resembled = [&](const std::string& domain) {
    const ComparedName foreign(domain);
    bool is_own = false;
    std::optional<std::string> found;
    for (const std::string& own : domains) {
      const ComparedName name(own);
      is_own = is_own || name.registrable == foreign.registrable;
      if (resembles(foreign, name)) name_plainest(found, own);
    }
    return found && !is_own ? *found : "none";
  };
  int near = 0;
  for (int round = 0; round < 400; ++round) {
    // Grows to some dozens and shrinks again, over the border of the index.
    const bool grows = random() % 3 != 0 ? round < 200 : round >= 200;
    if (grows) {
      const std::string domain = label(4 + random() % 4) + (random() % 2 ? ".test" : ".example");
      domains.insert(domain);
      world.add(domain);
    } else if (!domains.empty()) {
      const auto victim = std::next(domains.begin(), static_cast<long>(random() % domains.size()));
      world.remove(*victim);
      domains.erase(victim);
    }
    for (int question = 0; question < 10; ++question) {
      const std::string domain = label(3 + random() % 6) + ".com";
      const std::string expected = resembled(domain);
      near += expected != "none";
      REQUIRE(world.look_alike(domain) == expected);
    }
    for (const std::string& own : domains) {
      std::string edited = own;
      edited[random() % 4] = '9';
      REQUIRE(world.look_alike(edited) == resembled(edited));
    }
  }
  CHECK(near > 100);
}

TEST_CASE("another snapshot that shares the index keeps what it had") {
  World world(with_others("contoso.com"));
  const Snapshot before = world.snapshot;
  world.remove("contoso.com");
  world.add("fabrikam.com");
  CHECK(world.look_alike("c0ntoso.test") == "none");
  CHECK(world.look_alike("fabrikarn.test") == "fabrikam.com");
  CHECK(before.peek_organization(contoso)->find_look_alike("c0ntoso.test") == "contoso.com");
}
