#include "policy/header_trust.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::policy;

namespace {

/// The first name that is not protected, of all in `section`.
std::string unprotected(const std::string& message) {
  const auto section = mail::parse_header_section(message);
  for (const mail::HeaderField& field : section.fields) {
    if (!is_protected(field)) return message.substr(field.begin, field.end - field.begin);
  }
  return "";
}

RcptVerdict verdict_of(directory::InboundConnector connector,
                       MatchedBy matched_by = MatchedBy::certificate) {
  RcptVerdict verdict;
  verdict.direction = connector.type == directory::ConnectorType::on_premises
                          ? Direction::originating
                          : Direction::incoming;
  verdict.connector = std::make_shared<const directory::InboundConnector>(std::move(connector));
  verdict.matched_by = matched_by;
  verdict.own_sender = true;
  return verdict;
}

const std::string internal =
    "X-MS-Exchange-CrossPremises-AuthAs: Internal\r\n"
    "X-MS-Exchange-CrossPremises-AuthSource: Hub.Contoso.com\r\n"
    "X-MS-Exchange-CrossPremises-SCL: -1\r\n";

Promotion promote(const std::string& message, HeaderTrust trust) {
  // Views in the answer are on the message, which must stay.
  static std::string kept;
  kept = message + "\r\n";
  return policy::promote(mail::parse_header_section(kept), trust);
}

AuthAs auth_as(const std::string& message) {
  return promote(message, HeaderTrust::cross_premises).auth_as;
}

}  // namespace

TEST_CASE("42 protected names are known in every spelling") {
  CHECK(unprotected("X-MS-Exchange-Organization-AuthAs: Internal\r\n"
                    "x-ms-exchange-organization-authas:Internal\r\n"
                    "X-MS-EXCHANGE-ORGANIZATION-SCL : -1\r\n"
                    "X-MS-Exchange-Organization-Folded\r\n : Internal\r\n"
                    "X-MS-Exchange-Organization-Folded:\r\n\tInternal\r\n  again\r\n"
                    "X-MS-Exchange-Forest-RulesExecuted: mx\r\n"
                    "X-MS-Exchange-CrossPremises-AuthAs: Internal\r\n"
                    "X-Postern-Auth-As: Internal\r\n"
                    "X-MS-Exchange-SkipListedInternetSender: ip=[192.0.2.1]\r\n"
                    "X-MS-Exchange-ExternalOriginalInternetSender: ip=[192.0.2.1]\r\n"
                    "X-CrossPremisesHeadersPromoted: mx\r\n")
            .empty());
}

TEST_CASE("what a careless reader takes for a protected field is one") {
  CHECK(unprotected(" X-MS-Exchange-Organization-AuthAs: Internal\r\n").empty());
  CHECK(unprotected("\xef\xbb\xbfX-MS-Exchange-Organization-AuthAs: Internal\r\n").empty());
  CHECK(unprotected("X-MS-Exchange-Organization-Auth As: Internal\r\n").empty());
  CHECK(unprotected("X-MS-Exchange-Organization-AuthAs\r\n").empty());
}

TEST_CASE("other names are left alone") {
  for (const std::string kept :
       {"X-MS-Exchange-OrganizationX: no\r\n", "X-MS-Exchange-CrossTenant-Id: 5\r\n",
        "X-Posterns: no\r\n", "X-MS-Exchange-SkipListedInternetSenders: no\r\n",
        "Subject: x\r\n X-MS-Exchange-Organization-AuthAs: Internal\r\n", "no field\r\n"}) {
    CHECK(unprotected(kept) == kept);
  }
}

