#include "edge/judged_client.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::edge;
using policy::MatchedBy;

namespace {

directory::InboundConnector gateway_connector() {
  directory::InboundConnector connector;
  connector.guid = directory::Guid::parse("c13052a7-776a-451c-a4b6-5f57c1cf8687").value();
  connector.ef_skip_last_ip = true;
  return connector;
}

policy::RcptVerdict verdict_of(directory::InboundConnector connector,
                               MatchedBy matched_by = MatchedBy::address) {
  policy::RcptVerdict verdict;
  verdict.connector = std::make_shared<const directory::InboundConnector>(std::move(connector));
  verdict.matched_by = matched_by;
  return verdict;
}

/// `none`, `counts`, `noted`
std::string find(const std::vector<FilteredRecipient>& recipients) {
  const Gateway gateway = find_gateway(recipients);
  if (gateway.connector == nullptr) return "none";
  return gateway.for_all_recipients ? "counts" : "noted";
}

}  // namespace

TEST_CASE("a gateway is a client that a connector with Enhanced Filtering knows") {
  const auto by_address = verdict_of(gateway_connector());
  CHECK(find({{&by_address, "ann@contoso.test"}}) == "counts");
  const auto by_certificate = verdict_of(gateway_connector(), MatchedBy::certificate);
  CHECK(find({{&by_certificate, "ann@contoso.test"}}) == "counts");
  // Anybody can claim a sender domain, and then write Received fields.
  const auto by_domain = verdict_of(gateway_connector(), MatchedBy::sender_domain);
  CHECK(find({{&by_domain, "ann@contoso.test"}}) == "none");

  const auto without_filtering = verdict_of({});
  CHECK(find({{&without_filtering, "ann@contoso.test"}}) == "none");
  const policy::RcptVerdict stranger;
  CHECK(find({{&stranger, "ann@contoso.test"}}) == "none");
  CHECK(find({}) == "none");
}

TEST_CASE("51 it counts if all recipients have the connector, and are listed") {
  directory::InboundConnector connector = gateway_connector();
  connector.ef_users = {"ann@contoso.test", "bob@contoso.test"};
  const auto verdict = verdict_of(connector);
  CHECK(find({{&verdict, "ann@contoso.test"}, {&verdict, "bob@contoso.test"}}) == "counts");
  CHECK(find({{&verdict, "ann@contoso.test"}, {&verdict, "kim@contoso.test"}}) == "noted");

  connector.guid = directory::Guid();
  const auto other = verdict_of(connector);
  CHECK(find({{&verdict, "ann@contoso.test"}, {&other, "bob@contoso.test"}}) == "noted");
  const policy::RcptVerdict none;
  CHECK(find({{&verdict, "ann@contoso.test"}, {&none, "bob@contoso.test"}}) == "noted");
}
