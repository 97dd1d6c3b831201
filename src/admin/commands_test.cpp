#include "admin/commands.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "admin/format.h"
#include "admin/session_commands.h"
#include "admin/test_desk.h"
#include "admin/value_json.h"

using namespace postern;
using namespace postern::admin;

namespace {

struct Desk : TestDesk {
  /// Values as JSON one a line, then warnings; or the error.
  std::string run(std::string_view line, std::string_view organization = "") {
    const CommandResult result = call(line, organization);
    if (!result) return result.error().message;
    std::string text;
    for (const Value& value : result->values) text += to_json(value, JsonStyle::compact) + "\n";
    for (const std::string& warning : result->warnings) text += warning + "\n";
    return text;
  }
  /// One property of the only object.
  std::string property(std::string_view line, std::string_view name) {
    const CommandResult result = call(line);
    REQUIRE_MESSAGE(result, result.error().message);
    REQUIRE(result->values.size() == 1);
    const Value* value = result->values[0].get<Object>()->find(name);
    REQUIRE(value != nullptr);
    return value->to_text();
  }
};

struct Contoso : Desk {
  Contoso() {
    call("New-Organization Contoso");
    call("New-AcceptedDomain contoso.com");
  }
};

}  // namespace

TEST_CASE("organizations are made, named and removed") {
  Desk desk;
  CHECK(desk.run("Get-OrganizationConfig") ==
        "There is no organization yet. Create one with New-Organization.");
  CHECK(desk.run("New-Organization Contoso -WhatIf") ==
        "What if: Creating organization \"Contoso\".\n");
  CHECK(desk.run("Get-Organization").empty());
  CHECK(desk.property("New-Organization Contoso", "Name") == "Contoso");
  CHECK(desk.property("Get-OrganizationConfig", "RejectDirectSend") == "False");
  CHECK(desk.run("New-Organization contoso").contains("ontoso"));
  CHECK(desk.run("New-Organization contoso -WhatIf") ==
        "Name: there is an organization contoso already.");
  CHECK(desk.run("New-Organization Fabrikam").contains("Fabrikam"));
  CHECK(desk.run("Get-OrganizationConfig") ==
        "There are several organizations. Name the one that is meant with -Organization.");
  CHECK(desk.property("Get-OrganizationConfig -Organization fabrikam", "Identity") == "Fabrikam");
  CHECK(desk.run("Get-OrganizationConfig", "Contoso").contains("Contoso"));
  CHECK(desk.run("Get-OrganizationConfig -Organization Fabrikam", "Contoso")
            .contains("names 'Fabrikam', but the request is for 'Contoso'"));
  CHECK(desk.run("Get-OrganizationConfig", "Nobody").contains("object 'Nobody' couldn't be found"));
  desk.call("New-AcceptedDomain contoso.com -Organization Contoso");
  CHECK(desk.run("Get-OrganizationConfig", "contoso.com").contains("Contoso"));
  const std::string guid = desk.property("Get-Organization Fabrikam", "Guid");
  CHECK(desk.run("Remove-Organization " + guid).empty());
  CHECK(desk.run("Remove-Organization Fabrikam").contains("couldn't be found on 'mx.contoso.com'"));
}

TEST_CASE("the switch is set, and asked about") {
  Contoso desk;
  CHECK(desk.run("Set-OrganizationConfig -RejectDirectSend $true -WhatIf") ==
        "What if: Setting RejectDirectSend of organization \"Contoso\" to True.\n");
  CHECK(desk.property("Get-OrganizationConfig", "RejectDirectSend") == "False");
  CHECK(desk.run("Set-OrganizationConfig -RejectDirectSend $true").empty());
  CHECK(desk.property("Get-OrganizationConfig", "RejectDirectSend") == "True");
  CHECK(desk.run("Set-OrganizationConfig").contains("Nothing is to be set"));
  CHECK(desk.property("Get-OrganizationConfig", "DeferOnTempError") == "False");
  CHECK(desk.run("Set-OrganizationConfig -DeferOnTempError $true").empty());
  CHECK(desk.property("Get-OrganizationConfig", "DeferOnTempError") == "True");
  CHECK(desk.property("Get-OrganizationConfig", "RejectDirectSend") == "True");
  for (const std::string option :
       {"RejectDirectSendCheckHeaderFrom", "RejectDirectSendAllowAuthenticated"}) {
    CHECK(desk.property("Get-OrganizationConfig", option) == "False");
    CHECK(desk.run("Set-OrganizationConfig -" + option + " $true").empty());
    CHECK(desk.property("Get-OrganizationConfig", option) == "True");
    CHECK(desk.run("Set-OrganizationConfig -" + option + " $false").empty());
  }
  CHECK(desk.run("Set-OrganizationConfig -RejectDirectSend 0 -DeferOnTempError $false -WhatIf") ==
        "What if: Setting RejectDirectSend of organization \"Contoso\" to False.\n"
        "What if: Setting DeferOnTempError of organization \"Contoso\" to False.\n");
  CHECK(desk.property("Get-OrganizationConfig", "StampExchangeHeaders") == "False");
  CHECK(desk.run("Set-OrganizationConfig -StampExchangeHeaders $true").empty());
  CHECK(desk.property("Get-OrganizationConfig", "StampExchangeHeaders") == "True");
}

