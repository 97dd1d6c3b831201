#include "admin/binding.h"

#include <doctest/doctest.h>

#include <array>

#include "admin/value_json.h"

using namespace postern;
using namespace postern::admin;

namespace {

using enum ParameterType;

constexpr ParameterSpec parameters[] = {
    {"Name", text, "", 0, true},
    {"RequireTls", boolean, ""},
    {"RestrictDomainsToIPAddresses", boolean, ""},
    {"RestrictDomainsToCertificate", boolean, ""},
    {"SenderDomains", changeable_list, ""},
    {"Force", switch_, ""},
    {"ConnectorType", text, "", named, false, "Partner", "Partner|OnPremises"},
    {"ResultSize", number, ""},
    {"StartDate", date, ""},
};
constexpr CommandSpec command = {"Set-Thing", CommandKind::change, "", parameters};

/// The bound values as JSON, or the error.
std::string bound(std::string_view line) {
  const auto script = parse_script("Set-Thing " + std::string(line), {});
  REQUIRE(script);
  const auto elements = bind_elements(command, script->front().front().elements);
  if (!elements) return elements.error().message;
  const auto values = bind_values(command, elements->values);
  if (!values) return values.error().message;
  return to_json(*values, JsonStyle::compact);
}

}  // namespace

TEST_CASE("arguments find their parameters") {
  CHECK(bound("x") == R"({"Name":"x"})");
  CHECK(bound("-name 7") == R"({"Name":"7"})");
  CHECK(bound("x -Requ $true -Force") == R"({"Name":"x","RequireTls":true,"Force":true})");
  CHECK(bound("-Force x") == R"({"Force":true,"Name":"x"})");
  CHECK(bound("x -Confirm:$false -EA Stop -Verbose") == R"({"Name":"x","Confirm":false})");
  CHECK(bound("x -RequireTls 0") == R"({"Name":"x","RequireTls":false})");
  CHECK(bound("x -RequireTls true") == R"({"Name":"x","RequireTls":true})");
  CHECK(bound("x -SenderDomains a") == R"({"Name":"x","SenderDomains":["a"]})");
  CHECK(bound("x -SenderDomains a,5") == R"({"Name":"x","SenderDomains":["a","5"]})");
  CHECK(bound("x -SenderDomains @{add='a';Remove='b','c'}") ==
        R"({"Name":"x","SenderDomains":{"Add":["a"],"Remove":["b","c"]}})");
  CHECK(bound("x -SenderDomains $null") == R"({"Name":"x","SenderDomains":null})");
  CHECK(bound("x -ConnectorType onpremises") == R"({"Name":"x","ConnectorType":"OnPremises"})");
  CHECK(bound("x -ResultSize 5000") == R"({"Name":"x","ResultSize":5000})");
  CHECK(bound("x -StartDate 6/13/2025") ==
        R"({"Name":"x","StartDate":"2025-06-13T00:00:00.000Z"})");
}

TEST_CASE("what does not fit is told in PowerShell's words") {
  struct Case {
    std::string_view line, wanted;
  };
  const auto cases = std::to_array<Case>({
      {"x -Foo", "A parameter cannot be found that matches parameter name 'Foo'."},
      {"x -Re $true",
       "Parameter cannot be processed because the parameter name 'Re' is ambiguous. Possible "
       "matches include: -RequireTls -RestrictDomainsToIPAddresses -RestrictDomainsToCertificate "
       "-ResultSize."},
      {"x -RequireTls",
       "Missing an argument for parameter 'RequireTls'. Specify a parameter of type Boolean and "
       "try again."},
      {"x -RequireTls maybe",
       "Cannot bind parameter 'RequireTls': cannot convert value \"maybe\" to type Boolean. "
       "Boolean parameters accept only $true, $false, 1 and 0."},
      {"x y", "A positional parameter cannot be found that accepts argument 'y'."},
      {"x -Name y",
       "Cannot bind parameter because parameter 'Name' is specified more than once. For several "
       "values write '-Name value1,value2'."},
      {"-Force",
       "Cannot process command because of one or more missing mandatory parameters: Name."},
      {"''", "Cannot process command because of one or more missing mandatory parameters: Name."},
      {"x -ConnectorType Foreign",
       "Cannot bind parameter 'ConnectorType': \"Foreign\" is not one of the values that it "
       "accepts: Partner, OnPremises."},
      {"x -ConnectorType $null",
       "Cannot bind argument to parameter 'ConnectorType' because it is null."},
      {"x -RequireTls $null",
       "Cannot bind argument to parameter 'RequireTls' because it is null."},
      {"x -ResultSize 1.5",
       "Cannot bind parameter 'ResultSize': cannot convert value \"1.5\" to type Int32."},
      {"x -StartDate soon",
       "Cannot bind parameter 'StartDate': cannot convert value \"soon\" to type DateTime."},
      {"a,b", "Cannot bind parameter 'Name': cannot convert value \"a, b\" to type String."},
      {"x -SenderDomains @{Foo='a'}",
       "Cannot bind parameter 'SenderDomains': the hashtable has the name 'Foo', and only Add and "
       "Remove are known."},
      {"x { $_.A }", "A positional parameter cannot be found that accepts argument '{ … }'."},
  });
  for (const Case& test : cases) {
    CAPTURE(test.line);
    CHECK(bound(test.line) == test.wanted);
  }
}
