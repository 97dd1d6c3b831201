// What Test-InboundConnector says of connectors that are allowed and rarely meant.
#include "policy/connector_lint.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "policy/connector_rivals.h"

using namespace postern;
using namespace postern::directory;
using namespace postern::policy;

namespace {

const Time today = Time(std::chrono::days(20'000));

CompactList<IpPrefix> prefixes(std::initializer_list<std::string_view> texts) {
  std::vector<IpPrefix> parsed;
  for (const std::string_view text : texts) parsed.push_back(IpPrefix::parse(text).value());
  return parsed;
}

/// Contoso with contoso.com, and the connectors that a test adds, each younger than the one before.
struct World {
  World() {
    directory.put_organization(contoso, Guid(), "Contoso", Time());
    directory.put_organization(fabrikam, Guid(), "Fabrikam", Time());
    directory.put_domain(contoso, {.name = "contoso.com"});
  }
  void add(InboundConnector connector, OrganizationId id = contoso) {
    ++count;
    connector.when_created = Time(std::chrono::seconds(count));
    if (connector.sender_domains.empty()) connector.sender_domains = {"*"};
    directory.put_connectors(id, {std::move(connector)});
  }
  /// `Warning: It is not enabled …` for each finding.
  std::vector<std::string> lint(std::string_view name,
                                std::optional<SeenCertificate> seen = std::nullopt) const {
    const auto organization = directory.find_organization(contoso);
    const auto connector = organization->find_connector(name);
    std::vector<std::string> texts;
    for (const Finding& finding :
         lint_connector(*connector, *organization, directory, seen, today)) {
      texts.push_back(std::string(to_string(finding.severity)) + ": " + finding.finding);
    }
    return texts;
  }
  std::string describe(std::string_view name) const {
    return describe_match(*directory.find_organization(contoso)->find_connector(name));
  }

  static constexpr OrganizationId contoso{1};
  static constexpr OrganizationId fabrikam{2};
  Snapshot directory;
  int count = 0;
};

bool has(const std::vector<std::string>& findings, std::string_view text) {
  return std::ranges::any_of(findings,
                             [&](const std::string& finding) { return finding.contains(text); });
}

InboundConnector printers() {
  InboundConnector one;
  one.name = "Printers";
  one.require_tls = false;
  one.sender_ip_addresses = prefixes({"198.51.100.7"});
  return one;
}

InboundConnector servers() {
  InboundConnector one;
  one.name = "Servers";
  one.type = ConnectorType::on_premises;
  one.tls_sender_certificate_name = "*.contoso.com";
  return one;
}

}  // namespace

TEST_CASE("nothing is odd about ordinary connectors") {
  World world;
  world.add(printers());
  world.add(servers());
  CHECK(world.lint("Printers").empty());
  CHECK(world.lint("Servers").empty());
}

TEST_CASE("what a connector matches is said in words") {
  World world;
  world.add(printers());
  world.add(servers());
  InboundConnector vendor = printers();
  vendor.name = "Vendor";
  vendor.tls_sender_certificate_name = "mx.vendor.test";
  vendor.sender_domains = {"contoso.com", "*.vendor.test"};
  vendor.associated_accepted_domains = {"contoso.com"};
  world.add(vendor);
  InboundConnector weak;
  weak.name = "Weak";
  weak.sender_domains = {"bank.test"};
  world.add(weak);
  InboundConnector by_address = servers();
  by_address.name = "ByAddress";
  by_address.tls_sender_certificate_name = "";
  by_address.sender_ip_addresses = prefixes(
      {"192.0.2.0/28", "192.0.2.64", "192.0.2.65", "192.0.2.66", "192.0.2.67", "192.0.2.68"});
  world.add(by_address);
  CHECK(world.describe("Printers") ==
        "Clients at 198.51.100.7 that send in the name of any domain.");
  CHECK(world.describe("Servers") ==
        "The organization's own servers, with a certificate for any name below contoso.com.");
  CHECK(world.describe("Vendor") ==
        "Clients with a certificate for mx.vendor.test or at 198.51.100.7 that send in the name of "
        "contoso.com, *.vendor.test, to contoso.com.");
  CHECK(world.describe("Weak") ==
        "Any client that sends in the name of bank.test; it vouches for none of them.");
  CHECK(world.describe("ByAddress") ==
        "The organization's own servers, at 192.0.2.0/28, 192.0.2.64, 192.0.2.65, 192.0.2.66, "
        "192.0.2.67 and 1 more. By address only mail from accepted domains.");
}

TEST_CASE("each oddity is found alone") {
  struct Case {
    std::string_view finding;
    void (*change)(InboundConnector& printers);
  };
  const Case cases[] = {
      {"Warning: It is not enabled and matches nothing.",
       [](InboundConnector& one) { one.enabled = false; }},
      {"Error: AssociatedAcceptedDomains has what is no longer an accepted domain: gone.test; it "
       "matches nothing.",
       [](InboundConnector& one) { one.associated_accepted_domains = {"gone.test"}; }},
      {"Warning: AssociatedAcceptedDomains has what is no longer an accepted domain: gone.test.",
       [](InboundConnector& one) {
         one.associated_accepted_domains = {"contoso.com", "gone.test"};
       }},
      {"Warning: Every client in 10.0.0.0/16, 2001:db8::/32 may send",
       [](InboundConnector& one) {
         one.sender_ip_addresses = prefixes({"10.0.0.0/16", "2001:db8::/32", "192.0.2.0/24"});
       }},
      {"Warning: It is for mail in the name of contoso.com, but has neither addresses nor",
       [](InboundConnector& one) {
         one.sender_ip_addresses = {};
         one.sender_domains = {"contoso.com"};
       }},
      {"Information: It has neither addresses nor a certificate name: it vouches for nobody.",
       [](InboundConnector& one) {
         one.sender_ip_addresses = {};
         one.sender_domains = {"bank.test"};
       }},
      {"Warning: It restricts mail of all domains: without",
       [](InboundConnector& one) { one.restrict_domains_to_ip_addresses = true; }},
      {"Warning: RestrictDomainsToCertificate does not keep out the clients at its",
       [](InboundConnector& one) {
         one.sender_domains = {"bank.test"};
         one.tls_sender_certificate_name = "mx.bank.test";
         one.restrict_domains_to_certificate = true;
       }},
      {"Warning: RestrictDomainsToIPAddresses does not keep out clients with its certificate",
       [](InboundConnector& one) {
         one.sender_domains = {"bank.test"};
         one.tls_sender_certificate_name = "mx.bank.test";
         one.restrict_domains_to_ip_addresses = true;
       }},
      {"Information: Clients at its addresses that do not use TLS are told 451 5.7.3",
       [](InboundConnector& one) { one.require_tls = true; }},
      {"Warning: The domain of its certificate name mail.foreign.test is not an accepted domain",
       [](InboundConnector& one) {
         one.type = ConnectorType::on_premises;
         one.tls_sender_certificate_name = "mail.foreign.test";
       }},
      {"Information: The Restrict... switches have no effect on an OnPremises connector.",
       [](InboundConnector& one) {
         one.type = ConnectorType::on_premises;
         one.restrict_domains_to_ip_addresses = true;
       }},
      {"Information: SenderDomains have no effect on an OnPremises connector",
       [](InboundConnector& one) {
         one.type = ConnectorType::on_premises;
         one.sender_domains = {"contoso.com"};
       }},
  };
  for (const Case& one : cases) {
    CAPTURE(one.finding);
    World world;
    InboundConnector connector = printers();
    one.change(connector);
    world.add(connector);
    const auto findings = world.lint("Printers");
    REQUIRE(findings.size() == 1);
    CHECK(findings.front().starts_with(one.finding));
  }
}

TEST_CASE("an address of two organizations' servers is found, a partner's is not") {
  World world;
  InboundConnector own = servers();
  own.sender_ip_addresses = prefixes({"198.51.100.0/28", "203.0.113.1"});
  world.add(own);
  world.add(printers());
  CHECK(world.lint("Servers").empty());
  InboundConnector theirs = servers();
  theirs.name = "Theirs";
  theirs.sender_ip_addresses = prefixes({"198.51.100.7"});
  world.add(theirs, World::fabrikam);
  CHECK(has(world.lint("Servers"),
            "Another organization's servers have an address in 198.51.100.0/28, too"));
  CHECK(world.lint("Printers").empty());
}

TEST_CASE("a connector that an older one always beats never matches") {
  World world;
  InboundConnector older = printers();
  older.name = "Older";
  older.sender_ip_addresses = prefixes({"198.51.100.7", "198.51.100.8"});
  world.add(older);
  world.add(printers());
  CHECK(has(world.lint("Printers"), "Error: It never matches: connector Older is older"));
  CHECK(world.lint("Older").empty());

  const auto shadowed = [&](void (*change)(InboundConnector& younger)) {
    InboundConnector younger = printers();
    younger.when_created = Time(std::chrono::seconds(100));
    change(younger);
    older.when_created = Time();
    older.sender_domains = {"*"};
    return shadows(older, younger);
  };
  CHECK(shadowed([](InboundConnector& one) { one.sender_domains = {"*"}; }));
  // Each of these makes it the better one for some mail.
  CHECK_FALSE(shadowed([](InboundConnector& one) { one.sender_domains = {"bank.test"}; }));
  CHECK_FALSE(shadowed([](InboundConnector& one) {
    one.sender_domains = {"*"};
    one.sender_ip_addresses = prefixes({"198.51.100.9"});
  }));
  CHECK_FALSE(shadowed([](InboundConnector& one) {
    one.sender_domains = {"*"};
    one.tls_sender_certificate_name = "mx.vendor.test";
  }));
  CHECK_FALSE(shadowed([](InboundConnector& one) {
    one.sender_domains = {"*"};
    one.type = ConnectorType::on_premises;
  }));
}

TEST_CASE("two that are equal for some mail are told of, on both sides") {
  World world;
  InboundConnector first = printers();
  first.name = "First";
  first.sender_ip_addresses = prefixes({"198.51.100.7", "198.51.100.8"});
  world.add(first);
  InboundConnector second = printers();
  second.sender_ip_addresses = prefixes({"198.51.100.7", "198.51.100.9"});
  world.add(second);
  CHECK(has(world.lint("Printers"), "It shares 198.51.100.7 with connector First"));
  CHECK(has(world.lint("First"), "It shares 198.51.100.7 with connector Printers"));

  InboundConnector other = printers();
  other.name = "Other";
  other.sender_domains = {"bank.test"};
  world.add(other);
  CHECK(world.lint("Other").empty());
}

TEST_CASE("a certificate that ends soon is told of while there is time") {
  World world;
  world.add(servers());
  const auto lint = [&](std::chrono::days left) {
    return world.lint("Servers", SeenCertificate{"mail.contoso.com", today + left});
  };
  CHECK(lint(std::chrono::days(31)).empty());
  CHECK(has(lint(std::chrono::days(29)),
            "Warning: The certificate mail.contoso.com, by which a client was last known, expires "
            "on 2024-11-02"));
  CHECK(has(lint(std::chrono::days(-1)), "expired on 2024-10-03."));
}

TEST_CASE("Enhanced Filtering that does nothing, or less than it looks like, is told of") {
  World world;
  InboundConnector one = printers();
  one.ef_skip_last_ip = true;
  one.ef_skip_ips = {"192.0.2.5"};
  one.cloud_services_mail_enabled = true;
  world.add(one);
  CHECK(has(world.lint("Printers"), "Information: EFSkipIPs have no effect beside EFSkipLastIP"));
  CHECK(has(world.lint("Printers"), "Information: CloudServicesMailEnabled has no effect"));
  CHECK_FALSE(has(world.lint("Printers"), "Enhanced Filtering has no effect"));

  InboundConnector anybody;
  anybody.name = "Anybody";
  anybody.ef_skip_last_ip = true;
  world.add(anybody);
  CHECK(has(world.lint("Anybody"), "Warning: Enhanced Filtering has no effect"));
}

TEST_CASE("the gravest finding comes first") {
  World world;
  InboundConnector one = printers();
  one.require_tls = true;
  one.enabled = false;
  one.associated_accepted_domains = {"gone.test"};
  world.add(one);
  const auto findings = world.lint("Printers");
  REQUIRE(findings.size() == 3);
  CHECK(findings[0].starts_with("Error"));
  CHECK(findings[1].starts_with("Warning"));
  CHECK(findings[2].starts_with("Information"));
}
