// Puts what was written together with what the cmdlet takes: names completed, values converted,
// what is missing or too much told in PowerShell's words.
//
// Two steps. The command line's elements become named values (bind_elements); the client sends
// these as JSON, and posternd checks and converts named values (bind_values), wherever they
// came from: it trusts no client.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "admin/command_spec.h"
#include "admin/powershell_parser.h"
#include "admin/value.h"
#include "base/result.h"

namespace postern::admin {

/// The parameter with that name, or the only one that begins so, in any case of letters.
Result<const ParameterSpec*> find_parameter(const CommandSpec& command, std::string_view name);

struct BoundElements {
  /// By the parameters' full names, values as written.
  Object values;
  /// The condition in braces, for parameters of that type.
  std::shared_ptr<const Expression> condition;
};

/// Parameters and their arguments; unnamed values go to the parameters with a position.
Result<BoundElements> bind_elements(const CommandSpec& command,
                                    const std::vector<Element>& elements);

/// Full names, each value of its parameter's type: text, bool, whole number, Time, List of text,
/// or Object with Add and Remove, each a List of text. Null stays null: it empties a parameter.
/// Parameters without effect are dropped.
Result<Object> bind_values(const CommandSpec& command, const Object& given);

}  // namespace postern::admin
