#include "reports/feedback_report.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::reports;

TEST_CASE("a complaint, RFC 5965") {
  const FeedbackReport report = parse_feedback_report(
                                    "Feedback-Type: Abuse\r\n"
                                    "User-Agent: SomeGenerator/1.0\r\n"
                                    "Version: 1\r\n"
                                    "Original-Mail-From: <spammer@example.net>\r\n"
                                    "Original-Rcpt-To: <ann@example.com>\r\n"
                                    "Original-Rcpt-To: bob@example.com\r\n"
                                    "Received-Date: Thu, 8 Mar 2005 14:00:00 EDT\r\n"
                                    "Reporting-MTA: dns; mail.example.com\r\n"
                                    "Source-IP: 192.0.2.1 (mail.example.net)\r\n"
                                    "Source-Port: 25000\r\n"
                                    "Authentication-Results: mail.example.com;\r\n"
                                    "\tspf=fail smtp.mail=spammer@example.com\r\n"
                                    "Reported-Domain: example.net\r\n"
                                    "Reported-URI: http://example.net/a\r\n"
                                    "Reported-Uri: mailto:b@example.net\r\n"
                                    "Incidents: 7\r\n"
                                    "Removal-Recipient: ann@example.com\r\n")
                                    .value();
  CHECK(report.type == FeedbackType::abuse);
  CHECK(report.feedback_type == "abuse");
  CHECK(report.version == 1);
  CHECK(report.original_mail_from == "spammer@example.net");
  CHECK(report.original_rcpt_to == std::vector<std::string>{"ann@example.com", "bob@example.com"});
  CHECK(report.arrival_date == parse_iso("2005-03-08T18:00:00Z"));
  CHECK(report.reporting_mta == "mail.example.com");
  CHECK(report.source_ip == IpAddress::parse("192.0.2.1"));
  CHECK(report.source_port == 25000);
  CHECK(report.incidents == 7);
  CHECK(report.authentication_results ==
        std::vector<std::string>{"mail.example.com; spf=fail smtp.mail=spammer@example.com"});
  CHECK(report.reported_uris.size() == 2);
  CHECK_FALSE(report.auth_failure);
}

TEST_CASE("a failure of authentication, RFC 6591") {
  const FeedbackReport report =
      parse_feedback_report(
          "Feedback-Type: auth-failure\nAuth-Failure: bodyhash\nDelivery-Result: reject\n"
          "DKIM-Domain: a.test\nDKIM-Identity: @a.test\nDKIM-Selector: s1\n"
          "DKIM-Canonicalized-Body: QSBs\n\taW5lLg==\nSPF-DNS: txt : a.test : \"v=spf1 -all\"\n"
          "Identity-Alignment: DKIM, spf\n\nAuth-Failure: spf\n")
          .value();
  CHECK(report.type == FeedbackType::auth_failure);
  CHECK(report.auth_failure == AuthFailure::bodyhash);
  CHECK(report.delivery_result == DeliveryResult::reject);
  CHECK(report.dkim_canonicalized_body == "A line.");
  CHECK(report.spf_dns == std::vector<std::string>{"txt : a.test : \"v=spf1 -all\""});
  CHECK(report.identity_alignment == "dkim, spf");
  CHECK(report.incidents == 1);
}

TEST_CASE("what cannot be read is absent") {
  const FeedbackReport report =
      parse_feedback_report(
          "Feedback-Type: x-new (a comment)\nSource-IP: here\nVersion: one\n"
          "Arrival-Date: today\nAuth-Failure: other\nUser-Agent: a\x1b[2J\n")
          .value();
  CHECK(report.type == FeedbackType::unknown);
  CHECK(report.feedback_type == "x-new");
  CHECK_FALSE(report.source_ip);
  CHECK(report.version == 0);
  CHECK_FALSE(report.arrival_date);
  CHECK_FALSE(report.auth_failure);
  CHECK(report.user_agent == "a\uFFFD[2J");
  CHECK_FALSE(parse_feedback_report("User-Agent: x\n"));
  CHECK_FALSE(parse_feedback_report(""));
}
