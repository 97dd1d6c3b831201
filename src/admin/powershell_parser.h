// The useful part of PowerShell's grammar: cmdlets, their arguments, and pipes.
//
//   Set-InboundConnector 'Printer room' -SenderIPAddresses @{Add='192.0.2.7'}   # comment
//   Get-MessageTraceV2 -StartDate (Get-Date).AddDays(-2) | Where-Object { $_.Status -eq 'Failed' }
//   (Get-OrganizationConfig).RejectDirectSend
//
//   script    = [pipeline] *( separator pipeline )            separator = ";" / line end
//   pipeline  = head *( "|" command )
//   head      = command / "(" pipeline ")" *( "." property )
//   command   = name *( "-" parameter [":" value] / value / "{" condition "}" )
//
// Whether the value after a parameter belongs to it, only the command knows (a switch takes
// none): so a command is given as its elements in order, and binding.h puts them together.
// Pure: text in, value out. There are no variables, and nothing here runs anything.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/powershell_expression.h"
#include "admin/value.h"
#include "base/result.h"
#include "base/time.h"

namespace postern::admin {

/// One element of a command: `-Name`, `-Name:value`, a value, or a condition in braces.
struct Element {
  std::string parameter;       ///< without the dash; empty: not a parameter
  std::optional<Value> value;  ///< of a parameter only where a colon joins it
  std::shared_ptr<const Expression> condition;
};

struct CommandLine {
  std::string name;
  std::vector<Element> elements;
};

/// At least one command.
using Pipeline = std::vector<CommandLine>;

/// All of `text`; empty where there is nothing but blanks and comments. An error tells line and
/// character. `now` is what (Get-Date) stands for.
Result<std::vector<Pipeline>> parse_script(std::string_view text, Time now);

/// Does `text` stop within a string, brackets, or after a pipe or backtick, so that the shell
/// should ask for a further line?
bool wants_more(std::string_view text);

}  // namespace postern::admin