TEST_CASE("trusted sealers replace those before, as A-labels, each once") {
  Contoso desk;
  CHECK(desk.run("Get-ArcConfig") ==
        R"({"Name":"Default","Identity":"Default","ArcTrustedSealers":[]})"
        "\n");
  CHECK(desk.run("Set-ArcConfig -Identity default -ArcTrustedSealers Lists.Example.ORG,bücher."
                 "example,lists.example.org. -WhatIf") ==
        "What if: Setting ArcTrustedSealers of organization \"Contoso\" to {lists.example.org, "
        "xn--bcher-kva.example}.\n");
  CHECK(desk.property("Get-ArcConfig", "ArcTrustedSealers").empty());
  CHECK(desk.run("Set-ArcConfig -ArcTrustedSealers b.example,a.example,B.example").empty());
  CHECK(desk.property("Get-ArcConfig Default", "ArcTrustedSealers") == "a.example, b.example");
  CHECK(desk.run("Set-ArcConfig -ArcTrustedSealers c.example").empty());
  CHECK(desk.property("Get-ArcConfig", "ArcTrustedSealers") == "c.example");

  for (const char* wrong : {"*.example", "'not a name'", "ann@example.com", "192.0.2.1,a..b"}) {
    const std::string line = std::string("Set-ArcConfig -ArcTrustedSealers ") + wrong;
    CHECK(desk.run(line).starts_with("ArcTrustedSealers: "));
    CHECK(desk.run(line + " -WhatIf").starts_with("ArcTrustedSealers: "));
  }
  CHECK(desk.property("Get-ArcConfig", "ArcTrustedSealers") == "c.example");
  CHECK(desk.run("Set-ArcConfig").contains("ArcTrustedSealers"));
  CHECK(desk.run("Set-ArcConfig Other -ArcTrustedSealers a.example").contains("couldn't be found"));
  CHECK(desk.run("Get-ArcConfig Other").contains("couldn't be found"));

  for (const char* nothing : {"$null", "''", "@()"}) {
    CHECK(desk.run("Set-ArcConfig -ArcTrustedSealers d.example").empty());
    CHECK(desk.run(std::string("Set-ArcConfig -ArcTrustedSealers ") + nothing).empty());
    CHECK(desk.property("Get-ArcConfig", "ArcTrustedSealers").empty());
  }
}

TEST_CASE("accepted domains") {
  Contoso desk;
  CHECK(desk.run("New-AcceptedDomain -Name Relay -DomainName relay.contoso.net -DomainType "
                 "internalrelay -MatchSubDomains $true -NextHop smtp:192.0.2.1:25")
            .contains("the name 'Relay' is not kept"));
  CHECK(desk.run("Get-AcceptedDomain relay.contoso.net") ==
        R"({"Name":"relay.contoso.net","Identity":"relay.contoso.net",)"
        R"("DomainName":"relay.contoso.net","DomainType":"InternalRelay","Default":false,)"
        R"("MatchSubDomains":true,"RejectDirectSend":"Inherit","NextHop":"smtp:192.0.2.1:25",)"
        R"("JunkDelivery":"header"})"
        "\n");
  CHECK(desk.run("Set-AcceptedDomain RELAY.contoso.net -MakeDefault $true -NextHop $null").empty());
  CHECK(desk.property("Get-AcceptedDomain relay*", "Default") == "True");
  CHECK(desk.property("Get-AcceptedDomain relay*", "NextHop").empty());
  CHECK(desk.run("New-AcceptedDomain").contains("DomainName"));
  CHECK(desk.run("New-AcceptedDomain new.test -NextHop pigeon:post").starts_with("NextHop: "));
  CHECK(desk.run("New-AcceptedDomain new.test -NextHop pigeon:post -WhatIf")
            .starts_with("NextHop: "));
  CHECK(desk.run("New-AcceptedDomain contoso.com").contains("contoso.com"));
  CHECK(desk.run("Remove-AcceptedDomain contoso.com -WhatIf") ==
        "What if: Removing accepted domain \"contoso.com\".\n");
  CHECK(desk.run("Remove-AcceptedDomain contoso.com").empty());
  CHECK(desk.run("Get-AcceptedDomain contoso.com").contains("couldn't be found"));
}

