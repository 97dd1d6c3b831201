#include "ctl/shell.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "admin/format.h"
#include "admin/value_json.h"

using namespace postern;
using namespace postern::admin;
using namespace postern::ctl;

namespace {

/// A posternd that remembers what it was asked and answers with two connectors.
class Recorder final : public HttpClient {
 public:
  explicit Recorder(std::string& calls) : calls_(calls) {}

  Result<Outcome> invoke(const std::string& organization, const std::string& cmdlet,
                         const Object& parameters) override {
    calls_ += organization + ":" + cmdlet + " " + to_json(parameters, JsonStyle::compact) + "\n";
    Outcome outcome;
    if (cmdlet == "Get-InboundConnector") {
      outcome.values.emplace_back(Object{{"Name", "A"}, {"Guid", "1"}, {"Enabled", true}});
      outcome.values.emplace_back(Object{{"Name", "B"}, {"Guid", "2"}, {"Enabled", false}});
    }
    if (const Value* what_if = parameters.find("WhatIf"); what_if && what_if->is_true()) {
      outcome.warnings.emplace_back("What if: Removing.");
    }
    if (cmdlet == "Get-Recipient") outcome.warnings.emplace_back("There is \x1b[2Jmore.");
    if (cmdlet == "Get-Organization") return fail("It is broken.");
    return outcome;
  }

 private:
  std::string& calls_;
};

struct Session {
  std::string calls;
  std::ostringstream output, errors;
  Shell shell{
      [this]() -> Result<std::unique_ptr<HttpClient>> { return std::make_unique<Recorder>(calls); },
      output, errors, unlimited_width};
};

}  // namespace

TEST_CASE("the first cmdlet runs in posternd and the rest here") {
  Session session;
  CHECK(session.shell.run("Get-InboundConnector | Where Enabled | Select -Expand Name"));
  CHECK(session.calls == ":Get-InboundConnector {}\n");
  CHECK(session.output.str() == "A\n");
}

TEST_CASE("objects piped into a cmdlet name what it works on") {
  Session session;
  CHECK(session.shell.run("Get-InboundConnector | Set-InboundConnector -Enabled $true"));
  CHECK(session.calls ==
        ":Get-InboundConnector {}\n"
        ":Set-InboundConnector {\"Enabled\":true,\"Identity\":\"1\"}\n"
        ":Set-InboundConnector {\"Enabled\":true,\"Identity\":\"2\"}\n");
  CHECK_FALSE(session.shell.run("Get-InboundConnector | New-Recipient"));
  CHECK(session.errors.str() ==
        "New-Recipient: Nothing can be piped into it: it has no parameter Identity.\n");
}

TEST_CASE("the organization is the cmdlet's or the shell's") {
  Session session;
  CHECK(
      session.shell.run("Connect-ExchangeOnline -Organization Contoso -ShowBanner:$false\n"
                        "Get-OrganizationConfig\n"
                        "Get-OrganizationConfig -Organization Fabrikam\n"
                        "Disconnect-ExchangeOnline -Confirm:$false\n"
                        "Get-OrganizationConfig"));
  CHECK(session.calls ==
        "Contoso:Get-OrganizationConfig {}\n"
        "Fabrikam:Get-OrganizationConfig {\"Organization\":\"Fabrikam\"}\n"
        ":Get-OrganizationConfig {}\n");
}

TEST_CASE("mistakes are told before anything is done, and end a script") {
  Session session;
  CHECK_FALSE(session.shell.run("Get-InboundConnector | Nonsense"));
  CHECK_FALSE(session.shell.run("Set-OrganizationConfig -RejectDirectSend maybe"));
  CHECK_FALSE(session.shell.run("Set-OrganizationConfig -NoSuch 1; Get-OrganizationConfig"));
  CHECK_FALSE(session.shell.run("Get-Recipient 'x"));
  CHECK_FALSE(session.shell.run("Select-Object x"));
  CHECK(session.calls.empty());
  CHECK(session.output.str().empty());
  CHECK_FALSE(session.shell.run("Get-Organization; Get-OrganizationConfig"));
  CHECK(session.calls == ":Get-Organization {}\n");
  CHECK(session.errors.str().ends_with("Get-Organization: It is broken.\n"));
}

TEST_CASE("warnings go to the errors, What if to the output") {
  Session session;
  CHECK(session.shell.run("Get-Recipient"));
  CHECK(session.errors.str() == "WARNING: There is ?[2Jmore.\n");
  CHECK(session.shell.run("Remove-InboundConnector A -WhatIf"));
  CHECK(session.output.str() == "What if: Removing.\n");
}

TEST_CASE("removing is asked about where somebody can answer") {
  Session session;
  std::string asked;
  session.shell.set_confirm([&](const std::string& question) {
    asked += question;
    return false;
  });
  CHECK(session.shell.run("Remove-InboundConnector A"));
  CHECK(asked == "Remove-InboundConnector \"A\"?");
  CHECK(session.calls.empty());
  CHECK(session.shell.run("Remove-InboundConnector A -Confirm:$false"));
  CHECK(session.shell.run("Remove-InboundConnector A -WhatIf"));
  CHECK(asked == "Remove-InboundConnector \"A\"?");
  CHECK(session.calls.contains("Remove-InboundConnector"));
}

TEST_CASE("a file is read here and its content sent") {
  char folder[] = "/tmp/postern-shell-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  const std::string path = std::string(folder) + "/list";
  std::ofstream(path) << "ann@contoso.com\n";
  Session session;
  CHECK(session.shell.run("Import-Recipient " + path));
  CHECK(session.calls == ":Import-Recipient {\"Content\":\"ann@contoso.com\\n\"}\n");
  std::filesystem::remove_all(folder);
  CHECK_FALSE(session.shell.run("Import-Recipient -File " + path));
  CHECK(session.errors.str().contains(path));
}

TEST_CASE("of a certificate's file only certificates are sent, never its key") {
  char folder[] = "/tmp/postern-shell-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  const std::string path = std::string(folder) + "/both.pem";
  std::ofstream(path) << "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"
                         "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
                         "remark\n-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n";
  Session session;
  CHECK(session.shell.run(
      "Test-Attribution -ClientIp 192.0.2.1 -MailFrom a@b.test -RcptTo c@d.test -Certificate " +
      path));
  CHECK(session.calls.contains(R"("CertificateContent":"-----BEGIN CERTIFICATE-----\nAAAA\n)"));
  CHECK(session.calls.contains("BBBB"));
  CHECK_FALSE(session.calls.contains("c2VjcmV0"));
  CHECK_FALSE(session.calls.contains("remark"));
  std::filesystem::remove_all(folder);
}

TEST_CASE("help works without posternd") {
  std::ostringstream output, errors;
  Shell shell([]() -> Result<std::unique_ptr<HttpClient>> { return fail("Not there."); }, output,
              errors, unlimited_width);
  CHECK(shell.run("Get-Help Set-OrganizationConfig"));
  CHECK(output.str().contains("-RejectDirectSend (Boolean; default False)"));
  CHECK(shell.run("Get-Command *Connector"));
  CHECK(output.str().contains("Remove-InboundConnector"));
  CHECK_FALSE(shell.run("Get-OrganizationConfig"));
  CHECK(errors.str() == "Get-OrganizationConfig: Not there.\n");
  CHECK(shell.run("exit"));
  CHECK(shell.wants_to_end());
}
