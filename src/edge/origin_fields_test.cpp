#include "edge/origin_fields.h"

#include <doctest/doctest.h>

#include "mail/header_fields.h"

using namespace postern;
using namespace postern::edge;

namespace {

struct World {
  policy::RcptVerdict verdict;
  policy::Promotion promotion;
  policy::Impersonation impersonation;
  policy::Filtering filtering{
      .result = {.end = policy::FilteringEnd::found,
                 .fields = 1,
                 .client = policy::TrueClient{.address = *IpAddress::parse("203.0.113.9"),
                                              .helo = "mail.bank.test",
                                              .reverse_name = ""}}};

  std::string fields(bool exchange_names) const {
    return origin_fields({.server_name = "mx.contoso.test",
                          .transaction_id = "id-1",
                          .verdict = &verdict,
                          .promotion = &promotion,
                          .filtering = &filtering,
                          .impersonation = &impersonation,
                          .exchange_names = exchange_names});
  }
};

}  // namespace

TEST_CASE("without being asked for, Exchange's names are not written") {
  World world;
  world.verdict.direct_send = world.verdict.own_sender = true;
  world.promotion = {.auth_as = policy::AuthAs::internal,
                     .auth_source = "hub.contoso.test",
                     .fields = {{"X-MS-Exchange-Organization-SCL", " -1"}},
                     .promoted = true};
  CHECK(world.fields(false) ==
        "X-Postern-Message-Trace-Id: id-1\r\n"
        "X-Postern-Directionality: Incoming\r\n"
        "X-Postern-Auth-As: Internal\r\n"
        "X-Postern-Direct-Send: true\r\n"
        "X-Postern-Skip-Listed-Internet-Sender: ip=[203.0.113.9];domain=mail.bank.test\r\n"
        "X-Postern-External-Original-Internet-Sender: ip=[203.0.113.9];domain=mail.bank.test\r\n");
}

TEST_CASE("40, 41, 50 Exchange's names stand beside ours") {
  World world;
  world.verdict.direct_send = world.verdict.own_sender = true;
  world.promotion = {.auth_as = policy::AuthAs::internal,
                     .auth_source = "hub.contoso.test",
                     .fields = {{"X-MS-Exchange-Organization-SCL", "\r\n\t-1"}},
                     .promoted = true};
  CHECK(world.fields(true) ==
        "X-Postern-Message-Trace-Id: id-1\r\n"
        "X-MS-Exchange-Organization-Network-Message-Id: id-1\r\n"
        "X-Postern-Directionality: Incoming\r\n"
        "X-MS-Exchange-Organization-MessageDirectionality: Incoming\r\n"
        "X-Postern-Auth-As: Internal\r\n"
        "X-MS-Exchange-Organization-AuthAs: Internal\r\n"
        "X-MS-Exchange-Organization-AuthSource: hub.contoso.test\r\n"
        "X-Postern-Direct-Send: true\r\n"
        "X-MS-Exchange-Organization-IsAnonymousDirectSend: True\r\n"
        "X-MS-Exchange-Organization-InternalOrgSender: True\r\n"
        "X-Postern-Skip-Listed-Internet-Sender: ip=[203.0.113.9];domain=mail.bank.test\r\n"
        "X-MS-Exchange-SkipListedInternetSender: ip=[203.0.113.9];domain=mail.bank.test\r\n"
        "X-Postern-External-Original-Internet-Sender: ip=[203.0.113.9];domain=mail.bank.test\r\n"
        "X-MS-Exchange-ExternalOriginalInternetSender: ip=[203.0.113.9];domain=mail.bank.test\r\n"
        "X-MS-Exchange-Organization-SCL:\r\n\t-1\r\n"
        "X-CrossPremisesHeadersPromoted: mx.contoso.test\r\n");
}

TEST_CASE("40 a message is anonymous, and we are who says so, unless somebody else was believed") {
  World world;
  world.promotion.filtered = true;
  const std::string fields = world.fields(true);
  CHECK(
      fields.contains("X-MS-Exchange-Organization-AuthAs: Anonymous\r\n"
                      "X-MS-Exchange-Organization-AuthSource: mx.contoso.test\r\n"));
  CHECK(fields.contains("X-CrossPremisesHeadersFiltered: mx.contoso.test\r\n"));
  CHECK_FALSE(fields.contains("Promoted"));
  CHECK_FALSE(fields.contains("InternalOrgSender"));
}

TEST_CASE("51 what does not count for all recipients is told as what would have been found") {
  World world;
  world.filtering.for_all_recipients = false;
  CHECK(world.fields(true).contains("X-MS-Exchange-SkipListedInternetSender: ip=[203.0.113.9]"));
  CHECK_FALSE(world.fields(true).contains("OriginalInternetSender"));
  world.filtering.result = {.end = policy::FilteringEnd::hidden, .fields = 1};
  CHECK_FALSE(world.fields(true).contains("SkipListed"));
}

TEST_CASE("who may be taken for an own author has a field for each reason") {
  World world;
  world.impersonation = {.look_alikes = {{"c0ntoso.test", "contoso.test"}},
                         .shown_addresses = {"ceo@contoso.test", "cfo@contoso.test"}};
  CHECK(world.fields(true).contains(
      "X-Postern-Look-Alike-Domain: c0ntoso.test resembles contoso.test\r\n"
      "X-Postern-Own-Address-In-Name: ceo@contoso.test\r\n"
      "X-Postern-Own-Address-In-Name: cfo@contoso.test\r\n"));
}

TEST_CASE("the name of a connector cannot end its line") {
  World world;
  directory::InboundConnector connector;
  connector.name = "x\r\nBcc: y";
  world.verdict.connector = std::make_shared<const directory::InboundConnector>(connector);
  CHECK(world.fields(false).contains("X-Postern-Connector: x??Bcc: y\r\n"));
}
