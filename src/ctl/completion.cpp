#include "ctl/completion.h"

#include <algorithm>
#include <optional>

#include "admin/binding.h"
#include "admin/commands.h"
#include "base/ascii.h"
#include "base/cursor.h"

namespace postern::ctl {
namespace {

using admin::CommandSpec;
using admin::ParameterSpec;

struct Words {
  std::vector<std::string_view> before;  ///< of this command, complete
  std::string_view last;                 ///< the one at the cursor, perhaps empty
};

/// Splits the command in which the line ends. Quotes and brackets do not matter to a guess, except
/// that a pipe or semicolon within quotes begins no command.
Words split(std::string_view line) {
  Words words;
  char quote = '\0';
  std::size_t start = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '|' || c == ';' || c == '(' || c == '\n') {
      words.before.clear();
      start = i + 1;
    } else if (is_wsp(c)) {
      if (i > start) words.before.push_back(line.substr(start, i - start));
      start = i + 1;
    }
  }
  words.last = line.substr(start);
  return words;
}

void offer(Completion& completion, std::string_view candidate, std::string_view written) {
  if (istarts_with(candidate, written)) completion.candidates.emplace_back(candidate);
}

void offer_commands(Completion& completion, std::string_view written) {
  for (const CommandSpec* command : admin::all_commands()) {
    offer(completion, command->name, written);
  }
}

void offer_parameters(Completion& completion, const CommandSpec& command,
                      std::string_view written) {
  for (const ParameterSpec& parameter : command.parameters) {
    offer(completion, "-" + std::string(parameter.name), written);
  }
  for (const ParameterSpec& parameter : admin::common_parameters(command.kind)) {
    if (admin::is_ignored_parameter(parameter.name)) continue;
    offer(completion, "-" + std::string(parameter.name), written);
  }
}

void offer_values(Completion& completion, const CommandSpec& command, std::string_view parameter,
                  std::string_view written) {
  const auto found = admin::find_parameter(command, parameter);
  if (!found) return;
  if ((*found)->type == admin::ParameterType::boolean) {
    offer(completion, "$true", written);
    offer(completion, "$false", written);
  }
  Cursor choices((*found)->choices);
  while (!choices.at_end()) {
    offer(completion, choices.take_while([](char c) { return c != '|'; }), written);
    choices.take('|');
  }
}

}  // namespace

Completion complete(std::string_view line) {
  const Words words = split(line);
  Completion completion;
  completion.start = line.size() - words.last.size();
  if (words.before.empty()) {
    offer_commands(completion, words.last);
  } else if (const CommandSpec* command = admin::find_command(words.before.front())) {
    const std::string_view previous = words.before.back();
    if (words.last.starts_with('-')) {
      offer_parameters(completion, *command, words.last);
    } else if (previous.starts_with('-')) {
      offer_values(completion, *command, previous.substr(1), words.last);
    } else if (command->name == "Get-Help") {
      offer_commands(completion, words.last);
    }
  }
  std::ranges::sort(completion.candidates);
  return completion;
}

std::string common_beginning(const std::vector<std::string>& candidates) {
  if (candidates.empty()) return {};
  std::string common = candidates.front();
  for (const std::string& candidate : candidates) {
    while (!istarts_with(candidate, common)) common.pop_back();
  }
  return common;
}

}  // namespace postern::ctl
