#include "policy/sending_source.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::policy;

namespace {

const IpAddress client = *IpAddress::parse("203.0.113.9");
const auth::Iprev unnamed{};

auth::DkimResult signature(auth::DkimStatus status, std::string domain) {
  return {.status = status, .domain = std::move(domain)};
}

}  // namespace

TEST_CASE("a confirmed reverse name counts by its organizational domain, others not at all") {
  const auth::Iprev named{.result = auth::IprevResult::pass, .name = "smtp.inbound.contoso.com"};
  const SendingSource source = sending_source(client, named, {}, nullptr);
  CHECK(source.reverse_name == "smtp.inbound.contoso.com");
  CHECK(source.reverse_domain == "contoso.com");
  CHECK(source.name() == "contoso.com");
  const auth::Iprev forged{
      .result = auth::IprevResult::fail, .name = "mail.bank.test", .has_pointer = true};
  CHECK(sending_source(client, forged, {}, nullptr).name() == "203.0.113.0/24");
}

TEST_CASE("signatures count that verify, each domain once and not many") {
  std::vector<auth::DkimResult> dkim = {signature(auth::DkimStatus::fail, "bank.test"),
                                        signature(auth::DkimStatus::pass, "esp.net"),
                                        signature(auth::DkimStatus::pass, "esp.net")};
  CHECK(sending_source(client, unnamed, dkim, nullptr).dkim_domains ==
        std::vector<std::string>{"esp.net"});
  for (int i = 0; i < 20; ++i)
    dkim.push_back(signature(auth::DkimStatus::pass, std::to_string(i) + ".test"));
  CHECK(sending_source(client, unnamed, dkim, nullptr).dkim_domains.size() ==
        max_source_dkim_domains);
}

TEST_CASE("without names it is the network") {
  CHECK(sending_source(client, unnamed, {}, nullptr).name() == "203.0.113.0/24");
  CHECK(sending_source(*IpAddress::parse("2001:db8:25:1::9"), unnamed, {}, nullptr).name() ==
        "2001:db8:25::/48");
}
