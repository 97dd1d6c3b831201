// What Get-Help prints, and the manual: the table of commands as text.
#include <fmt/format.h>

#include "admin/commands.h"
#include "admin/session_commands.h"
#include "base/cursor.h"

namespace postern::admin {
namespace {

/// ` [-Name <String>]`, with brackets around what may be left out.
std::string syntax(const ParameterSpec& parameter) {
  if (parameter.type == ParameterType::switch_) return fmt::format(" [-{}]", parameter.name);
  const bool positional = parameter.position != named;
  const std::string name =
      positional ? fmt::format("[-{}]", parameter.name) : fmt::format("-{}", parameter.name);
  const std::string text = fmt::format("{} <{}>", name, to_string(parameter.type));
  return parameter.mandatory ? " " + text : " [" + text + "]";
}

std::string words(std::string_view choices) {
  std::string text;
  for (const char c : choices) {
    if (c == '|') {
      text += ", ";
    } else {
      text += c;
    }
  }
  return text;
}

/// Type, default and choices of a parameter in one clause.
std::string nature(const ParameterSpec& parameter) {
  std::string text(to_string(parameter.type));
  if (parameter.mandatory) text += ", required";
  if (!parameter.choices.empty()) text += ": " + words(parameter.choices);
  if (!parameter.default_text.empty()) text += fmt::format("; default {}", parameter.default_text);
  return text;
}

template <class Use>
void for_each_line(std::string_view lines, Use use) {
  Cursor in(lines);
  while (!in.at_end()) {
    use(in.take_while([](char c) { return c != '\n'; }));
    in.take('\n');
  }
}

/// As it stands in a cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|' || c == '*' || c == '<') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace

std::string syntax_line(const CommandSpec& command) {
  std::string line(command.name);
  for (const ParameterSpec& parameter : command.parameters) line += syntax(parameter);
  return line;
}

std::string help_text(const CommandSpec& command) {
  std::string text = fmt::format("\nNAME\n    {}\n\nSYNOPSIS\n    {}\n\nSYNTAX\n    {}\n",
                                 command.name, command.synopsis, syntax_line(command));
  if (!command.aliases.empty()) text += fmt::format("\nALIASES\n    {}\n", words(command.aliases));
  if (!command.parameters.empty()) text += "\nPARAMETERS\n";
  for (const ParameterSpec& parameter : command.parameters) {
    text += fmt::format("    -{} ({})\n        {}\n", parameter.name, nature(parameter),
                        parameter.help);
  }
  if (!command.examples.empty()) text += "\nEXAMPLES\n";
  for_each_line(command.examples,
                [&](std::string_view line) { text += fmt::format("    {}\n", line); });
  return text;
}

std::string manual() {
  std::string text =
      "# Cmdlets\n\n"
      "This page is written by `postern --manual` from the table of commands; a test compares the "
      "two.\nHow the cmdlet line is read is told in [administration.md](administration.md).\n\n"
      "Every cmdlet that runs in posternd takes `-Organization`, needed only where there are "
      "several\norganizations; those that change something take `-WhatIf` and `-Confirm`. "
      "PowerShell's own common\nparameters (`-ErrorAction`, `-Verbose`, …) are accepted and have "
      "no "
      "effect.\n";
  for (const CommandSpec* command : all_commands()) {
    text += fmt::format("\n## {}\n\n{}", command->name, command->synopsis);
    if (command->kind == CommandKind::client) text += " Runs in the command line.";
    if (!command->aliases.empty()) text += fmt::format(" Also: `{}`.", words(command->aliases));
    text += "\n";
    if (!command->parameters.empty()) text += "\n| Parameter | Takes | |\n|---|---|---|\n";
    for (const ParameterSpec& parameter : command->parameters) {
      text += fmt::format("| `-{}` | {} | {} |\n", parameter.name, cell(nature(parameter)),
                          cell(parameter.help));
    }
    if (!command->examples.empty())
      text += fmt::format("\n```powershell\n{}\n```\n", command->examples);
  }
  return text;
}

}  // namespace postern::admin
