#include "admin/powershell_parser.h"

#include <doctest/doctest.h>

#include <array>

using namespace postern;
using namespace postern::admin;

namespace {

const Time noon = *parse_iso("2025-06-13T12:00:00Z");

/// `Name [-Parameter] value …`, lists in {}, so that a case is one line.
std::string show(const Pipeline& pipeline) {
  std::string text;
  for (const CommandLine& command : pipeline) {
    if (!text.empty()) text += " | ";
    text += command.name;
    for (const Element& element : command.elements) {
      if (!element.parameter.empty()) text += " -" + element.parameter;
      if (element.parameter.empty() || element.value) text += element.parameter.empty() ? " " : ":";
      if (element.condition) text += "{}";
      if (!element.value) continue;
      const Value& value = *element.value;
      if (value.is_null()) text += "null";
      text += value.get<List>() ? "{" + value.to_text() + "}" : value.to_text();
    }
  }
  return text;
}

std::string parsed(std::string_view line) {
  const auto script = parse_script(line, noon);
  if (!script) return "error: " + script.error().message;
  std::string text;
  for (const Pipeline& pipeline : *script) text += (text.empty() ? "" : " ; ") + show(pipeline);
  return text;
}

}  // namespace

TEST_CASE("cmdlet lines are read as PowerShell reads them") {
  struct Case {
    std::string_view line, wanted;
  };
  const auto cases = std::to_array<Case>({
      {"Get-OrganizationConfig", "Get-OrganizationConfig"},
      {"Set-OrganizationConfig -RejectDirectSend $true",
       "Set-OrganizationConfig -RejectDirectSend True"},
      {"set-organizationconfig -reject:$FALSE", "set-organizationconfig -reject:False"},
      {"Get-OrganizationConfig | Select-Object Identity, RejectDirectSend",
       "Get-OrganizationConfig | Select-Object {Identity, RejectDirectSend}"},
      {"Get-OrganizationConfig | Select -Expand RejectDirectSend",
       "Get-OrganizationConfig | Select -Expand RejectDirectSend"},
      {"New-X 'it''s' \"a `\"b`\" \"\"c\"\"\"", "New-X it's a \"b\" \"c\""},
      {"X -SenderDomains *", "X -SenderDomains *"},
      {"X -SenderDomains *.example.com,b.test", "X -SenderDomains {*.example.com, b.test}"},
      {"X a, b ,c", "X {a, b, c}"},
      {"X @('a','b') @()", "X {a, b} {}"},
      {"X @('a'\n'b', 'c')", "X {a, b, c}"},
      {"X @{Add='a','b'; Remove=c}", "X @{Add=a, b; Remove=c}"},
      {"X @{\n  Add = 'a'\n  Remove = @('b')\n}", "X @{Add=a; Remove=b}"},
      {"X 10 -5 2.5 007 1.10", "X 10 -5 2.5 007 1.10"},
      {"X ann@contoso.com 2001:db8::1 192.0.2.0/24", "X ann@contoso.com 2001:db8::1 192.0.2.0/24"},
      {"X $null", "X null"},
      {"X # the rest", "X"},
      {"X <# in # between #> y", "X y"},
      {"X a#b", "X a#b"},
      {"X `\n  -Name y", "X -Name y"},
      {"A; B\nC", "A ; B ; C"},
      {"A |\n  B\n  | C", "A | B | C"},
      {"", ""},
      {" # nothing\n", ""},
      {"(Get-A -B c).Name", "Get-A -B c | Select-Object -ExpandProperty Name"},
      {"X -StartDate (Get-Date).AddDays(-2)", "X -StartDate 2025-06-11T12:00:00.000Z"},
      {"X (Get-Date).AddHours(1.5).ToUniversalTime()", "X 2025-06-13T13:30:00.000Z"},
      {"X ('a', 'b')", "X {a, b}"},
      {"X \"caf\xc3\xa9 `u{20ac} `$5 `t|\"", "X caf\xc3\xa9 \xe2\x82\xac $5 \t|"},
      // From a web page: en dash, typographic quotes, no-break space.
      {"X \xe2\x80\x93Name\xc2\xa0\xe2\x80\x9c"
       "a b\xe2\x80\x9d \xe2\x80\x98"
       "c\xe2\x80\x99",
       "X -Name a b c"},
      {"X -Filter { $_.A -eq 1 }", "X -Filter {}"},
      {"X Name='a b'", "X Name=a b"},
      {"\xef\xbb\xbfX", "X"},
  });
  for (const Case& test : cases) {
    CAPTURE(test.line);
    CHECK(parsed(test.line) == test.wanted);
  }
}

TEST_CASE("what cannot be understood is told with its place") {
  struct Case {
    std::string_view line, wanted;
  };
  const auto cases = std::to_array<Case>({
      {"X 'a", "Line 1, character 5: The string that begins with ' is not closed."},
      {"A\nX \"b", "Line 2, character 5: The string that begins with \" is not closed."},
      {"X |", "Line 1, character 4: The name of a cmdlet is missing."},
      {"| X", "Line 1, character 1: The name of a cmdlet is missing."},
      {"X a,", "Line 1, character 5: A value is missing."},
      {"X @(a", "Line 1, character 6: The array that begins with @( is not closed."},
      {"X @{A", "Line 1, character 6: '=' is missing after 'A'."},
      {"X @{A=1;a=2}", "Line 1, character 10: The name 'a' stands twice in the hashtable."},
      {"X $name", "Line 1, character 8: Variables are not supported: $name."},
      {"X \"$name\"",
       "Line 1, character 4: Variables in a string are not supported; write `$ for a dollar sign."},
      {"X > file", "Line 1, character 3: '>' is not supported here; put text with it in quotes."},
      {"X )", "Line 1, character 3: ')' is not expected here."},
      {"X { $_.A -eq }", "Line 1, character 14: A value is missing."},
      {"X { $_.A -foo 1 }", "Line 1, character 14: -foo is not an operator that is known here."},
      {"X { $_.A -match '[' }",
       "Line 1, character 20: The regular expression cannot be understood."},
      {"X { 1", "Line 1, character 6: The condition that begins with { is not closed by }."},
      {"X (Get-Date).AddFoo(1)",
       "Line 1, character 23: Of a date only AddDays, AddHours, AddMinutes and AddSeconds are "
       "known."},
  });
  for (const Case& test : cases) {
    CAPTURE(test.line);
    CHECK(parsed(test.line) == "error: " + std::string(test.wanted));
  }
}

TEST_CASE("nesting is bounded") {
  CHECK(parsed("X " + std::string(100'000, '(')).contains("nested too deeply"));
  CHECK(parsed(std::string(100'000, '(')).contains("nested too deeply"));
  std::string arrays = "X ";
  for (int i = 0; i < 10'000; ++i) arrays += "@(";
  CHECK(parsed(arrays).contains("nested too deeply"));
  std::string condition = "X { ";
  for (int i = 0; i < 10'000; ++i) condition += "-not ";
  CHECK(parsed(condition).contains("nested too deeply"));
  std::string chain = "X { 1";
  for (int i = 0; i < 10'000; ++i) chain += " -and 1";
  CHECK(parsed(chain + "}").contains("too many operators"));
}

TEST_CASE("the shell asks for a further line when one is open") {
  CHECK(wants_more("X 'a"));
  CHECK(wants_more("X @{Add='a'"));
  CHECK(wants_more("Get-X |"));
  CHECK(wants_more("X `"));
  CHECK_FALSE(wants_more("Get-X"));
  CHECK_FALSE(wants_more("X )"));
  CHECK_FALSE(wants_more(""));
}
