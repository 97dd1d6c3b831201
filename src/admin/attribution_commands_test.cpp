// Test-InboundConnector and Test-Attribution over a directory of their own, without a server.
#include <doctest/doctest.h>

#include "admin/seen_certificates.h"
#include "admin/test_desk.h"
#include "net/test_certificates.h"
#include "net/tls_context.h"

using namespace postern;
using namespace postern::admin;

namespace {

struct Desk : TestDesk {
  Desk() {
    net::TlsSettings settings;
    settings.client_ca = authority.root_file();
    tls = net::TlsContext::server(settings).value();
    for (const char* line :
         {"New-Organization Contoso", "New-AcceptedDomain contoso.com",
          "New-Recipient ann@contoso.com", "Set-OrganizationConfig -RejectDirectSend $true"}) {
      REQUIRE(call(line));
    }
  }
  /// The properties of each object, separated by `|`, or the error.
  std::vector<std::string> rows(std::string_view line, const Object& more = {}) {
    const CommandResult result = call(line, "", more);
    if (!result) return {result.error().message};
    std::vector<std::string> rows;
    for (const Value& value : result->values) {
      std::string row;
      for (const Property& property : value.get<Object>()->properties()) {
        if (!row.empty()) row += '|';
        row += property.value.to_text();
      }
      rows.push_back(row);
    }
    return rows;
  }
  std::string pem(const net::KeyPair& pair) const {
    std::string text = net::to_pem(*pair.certificate);
    for (const auto& link : pair.chain) text += net::to_pem(*link);
    return text;
  }

  net::TestAuthority authority;
  std::shared_ptr<const net::TlsContext> tls;
  SeenCertificates certificates;

 protected:
  Services services() override {
    return {.directory = *directory,
            .trace = *trace,
            .server_name = "mx.contoso.com",
            .tls = [this] { return tls; },
            .certificates = &certificates};
  }
};

using Rows = std::vector<std::string>;

}  // namespace

TEST_CASE("connectors are looked over, all or one") {
  Desk desk;
  CHECK(desk.rows("Test-InboundConnector").empty());
  REQUIRE(
      desk.call("New-InboundConnector Printers -SenderDomains * -SenderIPAddresses 198.51.100.7 "
                "-RequireTls $false -Enabled $false"));
  REQUIRE(
      desk.call("New-InboundConnector Vendor -SenderDomains * -TlsSenderCertificateName "
                "*.vendor.test"));
  const Rows printers = {
      "Printers|Information|Matches: Clients at 198.51.100.7 that send in the name of any domain.|",
      "Printers|Warning|It is not enabled and matches nothing.|Set-InboundConnector 'Printers' "
      "-Enabled $true, or remove it."};
  CHECK(desk.rows("Test-InboundConnector printers") == printers);
  CHECK(desk.rows("Test-InboundConnector Prin*") == printers);
  CHECK(desk.rows("Test-InboundConnector").size() == 3);
  CHECK(desk.rows("Test-InboundConnector Nobody").front().contains("'Nobody' couldn't be found"));
}

TEST_CASE("a certificate that sessions saw and that ends soon is told of") {
  Desk desk;
  REQUIRE(
      desk.call("New-InboundConnector Vendor -SenderDomains * -TlsSenderCertificateName "
                "*.vendor.test"));
  const auto guid =
      desk.directory->snapshot()->find_organization("Contoso")->find_connector("Vendor")->guid;
  desk.certificates.note(guid, "mx.vendor.test", now() + std::chrono::days(100));
  CHECK(desk.rows("Test-InboundConnector").size() == 1);
  desk.certificates.note(guid, "mx.vendor.test", now() + std::chrono::days(10));
  const Rows rows = desk.rows("Test-InboundConnector");
  REQUIRE(rows.size() == 2);
  CHECK(rows[1].starts_with(
      "Vendor|Warning|The certificate mx.vendor.test, by which a client was last known, expires"));
}