TEST_CASE("whose fields are believed") {
  using directory::ConnectorType;
  directory::InboundConnector connector{.type = ConnectorType::on_premises,
                                        .cloud_services_mail_enabled = true};
  CHECK(find_header_trust({}) == HeaderTrust::none);
  CHECK(find_header_trust(verdict_of(connector)) == HeaderTrust::cross_premises);
  CHECK(find_header_trust(verdict_of(connector, MatchedBy::sender_domain)) == HeaderTrust::none);
  connector.type = ConnectorType::partner;
  CHECK(find_header_trust(verdict_of(connector)) == HeaderTrust::none);

  connector = {.type = ConnectorType::on_premises, .treat_messages_as_internal = true};
  CHECK(find_header_trust(verdict_of(connector)) == HeaderTrust::internal);
  RcptVerdict foreign = verdict_of(connector);
  foreign.own_sender = false;
  CHECK(find_header_trust(foreign) == HeaderTrust::none);
  connector.treat_messages_as_internal = false;
  CHECK(find_header_trust(verdict_of(connector)) == HeaderTrust::none);
}

TEST_CASE("41 what own servers say is promoted") {
  const Promotion promotion = promote(internal, HeaderTrust::cross_premises);
  CHECK(promotion.auth_as == AuthAs::internal);
  CHECK(promotion.auth_source == "hub.contoso.com");
  REQUIRE(promotion.fields.size() == 1);
  CHECK(promotion.fields[0].name == "X-MS-Exchange-Organization-SCL");
  CHECK(promotion.fields[0].body == " -1");
  CHECK(promotion.promoted);
  CHECK_FALSE(promotion.filtered);
}

TEST_CASE("40 of others nothing is") {
  for (const HeaderTrust trust : {HeaderTrust::none, HeaderTrust::internal}) {
    const Promotion promotion = promote(internal, trust);
    CHECK((promotion.auth_as == AuthAs::internal) == (trust == HeaderTrust::internal));
    CHECK(promotion.auth_source.empty());
    CHECK(promotion.fields.empty());
    CHECK(promotion.filtered);
  }
  CHECK_FALSE(promote("Subject: hi\r\n", HeaderTrust::none).filtered);
}

TEST_CASE("a message is internal only if it says so once and for all") {
  CHECK(auth_as("X-MS-Exchange-CrossPremises-AuthAs:\r\n internal\r\n") == AuthAs::internal);
  CHECK(auth_as(internal + internal) == AuthAs::internal);
  CHECK(auth_as(internal + "X-MS-Exchange-CrossPremises-AuthAs: Anonymous\r\n") ==
        AuthAs::anonymous);
  CHECK(auth_as("x-ms-exchange-crosspremises-authas: Anonymous\r\n" + internal) ==
        AuthAs::anonymous);
  CHECK(auth_as("X-MS-Exchange-CrossPremises-AuthAs: Internal Anonymous\r\n") == AuthAs::anonymous);
  // Even from an own server, this name is nobody's but the edge's.
  CHECK(auth_as("X-MS-Exchange-Organization-AuthAs: Internal\r\n") == AuthAs::anonymous);
  CHECK(auth_as("X-MS-Exchange-CrossPremises-AuthAs\r\n") == AuthAs::anonymous);
}

TEST_CASE("promotion is bounded, and of one name there is one field") {
  std::string message;
  for (int i = 0; i < 300; ++i)
    message += "X-MS-Exchange-CrossPremises-A" + std::to_string(i) + ": x\r\n";
  CHECK(promote(message, HeaderTrust::cross_premises).fields.size() == max_promoted_fields);

  const Promotion twice = promote(
      "X-MS-Exchange-CrossPremises-SCL: 1\r\nx-ms-exchange-crosspremises-scl: 9\r\n"
      "X-MS-Exchange-CrossPremises-: nothing\r\n"
      "X-MS-Exchange-CrossPremises-MessageDirectionality: Incoming\r\n",
      HeaderTrust::cross_premises);
  REQUIRE(twice.fields.size() == 1);
  CHECK(twice.fields[0].body == " 1");
}

TEST_CASE("a source that is no host name is not passed on") {
  CHECK(promote("X-MS-Exchange-CrossPremises-AuthAs: Internal\r\n"
                "X-MS-Exchange-CrossPremises-AuthSource: not a name\r\n",
                HeaderTrust::cross_premises)
            .auth_source.empty());
}
