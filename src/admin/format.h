// Prints values as PowerShell prints objects.
//
//   Identity RejectDirectSend                  Name          : printers
//   -------- ----------------                  SenderDomains : {smtp:*;1}
//   contoso              True                  Enabled       : True
//
// Objects of at most four properties become a table, others a list; what some cmdlets return
// has columns of its own (AcceptedDomain, MessageTraceV2 …). Numbers and truth values stand on
// the right. Text goes through printable(), so that nothing a stranger wrote in a Subject or
// HELO can move the cursor of the administrator's terminal.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "admin/value.h"

namespace postern::admin {

/// The width of an output that is not a terminal: nothing is cut.
inline constexpr std::size_t unlimited_width = 0;

/// Control characters, also those of Unicode's C1 block, become `?`; line breaks a blank.
std::string printable(std::string_view text);

/// A blank line, head, rows, a blank line. Empty `columns`: all properties of the first object.
std::string format_table(std::span<const Value> values, std::span<const std::string> columns,
                         std::size_t width);
/// Each object as `Name : value` lines. Empty `columns`: all properties.
std::string format_list(std::span<const Value> values, std::span<const std::string> columns);

/// What the shell shows at the end of a pipeline: texts and numbers line by line, objects as said
/// above.
std::string format_output(std::span<const Value> values, std::size_t width);

/// The properties that `patterns` (`Name`, `*Domain*`) select from `object`, in the order of the
/// patterns; a plain name that does not exist stays, as an empty column.
std::vector<std::string> select_columns(const Object& object,
                                        std::span<const std::string> patterns);

/// With a head line; every field in quotation marks (RFC 4180).
std::vector<std::string> format_csv(std::span<const Value> values, char delimiter);

}  // namespace postern::admin
