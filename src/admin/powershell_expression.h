// The conditions of Where-Object: `$_.Status -eq 'Failed' -and $_.Subject -like '*invoice*'`.
//
//   expression = operation *( ("-and" / "-or" / "-xor") operation )
//   operation  = operand [ ("-eq" / "-like" / "-in" / …) operand ]
//   operand    = ("-not" / "!") operand / "(" expression ")" / "$_" *( "." name ) / value
//
// As in PowerShell -and, -or and -xor bind equally and from the left, text compares without
// regard to case, and a list on the left side is filtered.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "admin/powershell_lexer.h"
#include "admin/value.h"
#include "base/result.h"

namespace postern::admin {

enum class Operator {
  eq,
  ne,
  gt,
  ge,
  lt,
  le,
  like,
  notlike,
  match,
  notmatch,
  contains,
  notcontains,
  in,
  notin,
  and_,
  or_,
  xor_
};

struct Expression {
  enum class Kind { literal, item, negation, operation };
  Kind kind = Kind::literal;
  Value literal;
  /// For an item: the names after `$_`, outermost first.
  std::vector<std::string> members;
  Operator operation = Operator::eq;
  std::shared_ptr<const Expression> left;
  std::shared_ptr<const Expression> right;
};

/// `eq`, `ieq`, `And` …; nothing for what is not an operator.
std::optional<Operator> find_operator(std::string_view name);

/// Reads up to what cannot continue an expression, such as `}`.
Result<std::shared_ptr<const Expression>> parse_expression(PowerShellLexer& lexer);

/// `item` is what `$_` stands for. A member that does not exist is null.
Value evaluate(const Expression& expression, const Value& item);

}  // namespace postern::admin
