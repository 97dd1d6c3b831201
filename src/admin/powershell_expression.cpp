#include "admin/powershell_expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <regex>

#include "admin/powershell_literal.h"
#include "base/ascii.h"
#include "base/wildcard.h"

namespace postern::admin {
namespace {

using ExpressionPointer = std::shared_ptr<const Expression>;

struct OperatorName {
  std::string_view name;
  Operator operation;
};
constexpr std::array<OperatorName, 17> operator_names = {{
    {"eq", Operator::eq},
    {"ne", Operator::ne},
    {"gt", Operator::gt},
    {"ge", Operator::ge},
    {"lt", Operator::lt},
    {"le", Operator::le},
    {"like", Operator::like},
    {"notlike", Operator::notlike},
    {"match", Operator::match},
    {"notmatch", Operator::notmatch},
    {"contains", Operator::contains},
    {"notcontains", Operator::notcontains},
    {"in", Operator::in},
    {"notin", Operator::notin},
    {"and", Operator::and_},
    {"or", Operator::or_},
    {"xor", Operator::xor_},
}};

bool is_logical(Operator operation) {
  return operation == Operator::and_ || operation == Operator::or_ || operation == Operator::xor_;
}

ExpressionPointer make_operation(Operator operation, ExpressionPointer left,
                                 ExpressionPointer right) {
  auto made = std::make_shared<Expression>();
  made->kind = Expression::Kind::operation;
  made->operation = operation;
  made->left = std::move(left);
  made->right = std::move(right);
  return made;
}

ExpressionPointer make_literal(Value value) {
  auto made = std::make_shared<Expression>();
  made->literal = std::move(value);
  return made;
}

bool matches_pattern(const std::string& text, const std::string& pattern) {
  try {
    return std::regex_search(text, std::regex(pattern, std::regex::ECMAScript | std::regex::icase));
  } catch (const std::regex_error&) {
    return false;  // The pattern was tried when it was read: this text is too much for it.
  }
}

/// A pattern that std::regex refuses is told of at once, not at the first object.
bool is_pattern(const std::string& pattern) {
  try {
    const std::regex tried(pattern);
    return true;
  } catch (const std::regex_error&) {
    return false;
  }
}

bool list_contains(const Value& list, const Value& wanted) {
  const auto equals = [&](const Value& item) { return compare(item, wanted) == 0; };
  if (const List* items = list.get<List>()) return std::ranges::any_of(*items, equals);
  return equals(list);
}

/// One value against another; logical operators and lists on the left are dealt with before.
bool holds(Operator operation, const Value& left, const Value& right) {
  const auto order = [&] { return compare(left, right); };
  switch (operation) {
    case Operator::eq:
      return order() == 0;
    case Operator::ne:
      return order() != 0;
    case Operator::gt:
      return order() == 1;
    case Operator::ge:
      return order().value_or(-1) >= 0;
    case Operator::lt:
      return order() == -1;
    case Operator::le:
      return order().value_or(1) <= 0;
    case Operator::like:
      return matches_wildcard(left.to_text(), right.to_text());
    case Operator::notlike:
      return !matches_wildcard(left.to_text(), right.to_text());
    case Operator::match:
      return matches_pattern(left.to_text(), right.to_text());
    case Operator::notmatch:
      return !matches_pattern(left.to_text(), right.to_text());
    case Operator::contains:
      return list_contains(left, right);
    case Operator::notcontains:
      return !list_contains(left, right);
    case Operator::in:
      return list_contains(right, left);
    case Operator::notin:
      return !list_contains(right, left);
    case Operator::and_:
      return left.is_true() && right.is_true();
    case Operator::or_:
      return left.is_true() || right.is_true();
    case Operator::xor_:
      return left.is_true() != right.is_true();
  }
  std::abort();  // A number that was never an Operator: our bug.
}

bool filters_lists(Operator operation) {
  return !is_logical(operation) && operation != Operator::contains &&
         operation != Operator::notcontains && operation != Operator::in &&
         operation != Operator::notin;
}

Result<ExpressionPointer> parse_operand(PowerShellLexer& lexer);

Result<std::optional<Operator>> take_operator(PowerShellLexer& lexer) {
  lexer.skip_blanks_and_lines();
  const auto name = lexer.take_parameter();
  if (!name) return std::nullopt;
  const auto operation = find_operator(*name);
  if (!operation)
    return lexer.fail(fmt::format("-{} is not an operator that is known here.", *name));
  return operation;
}

Result<ExpressionPointer> parse_negation(PowerShellLexer& lexer) {
  if (!lexer.enter()) return lexer.fail("The condition is nested too deeply.");
  Result<ExpressionPointer> operand = parse_operand(lexer);
  lexer.leave();
  if (!operand) return operand;
  auto made = std::make_shared<Expression>();
  made->kind = Expression::Kind::negation;
  made->left = std::move(*operand);
  return made;
}

Result<ExpressionPointer> parse_bracketed(PowerShellLexer& lexer) {
  if (!lexer.enter()) return lexer.fail("The condition is nested too deeply.");
  Result<ExpressionPointer> inner = parse_expression(lexer);
  lexer.leave();
  if (!inner) return inner;
  lexer.skip_blanks_and_lines();
  if (!lexer.take(')')) return lexer.fail("A closing bracket ) is missing.");
  return inner;
}

Result<ExpressionPointer> parse_operand(PowerShellLexer& lexer) {
  lexer.skip_blanks_and_lines();
  if (lexer.take('!')) return parse_negation(lexer);
  if (lexer.at_parameter()) {
    const auto name = lexer.take_parameter();
    if (iequals(*name, "not")) return parse_negation(lexer);
    return lexer.fail(fmt::format("A value is missing before -{}.", *name));
  }
  if (!at_date(lexer) && lexer.take('(')) return parse_bracketed(lexer);

  if (lexer.peek() == '$') {
    PowerShellLexer attempt = lexer;
    const std::string variable = attempt.take_variable();
    if (variable == "$_" || variable == "$psitem") {
      lexer = attempt;
      auto made = std::make_shared<Expression>();
      made->kind = Expression::Kind::item;
      while (lexer.take('.')) {
        made->members.push_back(lexer.take_name());
        if (made->members.back().empty())
          return lexer.fail("A property name is missing after the dot.");
      }
      return made;
    }
  }
  Result<Value> value = parse_value(lexer);
  if (!value) return std::unexpected(value.error());
  return make_literal(std::move(*value));
}

Result<ExpressionPointer> check_operation(const PowerShellLexer& lexer, ExpressionPointer made) {
  const bool pattern = made->operation == Operator::match || made->operation == Operator::notmatch;
  if (pattern && made->right->kind == Expression::Kind::literal &&
      !is_pattern(made->right->literal.to_text())) {
    return lexer.fail("The regular expression cannot be understood.");
  }
  return made;
}

}  // namespace

std::optional<Operator> find_operator(std::string_view name) {
  const auto find = [](std::string_view wanted) -> std::optional<Operator> {
    for (const OperatorName& known : operator_names) {
      if (iequals(known.name, wanted)) return known.operation;
    }
    return std::nullopt;
  };
  if (const auto found = find(name)) return found;
  // -ieq, -ilike: the spelling that says that case does not matter.
  return istarts_with(name, "i") ? find(name.substr(1)) : std::nullopt;
}

Result<ExpressionPointer> parse_expression(PowerShellLexer& lexer) {
  Result<ExpressionPointer> left = parse_operand(lexer);
  // A long chain becomes a deep tree, which evaluation walks: bounded like brackets.
  for (int length = 0; left; ++length) {
    const auto operation = take_operator(lexer);
    if (!operation) return std::unexpected(operation.error());
    if (!*operation) break;
    constexpr int max_operations = 100;
    if (length == max_operations) return lexer.fail("The condition has too many operators.");

    Result<ExpressionPointer> right = parse_operand(lexer);
    if (!right) return right;
    if (is_logical(**operation)) {
      // A comparison binds tighter than -and: take what belongs to the right side first.
      PowerShellLexer attempt = lexer;
      const auto next = take_operator(attempt);
      if (next && *next && !is_logical(**next)) {
        lexer = attempt;
        Result<ExpressionPointer> other = parse_operand(lexer);
        if (!other) return other;
        right =
            check_operation(lexer, make_operation(**next, std::move(*right), std::move(*other)));
        if (!right) return right;
      }
    }
    left = check_operation(lexer, make_operation(**operation, std::move(*left), std::move(*right)));
  }
  return left;
}

Value evaluate(const Expression& expression, const Value& item) {
  switch (expression.kind) {
    case Expression::Kind::literal:
      return expression.literal;
    case Expression::Kind::item: {
      const Value* value = &item;
      for (const std::string& member : expression.members) {
        const Object* object = value->get<Object>();
        value = object == nullptr ? nullptr : object->find(member);
        if (value == nullptr) return {};
      }
      return *value;
    }
    case Expression::Kind::negation:
      return !evaluate(*expression.left, item).is_true();
    case Expression::Kind::operation: {
      const Value left = evaluate(*expression.left, item);
      const Value right = evaluate(*expression.right, item);
      const List* list = left.get<List>();
      if (list == nullptr || !filters_lists(expression.operation)) {
        return holds(expression.operation, left, right);
      }
      List kept;
      for (const Value& each : *list) {
        if (holds(expression.operation, each, right)) kept.push_back(each);
      }
      return kept;
    }
  }
  std::abort();  // A number that was never a Kind: our bug.
}

}  // namespace postern::admin
