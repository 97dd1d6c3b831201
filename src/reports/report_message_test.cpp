#include "reports/report_message.h"

#include <doctest/doctest.h>

using namespace postern::reports;

namespace {

constexpr std::string_view xml =
    "<feedback><policy_published><domain>a.test</domain></policy_published></feedback>";
// The same through `gzip -n | base64`.
constexpr std::string_view packed =
    "H4sIAAAAAAAAA7NJS01NSUpMzrazKcjPyUyujC8oTcrJLM5ITbGzScnPTczMs0vUK0ktLrHRh3Jt9DFV"
    "6sONAQCPv5FnUQAAAA==";

std::string part(std::string_view type, std::string_view body) {
  return "--b\nContent-Type: " + std::string(type) + "\n\n" + std::string(body) + "\n";
}

std::string message(const std::string& parts) {
  return "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n" + parts + "--b--\n";
}

std::string error_of(std::string_view bytes) {
  const auto report = read_report(bytes);
  return report ? "none" : report.error().message;
}

}  // namespace

TEST_CASE("a report is found by type or file name, and told by its content") {
  const std::string prose = part("text/plain", "Hello <feedback/>");
  const auto report = read_report(message(prose + part("application/xml", xml)));
  CHECK(std::get<DmarcAggregateReport>(report.value()).policy.domain == "a.test");
  CHECK(read_report(message(part("application/octet-stream; name=a.test!1!2.XML", xml))));
  CHECK(read_report(message(part("application/gzip\nContent-Transfer-Encoding: base64", packed))));
  // The message itself may be the attachment.
  CHECK(
      read_report("Content-Type: application/zip; name=a.zip\n"
                  "Content-Transfer-Encoding: base64\n\n" +
                  std::string(packed)));
  const auto tls =
      read_report(message(part("application/tlsrpt+json", "\xef\xbb\xbf {\"policies\":[]}")));
  CHECK(std::holds_alternative<TlsReport>(tls.value()));
}

TEST_CASE("what is no report, or a broken one") {
  CHECK(error_of(message(part("text/plain", xml))) == "The message has no report in it.");
  CHECK(error_of("") == "The message has no report in it.");
  CHECK(error_of(message(part("application/gzip", "\x1f\x8b broken"))) ==
        "The packed report is damaged.");
  // A second candidate may be good.
  CHECK(read_report(message(part("application/zip", "x") + part("text/xml", xml))));
  std::string many;
  for (std::size_t i = 0; i < max_report_attachments; ++i) many += part("application/zip", "x");
  CHECK(error_of(message(many + part("text/xml", xml))).starts_with("Line 1 is no XML"));
}

TEST_CASE("a feedback report has what it quotes") {
  const std::string fields = part("message/feedback-report", "Feedback-Type: abuse\n");
  const auto whole = read_report(message(fields + part("message/rfc822", "Subject: y\n\nBody")));
  CHECK(std::get<FeedbackReport>(whole.value()).original == "Subject: y\n\nBody");
  CHECK(std::get<FeedbackReport>(whole.value()).is_original_whole);
  const auto fields_only = read_report(message(fields + part("text/rfc822-headers", "Subject: y")));
  CHECK_FALSE(std::get<FeedbackReport>(fields_only.value()).is_original_whole);
  CHECK(error_of(message(part("message/feedback-report", "Version: 1\n"))) ==
        "The feedback report has no Feedback-Type.");
}
