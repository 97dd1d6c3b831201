#include "admin/spf_inventory.h"

#include <doctest/doctest.h>

#include "dns/zone.h"

using namespace postern;
using namespace postern::admin;

namespace {

SpfInventory take(std::string_view zone, const std::vector<SpfSender>& senders) {
  dns::ZoneResolver resolver(*dns::Zone::parse(zone, "zone"));
  return take_spf_inventory("contoso.test", senders, resolver, "mx.contoso.test",
                            std::chrono::steady_clock::now() + std::chrono::seconds(20));
}

SpfSender sender(std::string_view address, bool is_wanted = true) {
  return {.address = *IpAddress::parse(address),
          .hello = "",
          .local_part = "app",
          .messages = 7,
          .last_seen = {},
          .is_wanted = is_wanted};
}

std::string told(const SpfInventory& inventory) {
  std::string text;
  for (const SpfTermUse& use : inventory.terms)
    text += use.term + " " + std::string(to_string(use.status)) + "; ";
  for (const std::string& problem : inventory.problems) text += problem;
  return text;
}

}  // namespace

TEST_CASE("a redirect is a term, and one that lets nobody pass is none") {
  const std::string_view zone =
      "contoso.test. TXT \"v=spf1 ip6:2001:db8::/32 redirect=all.contoso.test\"\n"
      "all.contoso.test. TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n";
  CHECK(told(take(zone, {sender("192.0.2.1")})) ==
        "ip6:2001:db8::/32 NeverSeen; redirect=all.contoso.test Seen; ");
  CHECK(told(take("contoso.test. TXT \"v=spf1 mx ~all\"\n", {sender("2001:db8::1", false)})) ==
        "mx NeverSeen; ");
}

TEST_CASE("whoever should be covered and is not is told with the term to add") {
  CHECK(told(take("contoso.test. TXT \"v=spf1 ?all\"\n",
                  {sender("2001:db8::1"), sender("192.0.2.9", false)})) ==
        "ip6:2001:db8::1 Missing; ");
  const SpfInventory inventory = take("contoso.test. A 192.0.2.1\n", {sender("192.0.2.9")});
  CHECK(told(inventory) == "ip4:192.0.2.9 Missing; contoso.test has no SPF record.");
  CHECK(inventory.terms.front().suggestion ==
        "Publish an SPF record for contoso.test with ip4:192.0.2.9.");
}

TEST_CASE("a record that cannot be used is told, and nothing is made of it") {
  CHECK(told(take("contoso.test. TXT \"v=spf1 ip4:1.2.3 -all\"\n", {sender("192.0.2.9")}))
            .starts_with("The SPF record of contoso.test is as good as none, `ip4:1.2.3`: "));
  CHECK(told(take("contoso.test. TXT \"v=spf1 -all\"\ncontoso.test. TXT \"v=spf1 mx -all\"\n",
                  {sender("192.0.2.9")})) ==
        "contoso.test has several SPF records, which is as good as none.");
  CHECK(told(take("contoso.test. IN TIMEOUT TXT\n", {sender("192.0.2.9")}))
            .starts_with("The SPF record of contoso.test cannot be asked for: "));
  // Where a term fails, nobody is called missing.
  CHECK(told(take("contoso.test. TXT \"v=spf1 include:vendor.test -all\"\nvendor.test. IN TIMEOUT "
                  "TXT\n",
                  {sender("192.0.2.9")}))
            .starts_with("include:vendor.test NeverSeen; 192.0.2.9 could not be compared"));
}
