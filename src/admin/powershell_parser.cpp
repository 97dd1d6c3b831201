#include "admin/powershell_parser.h"

#include <fmt/format.h>

#include "admin/powershell_literal.h"
#include "base/ascii.h"

namespace postern::admin {
namespace {

Result<Element> parse_element(PowerShellLexer& lexer) {
  Element element;
  if (auto parameter = lexer.take_parameter()) {
    element.parameter = std::move(*parameter);
    if (!lexer.take(':')) return element;
    lexer.skip_blanks();
  } else if (lexer.take('{')) {
    auto condition = parse_expression(lexer);
    if (!condition) return std::unexpected(condition.error());
    lexer.skip_blanks_and_lines();
    if (!lexer.take('}')) return lexer.fail("The condition that begins with { is not closed by }.");
    element.condition = std::move(*condition);
    return element;
  }
  Result<Value> value = parse_value(lexer);
  if (!value) return std::unexpected(value.error());
  element.value = std::move(*value);
  return element;
}

bool ends_command(const PowerShellLexer& lexer) {
  const char c = lexer.peek();
  return lexer.at_end() || c == '|' || c == ';' || c == '\n' || c == '\r' || c == ')';
}

Result<CommandLine> parse_command(PowerShellLexer& lexer) {
  CommandLine command;
  Result<std::string> name = lexer.take_word();
  if (!name) return std::unexpected(name.error());
  if (name->empty()) return lexer.fail("The name of a cmdlet is missing.");
  command.name = std::move(*name);
  if (command.name.front() == '$') return lexer.fail("Variables are not supported.");

  for (;;) {
    lexer.skip_blanks();
    if (ends_command(lexer)) return command;
    Result<Element> element = parse_element(lexer);
    if (!element) return std::unexpected(element.error());
    command.elements.push_back(std::move(*element));
  }
}

Result<Pipeline> parse_pipeline(PowerShellLexer& lexer);

/// After `(`: what the brackets hold, and `.Name` as the pipe into Select-Object that it means.
Result<Pipeline> parse_bracketed_head(PowerShellLexer& lexer) {
  if (!lexer.enter()) return lexer.fail("The brackets are nested too deeply.");
  lexer.skip_blanks_and_lines();
  Result<Pipeline> pipeline = parse_pipeline(lexer);
  lexer.leave();
  if (!pipeline) return pipeline;
  lexer.skip_blanks_and_lines();
  if (!lexer.take(')')) return lexer.fail("A closing bracket ) is missing.");
  while (lexer.take('.')) {
    const std::string property = lexer.take_name();
    if (property.empty()) return lexer.fail("A property name is missing after the dot.");
    CommandLine select{"Select-Object", {{"ExpandProperty", {}, {}}, {{}, Value(property), {}}}};
    pipeline->push_back(std::move(select));
  }
  return pipeline;
}

/// A pipe on this line or at the beginning of the next.
bool take_pipe(PowerShellLexer& lexer) {
  PowerShellLexer attempt = lexer;
  attempt.skip_blanks_and_lines();
  if (!attempt.take('|')) return false;
  attempt.skip_blanks_and_lines();
  lexer = attempt;
  return true;
}

Result<Pipeline> parse_pipeline(PowerShellLexer& lexer) {
  Pipeline pipeline;
  if (lexer.take('(')) {
    Result<Pipeline> head = parse_bracketed_head(lexer);
    if (!head) return head;
    pipeline = std::move(*head);
  } else {
    Result<CommandLine> command = parse_command(lexer);
    if (!command) return std::unexpected(command.error());
    pipeline.push_back(std::move(*command));
  }
  while (take_pipe(lexer)) {
    Result<CommandLine> command = parse_command(lexer);
    if (!command) return std::unexpected(command.error());
    pipeline.push_back(std::move(*command));
  }
  return pipeline;
}

}  // namespace

Result<std::vector<Pipeline>> parse_script(std::string_view text, Time now) {
  if (text.size() > PowerShellLexer::max_text) return fail("The script is too long.");
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // Notepad's byte order mark.
  PowerShellLexer lexer(text, now);
  std::vector<Pipeline> script;
  lexer.take_separator();
  while (!lexer.at_end()) {
    Result<Pipeline> pipeline = parse_pipeline(lexer);
    if (!pipeline) return std::unexpected(pipeline.error());
    script.push_back(std::move(*pipeline));
    if (!lexer.take_separator() && !lexer.at_end()) {
      return lexer.fail(fmt::format("'{}' is not expected here.", lexer.peek()));
    }
  }
  return script;
}

bool wants_more(std::string_view text) {
  while (!text.empty() && (is_wsp(text.back()) || text.back() == '\n')) text.remove_suffix(1);
  if (text.ends_with('|') || text.ends_with('`')) return true;

  // Whatever is wrong at the very end may be put right by a further line.
  PowerShellLexer lexer(text, {});
  lexer.take_separator();
  while (!lexer.at_end()) {
    if (!parse_pipeline(lexer)) return lexer.at_end();
    if (!lexer.take_separator()) return false;
  }
  return false;
}

}  // namespace postern::admin