TEST_CASE("a printer that nearly matches: every rule, the nearest miss, the reply") {
  Desk desk;
  REQUIRE(
      desk.call("New-InboundConnector Printers -SenderDomains * -SenderIPAddresses 198.51.100.7 "
                "-RequireTls $false"));
  CHECK(desk.rows("Test-Attribution 198.51.100.9 -MailFrom printer@contoso.com -RcptTo "
                  "ann@contoso.com") ==
        Rows{"OnPremises by certificate|||None|the client showed no trusted certificate",
             "OnPremises by address|198.51.100.9||None|no connector of the organization lists the "
             "address",
             "Partner by certificate|||None|the client showed no trusted certificate",
             "Partner by address|198.51.100.9||None|no connector of the organization lists the "
             "address",
             "Partner by sender domain|contoso.com||None|no connector is for the sender's domain "
             "alone",
             "Restriction|contoso.com||None|no connector restricts mail of the sender's domain",
             "NearestMiss||Printers|No|connector Printers lists 198.51.100.7, which is in the "
             "client's /24",
             "Decision|||Reject|RejectDirectSend",
             "Reply|||550 5.7.68|TenantInboundAttribution; Direct Send not allowed for this "
             "organization from unauthorized sources"});
  const Rows matched = desk.rows(
      "Test-Attribution 198.51.100.7 -MailFrom '<printer@contoso.com>' -RcptTo "
      "'<ann@contoso.com>'");
  CHECK(matched[3] == "Partner by address|198.51.100.7|Printers|Chosen|");
  CHECK(matched[4] ==
        "Partner by sender domain|||None|not asked: a connector vouches for the client");
  CHECK(matched.back() == "Reply|||250 2.1.5|Recipient OK");
}

TEST_CASE("what matches and is not chosen says why") {
  Desk desk;
  for (const char* line :
       {"New-InboundConnector Old -SenderDomains * -SenderIPAddresses 198.51.100.7 -RequireTls 0",
        "New-InboundConnector New -SenderDomains * -SenderIPAddresses 198.51.100.7 -RequireTls 0",
        "New-InboundConnector Wide -SenderDomains * -SenderIPAddresses 198.51.100.0/24 -RequireTls "
        "0",
        "New-InboundConnector Bank -SenderDomains bank.test -SenderIPAddresses 198.51.100.7"}) {
    REQUIRE(desk.call(line));
  }
  const Rows rows = desk.rows(
      "Test-Attribution 198.51.100.7 -MailFrom printer@contoso.com -RcptTo ann@contoso.com");
  CHECK(Rows(rows.begin() + 3, rows.begin() + 7) ==
        Rows{"Partner by address|198.51.100.7|Old|Chosen|",
             "Partner by address|198.51.100.7|New|Matches|another connector matches as well and is "
             "older",
             "Partner by address|198.51.100.0/24|Wide|Matches|another connector matches better",
             "Partner by address|198.51.100.7|Bank|No|its SenderDomains do not cover the sender's "
             "domain"});
  CHECK(rows[rows.size() - 2] ==
        "Decision|ann@contoso.com|Old|Accept|AmbiguousConnector: Old, New");
}

TEST_CASE("a certificate is judged as in a session") {
  Desk desk;
  REQUIRE(
      desk.call("New-InboundConnector Vendor -SenderDomains * -TlsSenderCertificateName "
                "*.vendor.test"));
  const std::string line =
      "Test-Attribution 203.0.113.9 -MailFrom app@contoso.com -RcptTo ann@contoso.com";
  const auto with = [&](const net::KeyPair& pair) {
    return desk.rows(line, {{"CertificateContent", desk.pem(pair)}});
  };
  const Rows trusted = with(desk.authority.issue({.common_name = "mx.vendor.test"}));
  CHECK(trusted[0].starts_with("Certificate|mx.vendor.test||Trusted|expires on 20"));
  CHECK(trusted[3] == "Partner by certificate|*.vendor.test|Vendor|Chosen|");
  CHECK(trusted.back().starts_with("Reply|||250"));

  const Rows without_chain =
      with(desk.authority.issue_without_chain({.common_name = "mx.vendor.test"}));
  CHECK(
      without_chain[0].starts_with("Certificate|mx.vendor.test||NotTrusted|unable to get local "
                                   "issuer certificate: it counts as none; expires on 20"));
  CHECK(without_chain[3] ==
        "Partner by certificate|||None|the client showed no trusted certificate");
  CHECK(without_chain.back().starts_with("Reply|||550 5.7.68"));

  CHECK(desk.rows(line + " -CertificateName mx.vendor.test")[2] ==
        "Partner by certificate|*.vendor.test|Vendor|Chosen|");
  const Rows other = desk.rows(line + " -CertificateName mx.vendor.test.example,vendor.test");
  CHECK(other[6] ==
        "NearestMiss||Vendor|No|connector Vendor wants a certificate for *.vendor.test, "
        "and the client's is for another name of vendor.test");
}

