#include "milter/macros.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::milter;

namespace {

/// The names of the certificate that counts, or `plain` or `none`.
std::string certificate(const MacroTable& table) {
  const auto facts = tls_facts(table);
  if (!facts) return "plain";
  return facts->certificate ? facts->certificate->names.at(0) : "none";
}

MacroTable with_tls(std::vector<Macro> macros) {
  macros.push_back({"{tls_version}", "TLSv1.3"});
  MacroTable table;
  table.set({'H', macros});
  return table;
}

}  // namespace

TEST_CASE("Postfix tells the CN of a certificate that it trusts, and nothing of others") {
  CHECK(certificate(with_tls({{"{cert_subject}", "Mail.Contoso.com"},
                              {"{cert_issuer}", "Test CA"}})) == "mail.contoso.com");
  CHECK(certificate(with_tls({{"{cert_subject}", "*.contoso.com"}})) == "*.contoso.com");
  CHECK(certificate(with_tls({})) == "none");
  CHECK(certificate(with_tls({{"{cert_subject}", "Scanner on floor 3"}})) == "none");
}

TEST_CASE("Sendmail tells of every certificate, and whether it is OK") {
  const Macro subject{"{cert_subject}", "/C=US/CN=mail.contoso.com"};
  const Macro name{"{cn_subject}", "mail.contoso.com"};
  CHECK(certificate(with_tls({subject, name, {"{verify}", "OK"}})) == "mail.contoso.com");
  for (const char* word : {"NO", "NOT", "FAIL", "NONE", "TEMP", "PROTOCOL", "SOFTWARE"})
    CHECK(certificate(with_tls({subject, name, {"{verify}", word}})) == "none");
  // Without {verify} there is only the subject, which is no name.
  CHECK(certificate(with_tls({subject, name})) == "none");
}

TEST_CASE("without TLS there is no certificate, whatever is told") {
  MacroTable table;
  table.set({'H', {{"{cert_subject}", "mail.contoso.com"}}});
  CHECK(certificate(table) == "plain");
}

TEST_CASE("a step that comes again forgets what it and later steps said") {
  MacroTable table = with_tls({{"{cert_subject}", "mail.contoso.com"}});
  table.set({'M', {{"i", "4XyZ"}, {"{auth_type}", "PLAIN"}}});
  CHECK(certificate(table) == "mail.contoso.com");
  CHECK(table.get("i") == "4XyZ");
  // A second message, whose client did not log in.
  table.set({'M', {{"i", "4XyY"}}});
  CHECK(table.get("auth_type") == "");
  CHECK(table.get("i") == "4XyY");
  table.set({'H', {}});
  CHECK(certificate(table) == "plain");
  CHECK(table.get("i") == "");
}

TEST_CASE("values are bounded") {
  MacroTable table;
  const std::string value(100'000, 'x');
  table.set({'C', {{"i", value}, {"{unknown}", value}}});
  CHECK(table.get("i").size() == max_macro_value);
}