TEST_CASE("recipients") {
  Contoso desk;
  CHECK(desk.property("New-Recipient Ann@Contoso.com -Aliases sales@contoso.com",
                      "EmailAddresses") == "SMTP:ann@contoso.com, smtp:sales@contoso.com");
  CHECK(desk.property("Get-Recipient SALES@contoso.com", "Name") == "ann@contoso.com");
  desk.call("New-Recipient bob@contoso.com");
  CHECK(desk.property("Get-Recipient *ob@*", "Name") == "bob@contoso.com");
  CHECK(desk.run("Get-Recipient *@contoso.com -ResultSize 1").contains("more results available"));
  CHECK(desk.run("Get-Recipient -ResultSize 0").starts_with("ResultSize: "));
  CHECK(desk.run("Get-Recipient -ResultSize unlimited").contains("bob@contoso.com"));
  CHECK(desk.run("New-Recipient kim@elsewhere.test").contains("elsewhere.test"));
  CHECK(desk.run("New-Recipient cy@contoso.com -WhatIf").starts_with("What if: "));
  CHECK(desk.run("Remove-Recipient sales@contoso.com").empty());
  CHECK(desk.run("Get-Recipient ann@contoso.com").contains("couldn't be found"));
}

TEST_CASE("recipients are imported all or none") {
  Contoso desk;
  CHECK(desk.run("Import-Recipient -Content \"ann@contoso.com`nbad line`nx@elsewhere.test\"") ==
        "Nothing was imported.\nline 2: bad is not an address of the form user@domain."
        "\nline 3: x@elsewhere.test is not in an accepted domain of Contoso.");
  CHECK(desk.run("Get-Recipient").empty());
  CHECK(desk.run("Import-Recipient -Content \"ann@contoso.com`nbob@contoso.com\" -WhatIf") ==
        "What if: Importing recipients: 2 to add, 0 already there.\n");
  CHECK(desk.run("Get-Recipient").empty());
  CHECK(desk.run("Import-Recipient -Content \"ann@contoso.com`nbob@contoso.com\"") ==
        "{\"Added\":2,\"AlreadyThere\":0}\n");
  CHECK(desk.run("Import-Recipient -Content \"ann@contoso.com`ncy@contoso.com\" -WhatIf") ==
        "What if: Importing recipients: 1 to add, 1 already there.\n");
  CHECK(desk.run("Import-Recipient -Content \"ann@contoso.com`ncy@contoso.com\"") ==
        "{\"Added\":1,\"AlreadyThere\":1}\n");
  CHECK(desk.run("Import-Recipient x").starts_with("File: "));
  CHECK(desk.run("Import-Recipient").contains("-Content"));
}

TEST_CASE("connectors") {
  Contoso desk;
  CHECK(desk.property("New-InboundConnector Printers -SenderDomains * -SenderIPAddresses "
                      "198.51.100.7,198.51.100.8 -RequireTls $false -Comment 'third floor'",
                      "SenderDomains") == "smtp:*;1");
  CHECK(desk.run("Set-InboundConnector printers -SenderIPAddresses @{Add='192.0.2.0/24';"
                 "Remove='198.51.100.8'} -SenderDomains @{Add='a.test','smtp:B.test;1';Remove='*'} "
                 "-Name 'Third floor' -Enabled $false")
            .empty());
  CHECK(desk.property("Get-InboundConnector 'third floor'", "SenderIPAddresses") ==
        "198.51.100.7, 192.0.2.0/24");
  CHECK(desk.property("Get-InboundConnector", "SenderDomains") == "smtp:a.test;1, smtp:b.test;1");
  CHECK(desk.property("Get-InboundConnector", "Enabled") == "False");
  CHECK(desk.property("Get-InboundConnector", "Comment") == "third floor");
  const std::string guid = desk.property("Get-InboundConnector", "Guid");
  CHECK(desk.property("Get-InboundConnector " + guid, "Name") == "Third floor");

  CHECK(desk.run("New-InboundConnector X -SenderDomains domain.*.com") ==
        "SenderDomains: domain.*.com has a wildcard inside; only *.contoso.com and * are allowed.");
  CHECK(desk.run("Set-InboundConnector 'third floor' -SenderDomains @{Add='a..b'}") ==
        "SenderDomains: a..b is neither a domain, nor *.domain, nor *.");
  CHECK(desk.run("New-InboundConnector X -SenderDomains * -SenderIPAddresses 10.0.0.0/16")
            .contains("SenderIPAddresses"));
  CHECK(desk.run("New-InboundConnector X -SenderDomains * -SenderIPAddresses 10.0.0.0/16 -Force "
                 "-WhatIf")
            .starts_with("What if: "));
  CHECK(desk.run("New-InboundConnector X -SenderDomains * -SenderIPAddresses 1.2.3") ==
        "SenderIPAddresses: 1.2.3 is not an IP address or a prefix such as 192.0.2.0/24.");
  CHECK(desk.run("New-InboundConnector X -SenderDomains * -TreatMessagesAsInternal $true")
            .contains("TreatMessagesAsInternal"));
  CHECK(desk.run("New-InboundConnector X -SenderDomains * -EFTestMode $true") ==
        "EFTestMode: this parameter is reserved and cannot be set here.");
  CHECK(desk.run("New-InboundConnector X").contains("missing mandatory parameters: SenderDomains"));
  CHECK(desk.run("Set-InboundConnector Nobody -Enabled $true").contains("couldn't be found"));
  CHECK(desk.run("Remove-InboundConnector 'third floor' -WhatIf").starts_with("What if: "));
  CHECK(desk.run("Remove-InboundConnector 'third floor'").empty());
  CHECK(desk.run("Get-InboundConnector").empty());
}

