#include "policy/arc_trust.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::policy;

namespace {

auth::ArcHop hop(int instance, std::string domain, std::string results) {
  return {.instance = instance,
          .seal_domain = domain,
          .seal_selector = "s",
          .signature_domain = domain,
          .results = std::move(results)};
}

auth::ArcResult chain(std::vector<auth::ArcHop> hops) {
  return {.status = auth::ArcStatus::pass,
          .hops = std::move(hops),
          .highest_instance = static_cast<int>(hops.size())};
}

directory::ArcConfig trusting(const std::vector<std::string>& sealers) {
  return {.trusted_sealers = sealers};
}

/// What the trusted sealer says; `nothing` without one.
std::string text(const auth::ArcResult& result, const std::vector<std::string>& sealers) {
  const auto testimony = find_arc_testimony(result, trusting(sealers));
  return testimony ? to_text(*testimony) : "nothing";
}

const auth::ArcResult two_hops =
    chain({hop(1, "list.test",
               " mx.list.test; spf=pass smtp.mailfrom=bank.test;\r\n dkim=fail; dkim=pass "
               "header.d=bank.test; dmarc=pass header.from=bank.test"),
           hop(2, "gate.test", " gate.test; spf=fail; arc=pass; dmarc=fail")});

}  // namespace

TEST_CASE("the first hop of a chain that is trusted from its newest seal down is believed") {
  CHECK(text(two_hops, {"gate.test", "list.test"}) ==
        "trusted sealer list.test i=1: spf=pass dkim=pass dmarc=pass");
  CHECK(text(two_hops, {"gate.test"}) == "trusted sealer gate.test i=2: spf=fail dmarc=fail");
}

TEST_CASE("a trusted sealer with another behind it proves nothing") {
  CHECK(text(two_hops, {"list.test"}) == "nothing");
  CHECK(text(two_hops, {"other.test"}) == "nothing");
}

TEST_CASE("no list, no trust") {
  CHECK(text(two_hops, {}) == "nothing");
}

TEST_CASE("only a chain that passes counts") {
  auth::ArcResult failed = two_hops;
  failed.status = auth::ArcStatus::fail;
  CHECK(text(failed, {"gate.test", "list.test"}) == "nothing");
  CHECK(text({}, {"gate.test", "list.test"}) == "nothing");
}

TEST_CASE("a seal over the message signature of another domain is not trusted") {
  auth::ArcResult other = two_hops;
  other.hops[1].signature_domain = "evil.test";
  CHECK(text(other, {"gate.test", "list.test"}) == "nothing");
}

TEST_CASE("results as Exchange Online writes them are read") {
  const auto result = chain(
      {hop(1, "microsoft.com",
           " mx.microsoft.com 1; spf=pass (sender ip is 192.0.2.1) smtp.mailfrom=contoso.com; "
           "dmarc=pass (p=reject sp=reject pct=100) action=none header.from=contoso.com; "
           "dkim=none (message not signed); arc=none")});
  CHECK(text(result, {"microsoft.com"}) ==
        "trusted sealer microsoft.com i=1: spf=pass dkim=none dmarc=pass");
  const auto testimony = find_arc_testimony(result, trusting({"microsoft.com"}));
  CHECK(testimony->results[1].properties.back().value == "contoso.com");
}

TEST_CASE("a sealer whose results cannot be read is trusted and says nothing") {
  for (const char* results : {"", " list.test", " list.test; none", ";;;", " list.test; spf"}) {
    CHECK(text(chain({hop(1, "list.test", results)}), {"list.test"}) ==
          "trusted sealer list.test i=1: no results");
  }
}
