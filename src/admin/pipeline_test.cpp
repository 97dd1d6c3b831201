#include "admin/pipeline.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "admin/format.h"

using namespace postern;
using namespace postern::admin;

namespace {

std::vector<Value> messages() {
  return {
      Object{{"Recipient", "ann@contoso.com"}, {"Size", 2048}, {"Status", "Delivered"}},
      Object{{"Recipient", "bob@contoso.com"}, {"Size", 100}, {"Status", "Failed"}},
      Object{{"Recipient", "cy@contoso.com"}, {"Size", 30000}, {"Status", "failed"}},
  };
}

/// What the shell prints for `messages | line`.
std::string printed(std::string_view line, std::vector<Value> values = messages(),
                    std::size_t width = unlimited_width) {
  const auto script = parse_script(line, {});
  REQUIRE_MESSAGE(script, script.error().message);
  for (const CommandLine& command : script->front()) {
    const CommandSpec* spec = find_pipeline_command(command.name);
    REQUIRE(spec != nullptr);
    auto output = run_pipeline_command(*spec, command.elements, std::move(values), width);
    if (!output) return output.error().message;
    values = std::move(*output);
  }
  return format_output(values, width);
}

}  // namespace

TEST_CASE("objects of few properties print as a table, numbers and truth on the right") {
  CHECK(printed("Select-Object Recipient, Size -First 2") == R"(
Recipient       Size
---------       ----
ann@contoso.com 2048
bob@contoso.com  100

)");
  CHECK(printed("select *", {Object{{"Identity", "contoso"}, {"RejectDirectSend", true}}}) == R"(
Identity RejectDirectSend
-------- ----------------
contoso              True

)");
}

TEST_CASE("what some cmdlets return has columns of its own") {
  Object domain = {{"Name", "contoso.com"},         {"Identity", "contoso.com"},
                   {"DomainName", "contoso.com"},   {"Default", true},
                   {"DomainType", "Authoritative"}, {"NextHop", "maildir:mail"}};
  domain.kind = "AcceptedDomain";
  CHECK(printed("where Default", {domain}) == R"(
Name        DomainName  DomainType    Default MatchSubDomains
----        ----------  ----------    ------- ---------------
contoso.com contoso.com Authoritative    True

)");
  Object summary = {{"Added", 1}, {"AlreadyThere", 2}};
  summary.kind = "Recipient";
  CHECK(printed("where Added", {summary}) == R"(
Added AlreadyThere
----- ------------
    1            2

)");
}

TEST_CASE("objects of more than four properties print as a list") {
  const Object connector = {{"Name", "printers"},
                            {"SenderDomains", List{"smtp:*;1", "smtp:a.test;1"}},
                            {"SenderIPAddresses", List{}},
                            {"Enabled", true},
                            {"Comment", Value()}};
  CHECK(format_output(std::vector<Value>{connector}, unlimited_width) == R"(
Name              : printers
SenderDomains     : {smtp:*;1, smtp:a.test;1}
SenderIPAddresses : {}
Enabled           : True
Comment           :

)");
}

TEST_CASE("a table is cut to the terminal") {
  CHECK(printed("ft Recipient, Status", messages(), 20) == R"(
Recipient  Status
---------  ------
ann@conto… Delivered
bob@conto… Failed
cy@contos… failed

)");
}

TEST_CASE("text of strangers cannot steer the terminal") {
  CHECK(printed("select Subject", {Object{{"Subject",
                                           "a\x1b[2Jb\r\nc\xc2\x9b"
                                           "d"}}}) == R"(
Subject
-------
a?[2Jb  c?d

)");
}

TEST_CASE("properties and objects are chosen") {
  CHECK(printed("Select -Expand Recipient") ==
        "ann@contoso.com\nbob@contoso.com\ncy@contoso.com\n");
  CHECK(printed("Select -Exp Nothing") == "Property \"Nothing\" cannot be found.");
  CHECK(printed("Select -First 1 -Expand Size") == "2048\n");
  CHECK(printed("Select -Last 1 -Expand Size") == "30000\n");
  CHECK(printed("Select -Skip 1 -First 1 -Expand Size") == "100\n");
  CHECK(printed("Where-Object { $_.Size -gt 1000 } | Select -Expand Size") == "2048\n30000\n");
  CHECK(printed("where Status -eq failed | select -exp Size") == "100\n30000\n");
  CHECK(printed("? Size -gt 5kb | select -exp Size") == "30000\n");
  CHECK(printed("where -not Nothing | measure | select -exp Count") == "3\n");
  CHECK(printed("where") ==
        "Where-Object needs a condition: { $_.Property -eq 'value' } or Property -eq value.");
  CHECK(printed("Select Status -Unique | select -exp Status") == "Delivered\nFailed\nfailed\n");
  CHECK(printed("Select -Foo") == "A parameter cannot be found that matches parameter name 'Foo'.");
}

TEST_CASE("objects are sorted, counted and grouped") {
  CHECK(printed("Sort-Object Size | Select -Expand Size") == "100\n2048\n30000\n");
  CHECK(printed("Sort Size -Desc | Select -Expand Size") == "30000\n2048\n100\n");
  CHECK(printed("Sort Status, Size | Select -Expand Size") == "2048\n100\n30000\n");
  CHECK(printed("Measure-Object Size -Sum -Average -Min -Max") == R"(
Count    : 3
Average  : 10716
Sum      : 32148
Maximum  : 30000
Minimum  : 100
Property : Size

)");
  CHECK(printed("Group-Object Status -NoElement") == R"(
Count Name
----- ----
    1 Delivered
    2 Failed

)");
}

TEST_CASE("objects become JSON and CSV") {
  CHECK(printed("select Recipient, Size -First 1 | ConvertTo-Json") == R"({
  "Recipient": "ann@contoso.com",
  "Size": 2048
}
)");
  CHECK(printed("select Size | ConvertTo-Json -Compress") ==
        "[{\"Size\":2048},{\"Size\":100},{\"Size\":30000}]\n");
  CHECK(printed("ConvertTo-Csv", {Object{{"A", "x \"y\""}, {"B", List{1, 2}}}}) ==
        "\"A\",\"B\"\n\"x \"\"y\"\"\",\"1, 2\"\n");
  CHECK(printed("Out-Null").empty());
}

TEST_CASE("Export-Csv writes and appends a file, and tells when it cannot") {
  char folder[] = "/tmp/postern-pipeline-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  const std::string path = std::string(folder) + "/trace.csv";
  CHECK(printed("select Size -First 1 | Export-Csv " + path).empty());
  CHECK(printed("select Size -Last 1 | Export-Csv -Append -Path " + path).empty());
  std::ostringstream content;
  content << std::ifstream(path).rdbuf();
  CHECK(content.str() == "\"Size\"\n\"2048\"\n\"30000\"\n");
  std::filesystem::remove_all(folder);
  CHECK(printed("Export-Csv " + path).contains("Cannot write the file " + path));
}