TEST_CASE("the trace is asked") {
  Contoso desk;
  store::TraceRecord record;
  record.message_trace_id = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
  record.forward_path = "ann@contoso.com";
  record.received = now() - std::chrono::hours(1);
  record.client = "2001:db8::1";
  record.organization = "Contoso";
  record.decision = "Reject";
  record.status = store::TraceStatus::failed;
  record.reasons = {"RejectDirectSend"};
  record.next_hop = "lmtp:127.0.0.1:24";
  desk.trace->record(record);
  CHECK(desk.property("Get-MessageTraceV2", "SenderAddress") == "<>");
  CHECK(desk.property("Get-MessageTraceV2 -Status failed -FromIP 2001:DB8:0::1", "Reason") ==
        "RejectDirectSend");
  CHECK(desk.property("Get-MessageTraceV2 -ToIP 127.0.0.1", "ToIP") == "127.0.0.1");
  CHECK(desk.property("Get-MessageTraceV2 -MessageTraceId F81D4FAE-7dec-11d0-a765-00a0c91e6bf6",
                      "Decision") == "Reject");
  CHECK(desk.run("Get-MessageTraceV2 -Status Expanded").empty());
  CHECK(
      desk.run("Get-MessageTraceV2 -StartDate 2025-01-01 -EndDate 2025-03-01").contains("10 days"));
  CHECK(desk.run("Get-MessageTraceV2 -ResultSize 9999") ==
        "ResultSize: 9999 is not a number from 1 to 5000.");
  CHECK(desk.run("Get-MessageTraceV2 -Status Nowhere").contains("'Status'"));
  CHECK(desk.run("Get-MessageTraceV2 -FromIP 1.2.3") == "FromIP: 1.2.3 is not an IP address.");
  CHECK(desk.run("Get-MessageTraceV2 -StartDate yesterday").contains("'StartDate'"));
}

TEST_CASE("the table of commands is in order") {
  for (const CommandSpec* command : all_commands()) {
    CAPTURE(command->name);
    CHECK(find_command(command->name) == command);
    CHECK(command->synopsis.ends_with("."));
    for (const ParameterSpec& parameter : command->parameters) {
      CAPTURE(parameter.name);
      CHECK(find_parameter(*command, parameter.name).value()->name == parameter.name);
      CHECK(parameter.help.ends_with("."));
    }
    // What the manual shows as an example can be bound.
    const auto script = parse_script(command->examples, now());
    REQUIRE(script);
    for (const Pipeline& pipeline : *script) {
      for (const CommandLine& line : pipeline) {
        CAPTURE(line.name);
        const CommandSpec* spec = find_command(line.name);
        REQUIRE(spec != nullptr);
        if (spec->name == "Where-Object") continue;
        const auto bound = bind_elements(*spec, line.elements);
        REQUIRE_MESSAGE(bound, bound.error().message);
        const auto values = bind_values(*spec, bound->values);
        CHECK_MESSAGE(values, values.error().message);
      }
    }
  }
}

TEST_CASE("docs/cmdlets.md is what the table says") {
  std::ifstream file(POSTERN_SOURCE_DIR "/docs/cmdlets.md");
  std::ostringstream content;
  content << file.rdbuf();
  CHECK_MESSAGE(content.str() == manual(), "run: build/bin/postern --manual > docs/cmdlets.md");
}