TEST_CASE("what is wrong with the question is said") {
  Desk desk;
  const auto error = [&](const std::string& parameters, const Object& more = {}) {
    return desk.rows("Test-Attribution " + parameters, more).front();
  };
  const std::string envelope = " -MailFrom a@b.test -RcptTo ann@contoso.com";
  CHECK(error("-ClientIp printer" + envelope) == "ClientIp: printer is not an IP address.");
  CHECK(error("192.0.2.1 -MailFrom nobody -RcptTo ann@contoso.com") ==
        "MailFrom: nobody is not an address such as ann@contoso.com, nor <> for the null "
        "reverse-path.");
  CHECK(error("192.0.2.1 -MailFrom '<>' -RcptTo '<>'") ==
        "RcptTo: <> is not an address such as ann@contoso.com.");
  CHECK(
      error("192.0.2.1" + envelope + " -Certificate x.pem").starts_with("Certificate: the client"));
  CHECK(error("192.0.2.1" + envelope, {{"CertificateContent", "x"}}) ==
        "Certificate: The file holds no certificate in PEM form (-----BEGIN CERTIFICATE-----).");
  CHECK(error("192.0.2.1" + envelope + " -CertificateName a.test", {{"CertificateContent", "x"}}) ==
        "CertificateName: give names or a certificate, not both.");
  CHECK(error("192.0.2.1 -RcptTo ann@contoso.com").contains("MailFrom"));
}

TEST_CASE("the null reverse-path, and mail that would be relayed, can be tried") {
  Desk desk;
  const Rows null = desk.rows("Test-Attribution 192.0.2.1 -MailFrom '<>' -RcptTo ann@contoso.com");
  CHECK(null[4] ==
        "Partner by sender domain|<>||None|no connector is for the sender's domain alone");
  CHECK(null.back().starts_with("Reply|||250"));
  REQUIRE(desk.call("New-InboundConnector Printers -SenderDomains * -SenderIPAddresses 192.0.2.1"));
  const Rows relay =
      desk.rows("Test-Attribution 192.0.2.1 -MailFrom x@contoso.com -RcptTo a@gmail.test");
  CHECK(relay[2] ==
        "NearestMiss||Printers|No|connector Printers matches the client's address, but a "
        "Partner connector lets nobody send to other domains");
  CHECK(relay.back() == "Reply|||550 5.7.64|TenantAttribution; Relay Access Denied");
}

TEST_CASE("another organization's connectors stay its own") {
  Desk desk;
  for (const char* line :
       {"New-Organization Fabrikam", "New-AcceptedDomain fabrikam.com -Organization Fabrikam",
        "New-InboundConnector Secret -Organization Fabrikam -ConnectorType OnPremises "
        "-SenderDomains * -TlsSenderCertificateName mail.fabrikam.com"}) {
    REQUIRE(desk.call(line));
  }
  const Rows rows = desk.rows(
      "Test-Attribution 192.0.2.1 -Organization Contoso -CertificateName mail.fabrikam.com "
      "-MailFrom "
      "x@fabrikam.com -RcptTo ann@contoso.com");
  CHECK(rows[0] ==
        "OnPremises by certificate|||Chosen|a connector of another "
        "organization");
  for (const std::string& row : rows) CHECK_FALSE(row.contains("Secret"));
  CHECK(desk.rows("Test-Attribution 192.0.2.1 -Organization Fabrikam -MailFrom x@fabrikam.com "
                  "-RcptTo ann@contoso.com") ==
        Rows{"RcptTo: contoso.com is no accepted domain of Fabrikam. Name its organization with "
             "-Organization."});
}
