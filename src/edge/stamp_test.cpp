#include "edge/stamp.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "mail/authentication_results.h"

using namespace postern;
using namespace postern::edge;

namespace {

/// What is left of the fields when the forged ones are cut out.
std::string without_forged(const std::string& message) {
  const auto section = mail::parse_header_section(message);
  std::string kept;
  std::size_t at = 0;
  for (const auto& range : fields_to_remove(section, "mx.contoso.test")) {
    kept += message.substr(at, range.begin - at);
    at = range.end;
  }
  return kept + message.substr(at);
}

}  // namespace

TEST_CASE("only the edge writes its own and Exchange's trust fields") {
  CHECK(
      without_forged("From: a@b.test\r\n"
                     "X-MS-Exchange-Organization-AuthAs: Internal\r\n"
                     "x-ms-exchange-forest-rules: 1\r\n"
                     "X-POSTERN-Direct-Send: false\r\n folded\r\n"
                     "X-MS-Has-Attach: yes\r\n"
                     "Subject: hi\r\n\r\nX-Postern-In-Body: stays\r\n") ==
      "From: a@b.test\r\nX-MS-Has-Attach: yes\r\nSubject: hi\r\n\r\nX-Postern-In-Body: stays\r\n");
}

TEST_CASE("results that claim to be ours go, others stay as evidence") {
  CHECK(without_forged("Authentication-Results: mx.contoso.test; spf=pass\r\n"
                       "Authentication-Results: (really) MX.Contoso.TEST.; dkim=pass\r\n"
                       "Authentication-Results: mx.other.test; spf=pass\r\n\r\n") ==
        "Authentication-Results: mx.other.test; spf=pass\r\n\r\n");
}

TEST_CASE("Direct Send is marked, with everything that was found out") {
  smtp::SessionFacts session;
  session.id = "08DD3FA5DBC8F401";
  session.client = *IpAddress::parse("203.0.113.9");
  session.hello = "printer";
  session.extended = true;
  policy::RcptVerdict verdict;
  verdict.direct_send = true;
  const auth::SpfCheck mail_from{{.client = session.client,
                                  .helo = "printer",
                                  .local_part = "printer",
                                  .domain = "contoso.test",
                                  .receiver = "mx.contoso.test"},
                                 {.result = auth::SpfResult::fail,
                                  .identity = auth::SpfIdentity::mail_from,
                                  .domain = "contoso.test",
                                  .mechanism = "-all"}};
  const SpfOutcome spf{.mail_from = std::make_shared<const auth::SpfCheck>(mail_from),
                       .helo = nullptr};
  const auth::Iprev iprev{
      .result = auth::IprevResult::pass, .name = "printer.contoso.test", .has_pointer = true};
  MessageEvidence message;
  message.dkim.push_back({.status = auth::DkimStatus::fail,
                          .problem = auth::DkimProblem::body_hash,
                          .domain = "contoso.test",
                          .selector = "s1",
                          .identity = "@contoso.test",
                          .algorithm = auth::DkimAlgorithm::ed25519_sha256,
                          .signature_start = "dBFGw1jT"});
  message.arc.status = auth::ArcStatus::pass;
  message.arc.highest_instance = 2;
  const policy::ArcTestimony testimony{.instance = 1, .sealer = "list.test"};
  const policy::Promotion promotion;
  const std::string fields = fields_to_prepend({.server_name = "mx.contoso.test",
                                                .session = &session,
                                                .reverse_path = "printer@contoso.test",
                                                .forward_path = "ann@contoso.test",
                                                .received = *parse_iso("2026-11-22T09:00:00Z"),
                                                .reverse_name = iprev.name,
                                                .judged_client = session.client,
                                                .spf = &spf,
                                                .iprev = &iprev,
                                                .message = &message,
                                                .testimony = &testimony,
                                                .origin = {.server_name = "mx.contoso.test",
                                                           .transaction_id = "id-1",
                                                           .verdict = &verdict,
                                                           .promotion = &promotion}});
  CHECK(fields.contains("X-Postern-Direct-Send: true\r\n"));
  CHECK(fields.contains("X-Postern-Directionality: Incoming\r\n"));
  CHECK(fields.contains("Authentication-Results: mx.contoso.test"));
  CHECK(fields.contains("spf=fail"));
  CHECK(fields.contains("smtp.mailfrom=printer@contoso.test"));
  CHECK(fields.contains("dkim=fail reason=\"body hash did not verify\""));
  CHECK(fields.contains("header.d=contoso.test"));
  CHECK(fields.contains("header.b=dBFGw1jT"));
  const std::string header = fields + "\r\n";
  const auto section = mail::parse_header_section(header);
  const auto stamped =
      mail::parse_authentication_results(section.first("Authentication-Results")->body);
  REQUIRE(stamped);
  const auto arc = std::ranges::find(stamped->results, "arc", &mail::AuthenticationResult::method);
  REQUIRE(arc != stamped->results.end());
  CHECK(arc->result == "pass");
  CHECK(arc->properties.back() ==
        mail::AuthenticationProperty{"policy", "trusted-sealer", "list.test"});
  CHECK(fields.contains("iprev=pass (printer.contoso.test)"));
  CHECK(fields.contains("Received-SPF: fail"));
  CHECK(fields.contains("(printer.contoso.test [203.0.113.9])"));
  CHECK(fields.contains("for <ann@contoso.test>"));
  CHECK(fields.find("Received: from printer") > fields.find("Received-SPF"));
}
