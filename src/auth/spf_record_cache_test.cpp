#include "auth/spf_record_cache.h"

#include <doctest/doctest.h>

using namespace postern::auth;

TEST_CASE("a record is parsed once, and stays whole when its answer is gone") {
  SpfRecordCache cache;
  auto text = std::make_unique<std::string>("v=spf1 include:_spf.contoso.test -all");
  const auto first = cache.parse(*text);
  text.reset();
  REQUIRE(first->record());
  CHECK(first->record()->directives.at(0).domain_spec == "_spf.contoso.test");
  CHECK(cache.parse("v=spf1 include:_spf.contoso.test -all") == first);
  CHECK(cache.parse("v=spf1 include:_spf.contoso.test ~all") != first);
  CHECK(cache.size() == 2);
}

TEST_CASE("a faulty record is known too") {
  SpfRecordCache cache;
  const auto faulty = cache.parse("v=spf1 ipv4:192.0.2.1");
  REQUIRE_FALSE(faulty->record());
  CHECK(faulty->record().error().term == "ipv4:192.0.2.1");
  CHECK(cache.parse("v=spf1 ipv4:192.0.2.1") == faulty);
}

TEST_CASE("strangers cannot fill the memory, with many records or with long ones") {
  SpfRecordCache cache(10);
  for (int i = 0; i < 100; ++i)
    (void)cache.parse("v=spf1 ip4:192.0.2." + std::to_string(i) + " -all");
  CHECK(cache.size() <= 10);

  std::string longest = "v=spf1";
  while (longest.size() < SpfRecordCache::max_record) longest += " a";
  const std::size_t before = cache.size();
  const auto parsed = cache.parse(longest + " a");
  CHECK(parsed->record()->directives.size() > 500);
  CHECK(cache.size() == before);
}

TEST_CASE("what is held outlives its place in the cache") {
  SpfRecordCache cache(2);
  const auto held = cache.parse("v=spf1 a:mail.contoso.test -all");
  for (int i = 0; i < 10; ++i)
    (void)cache.parse("v=spf1 ip4:192.0.2." + std::to_string(i) + " -all");
  CHECK(held->record()->directives.at(0).text == "a:mail.contoso.test");
}
