#include "admin/powershell_literal.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>

#include "base/ascii.h"

namespace postern::admin {
namespace {

Result<Value> parse_item(PowerShellLexer& lexer);

/// Moves what stands in a list into `out`; any other value becomes one entry.
void append(List& out, Value value) {
  if (List* items = value.get<List>()) {
    for (Value& item : *items) out.push_back(std::move(item));
  } else {
    out.push_back(std::move(value));
  }
}

/// After `@(`.
Result<Value> parse_array(PowerShellLexer& lexer) {
  List items;
  for (;;) {
    lexer.skip_blanks_and_lines();
    while (lexer.take(';')) lexer.skip_blanks_and_lines();
    if (lexer.take(')')) return items;
    if (lexer.at_end()) return lexer.fail("The array that begins with @( is not closed.");
    Result<Value> value = parse_value(lexer);
    if (!value) return value;
    append(items, std::move(*value));
  }
}

Result<std::string> parse_key(PowerShellLexer& lexer) {
  if (lexer.at_quote()) return lexer.take_string();
  Result<std::string> key = lexer.take_word(PowerShellLexer::Equals::ends_word);
  if (key && key->empty()) return lexer.fail("A name is missing in the hashtable.");
  return key;
}

/// After `@{`.
Result<Value> parse_hashtable(PowerShellLexer& lexer) {
  Object entries;
  for (;;) {
    lexer.skip_blanks_and_lines();
    while (lexer.take(';')) lexer.skip_blanks_and_lines();
    if (lexer.take('}')) return entries;
    if (lexer.at_end()) return lexer.fail("The hashtable that begins with @{ is not closed.");
    const Result<std::string> key = parse_key(lexer);
    if (!key) return std::unexpected(key.error());
    if (entries.find(*key) != nullptr) {
      return lexer.fail(fmt::format("The name '{}' stands twice in the hashtable.", *key));
    }
    lexer.skip_blanks();
    if (!lexer.take('=')) return lexer.fail(fmt::format("'=' is missing after '{}'.", *key));
    lexer.skip_blanks_and_lines();
    Result<Value> value = parse_value(lexer);
    if (!value) return value;
    entries.set(*key, std::move(*value));
  }
}

/// `.AddDays(-2)` and its like after `(Get-Date)`.
Result<Value> parse_date_methods(PowerShellLexer& lexer, Time time) {
  while (lexer.take('.')) {
    const std::string method = lexer.take_name();
    lexer.skip_blanks();
    if (!lexer.take('(')) return lexer.fail("A bracket ( is missing after the method.");
    lexer.skip_blanks();
    const Result<std::string> text = lexer.take_word();
    if (!text) return std::unexpected(text.error());
    lexer.skip_blanks();
    if (!lexer.take(')')) return lexer.fail("A closing bracket ) is missing.");
    if (iequals(method, "ToUniversalTime") && text->empty()) continue;

    const double unit = iequals(method, "AddDays")      ? 86400
                        : iequals(method, "AddHours")   ? 3600
                        : iequals(method, "AddMinutes") ? 60
                        : iequals(method, "AddSeconds") ? 1
                                                        : 0;
    if (unit == 0) {
      return lexer.fail("Of a date only AddDays, AddHours, AddMinutes and AddSeconds are known.");
    }
    const auto number = Value(*text).to_number();
    constexpr double century = 100.0 * 366 * 86400;
    if (!number || !(std::abs(*number * unit) < century)) {
      return lexer.fail(fmt::format("{} needs a number.", method));
    }
    time += std::chrono::microseconds(std::llround(*number * unit * 1e6));
  }
  return time;
}

/// `(Get-Date)`, consumed; its methods are not.
bool take_date(PowerShellLexer& lexer) {
  PowerShellLexer attempt = lexer;
  if (!attempt.take('(')) return false;
  attempt.skip_blanks_and_lines();
  const Result<std::string> word = attempt.take_word();
  if (!word || !iequals(*word, "Get-Date")) return false;
  attempt.skip_blanks_and_lines();
  if (!attempt.take(')')) return false;
  lexer = attempt;
  return true;
}

/// After `(`.
Result<Value> parse_bracketed(PowerShellLexer& lexer) {
  lexer.skip_blanks_and_lines();
  Result<Value> value = parse_value(lexer);
  if (!value) return value;
  lexer.skip_blanks_and_lines();
  if (lexer.take(')')) return value;
  return lexer.fail("A closing bracket ) is missing; a command in brackets cannot be an argument.");
}

Result<Value> parse_variable(PowerShellLexer& lexer) {
  const std::string name = lexer.take_variable();
  if (name == "$true") return true;
  if (name == "$false") return false;
  if (name == "$null") return Value();
  if (name == "$_" || name == "$psitem") {
    return lexer.fail("$_ has a meaning only in the condition of Where-Object.");
  }
  return lexer.fail("Variables are not supported: " + name + ".");
}

Result<Value> parse_compound(PowerShellLexer& lexer) {
  if (lexer.take('(')) return parse_bracketed(lexer);
  lexer.take('@');
  if (lexer.take('(')) return parse_array(lexer);
  lexer.take('{');
  return parse_hashtable(lexer);
}

/// `(`, `@(` or `@{`.
bool at_compound(const PowerShellLexer& lexer) {
  PowerShellLexer attempt = lexer;
  if (attempt.take('(')) return true;
  return attempt.take('@') && (attempt.peek() == '(' || attempt.peek() == '{');
}

Result<Value> parse_item(PowerShellLexer& lexer) {
  if (take_date(lexer)) return parse_date_methods(lexer, lexer.now());
  if (at_compound(lexer)) {
    if (!lexer.enter()) return lexer.fail("The brackets are nested too deeply.");
    Result<Value> value = parse_compound(lexer);
    lexer.leave();
    return value;
  }
  if (lexer.peek() == '$') return parse_variable(lexer);
  if (lexer.at_quote()) {
    Result<std::string> text = lexer.take_string();
    if (!text) return std::unexpected(text.error());
    return std::move(*text);
  }
  Result<std::string> word = lexer.take_word();
  if (!word) return std::unexpected(word.error());
  if (word->empty()) return lexer.fail("A value is missing.");
  return word_value(std::move(*word));
}

}  // namespace

bool at_date(PowerShellLexer lexer) {
  return take_date(lexer);
}

Result<Value> parse_value(PowerShellLexer& lexer) {
  Result<Value> first = parse_item(lexer);
  if (!first) return first;
  List items;
  for (;;) {
    PowerShellLexer attempt = lexer;
    attempt.skip_blanks();
    if (!attempt.take(',')) break;
    attempt.skip_blanks_and_lines();
    lexer = attempt;
    if (items.empty()) append(items, std::move(*first));
    Result<Value> next = parse_item(lexer);
    if (!next) return next;
    append(items, std::move(*next));
  }
  if (items.empty()) return first;
  return items;
}

}  // namespace postern::admin
