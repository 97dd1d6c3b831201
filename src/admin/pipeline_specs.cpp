// The names and parameters of the pipeline's cmdlets; pipeline.cpp does their work.
#include <algorithm>
#include <array>

#include "admin/pipeline.h"
#include "admin/session_commands.h"
#include "base/ascii.h"

namespace postern::admin {
namespace {

using enum ParameterType;

constexpr ParameterSpec select_parameters[] = {
    {"Property", list, "Names of the properties to keep; * and ? are wildcards.", 0},
    {"ExpandProperty", text, "Gives the values of this property instead of objects."},
    {"ExcludeProperty", list, "Names of the properties to leave out."},
    {"First", number, "Only that many from the beginning."},
    {"Last", number, "Only that many from the end."},
    {"Skip", number, "Leaves out that many at the beginning."},
    {"Unique", switch_, "Leaves out what is the same as one before."},
};
constexpr ParameterSpec where_parameters[] = {
    {"FilterScript", condition, "Keeps the objects for which it is true.", 0},
    {"Property", text,
     "Short form: property, operator, value, as in `Where-Object Status -eq Failed`.", 1},
    {"Value", any, "What the property is compared with.", 2},
};
constexpr ParameterSpec sort_parameters[] = {
    {"Property", list, "What to sort by, the most important first.", 0},
    {"Descending", switch_, "The largest first."},
    {"Unique", switch_, "Of those that are equal only one."},
};
constexpr ParameterSpec measure_parameters[] = {
    {"Property", list, "The properties to add up.", 0},
    {"Sum", switch_, "The sum of the values."},
    {"Average", switch_, "Their mean."},
    {"Minimum", switch_, "The smallest."},
    {"Maximum", switch_, "The largest."},
};
constexpr ParameterSpec group_parameters[] = {
    {"Property", list, "Objects with the same values of these form one group.", 0},
    {"NoElement", switch_, "Leaves out the objects themselves."},
};
constexpr ParameterSpec format_table_parameters[] = {
    {"Property", list, "Columns; * and ? are wildcards.", 0},
    {"AutoSize", switch_, "Accepted: columns are always as wide as needed."},
    {"Wrap", switch_, "Cuts no column."},
};
constexpr ParameterSpec format_list_parameters[] = {
    {"Property", list, "Properties; * and ? are wildcards.", 0},
};
constexpr ParameterSpec json_parameters[] = {
    {"Compress", switch_, "Without line breaks and blanks."},
    {"Depth", number, "Accepted, has no effect: nothing is cut."},
    {"AsArray", switch_, "An array also for one object."},
};
constexpr ParameterSpec csv_parameters[] = {
    {"Delimiter", text, "The character between fields.", named, false, ","},
    {"NoTypeInformation", switch_, "Accepted: there is none."},
};
constexpr ParameterSpec export_parameters[] = {
    {"Path", text, "The file, on the client's disk.", 0, true},
    {"Delimiter", text, "The character between fields.", named, false, ","},
    {"Append", switch_, "Adds to the file, without the head line."},
    {"NoTypeInformation", switch_, "Accepted: there is none."},
    {"Encoding", text, "Accepted: always UTF-8."},
    {"Force", switch_, "Accepted, has no effect."},
};

using enum CommandKind;

constexpr std::array<CommandSpec, 11> specs = {{
    {"Select-Object", client, "Chooses properties or objects.", select_parameters, "Select",
     "Get-OrganizationConfig | Select-Object Identity, RejectDirectSend\n"
     "Get-OrganizationConfig | Select -Expand RejectDirectSend"},
    {"Where-Object", client, "Keeps the objects that meet a condition.", where_parameters,
     "Where|?",
     "Get-MessageTraceV2 | Where-Object { $_.Decision -eq 'Reject' -and $_.Reply -like '*5.7.68*' "
     "}\n"
     "Get-InboundConnector | where Enabled -eq $false"},
    {"Sort-Object", client, "Sorts objects.", sort_parameters, "Sort",
     "Get-MessageTraceV2 | Sort-Object Size -Descending | Select-Object -First 10"},
    {"Measure-Object", client, "Counts and adds up.", measure_parameters, "Measure",
     "Get-MessageTraceV2 | Measure-Object Size -Sum -Maximum"},
    {"Group-Object", client, "Counts objects by the values of properties.", group_parameters,
     "Group",
     "Get-MessageTraceV2 | Group-Object FromIP -NoElement | Sort-Object Count -Descending"},
    {"Format-Table", client, "Prints a table.", format_table_parameters, "ft",
     "Get-InboundConnector | ft Name, Enabled, *IP*"},
    {"Format-List", client, "Prints one property a line.", format_list_parameters, "fl",
     "Get-InboundConnector printers | fl *"},
    {"ConvertTo-Json", client, "Prints JSON.", json_parameters, "",
     "Get-InboundConnector | ConvertTo-Json"},
    {"ConvertTo-Csv", client, "Prints lines of comma-separated values.", csv_parameters, "",
     "Get-AcceptedDomain | ConvertTo-Csv"},
    {"Export-Csv", client, "Writes a file of comma-separated values.", export_parameters, "epcsv",
     "Get-MessageTraceV2 -ResultSize 5000 | Export-Csv trace.csv"},
    {"Out-Null", client, "Prints nothing.", {}, "", "Remove-Recipient ann@contoso.com | Out-Null"},
}};

}  // namespace

std::span<const CommandSpec> pipeline_commands() {
  return specs;
}

const CommandSpec* find_pipeline_command(std::string_view name) {
  const auto found = std::ranges::find_if(specs, [&](const CommandSpec& command) {
    return iequals(command.name, name) || has_alias(command.aliases, name);
  });
  return found == specs.end() ? nullptr : &*found;
}

}  // namespace postern::admin
