// The cmdlets that work on objects in the client: Select-Object, Where-Object, Sort-Object,
// Measure-Object, Group-Object, Format-Table, Format-List, ConvertTo-Json, ConvertTo-Csv,
// Export-Csv, Out-Null.
//
// Each takes the objects before the pipe and gives those after it. What formats gives one text,
// which the end of the pipeline prints as it is.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "admin/command_spec.h"
#include "admin/powershell_parser.h"
#include "admin/value.h"
#include "base/result.h"

namespace postern::admin {

std::span<const CommandSpec> pipeline_commands();

/// By name or alias, in any case; null: none of these.
const CommandSpec* find_pipeline_command(std::string_view name);

/// `width` is that of the terminal, for Format-Table. Export-Csv writes its file.
Result<std::vector<Value>> run_pipeline_command(const CommandSpec& command,
                                                const std::vector<Element>& elements,
                                                std::vector<Value> input, std::size_t width);

}  // namespace postern::admin
