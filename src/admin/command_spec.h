// What a cmdlet is called and which parameters it takes: the rows of the one table from which
// the cmdlet line, REST, completion, Get-Help and the manual are made.
#pragma once

#include <span>
#include <string_view>

namespace postern::admin {

enum class ParameterType {
  text,
  boolean,
  switch_,  ///< present or not; `-Force:$false` is possible
  number,   ///< a whole number
  date,
  list,             ///< of texts; one text is a list of one
  changeable_list,  ///< that, or `@{Add='x'; Remove='y'}`
  condition,        ///< `{ $_.X -eq 1 }`; only for cmdlets that run in the client
  any               ///< as given: the cmdlet reads it
};

/// `String`, `Boolean`, `String[]` …: as Get-Help names it.
std::string_view to_string(ParameterType type);

inline constexpr int named = -1;

struct ParameterSpec {
  std::string_view name;
  ParameterType type = ParameterType::text;
  std::string_view help;
  /// Place among the unnamed arguments, from 0; `named`: none.
  int position = named;
  bool mandatory = false;
  /// What holds where it is not given, for the manual; empty: nothing.
  std::string_view default_text = {};
  /// The words it accepts, separated by `|`; empty: any.
  std::string_view choices = {};
};

/// Where a cmdlet runs, and which common parameters it has besides its own.
enum class CommandKind {
  query,   ///< in posternd, changes nothing
  change,  ///< in posternd; has -WhatIf and -Confirm
  client   ///< in the command line: pipeline and session cmdlets
};

struct CommandSpec {
  /// `Get-AcceptedDomain`.
  std::string_view name;
  CommandKind kind = CommandKind::query;
  /// One sentence.
  std::string_view synopsis;
  std::span<const ParameterSpec> parameters;
  /// Other names, separated by `|`: `Select`.
  std::string_view aliases = {};
  /// Example lines for help and the manual, separated by line ends.
  std::string_view examples = {};

  std::string_view verb() const { return name.substr(0, name.find('-')); }
  std::string_view noun() const { return name.substr(name.find('-') + 1); }
};

/// Those of every cmdlet that runs in posternd: -Organization, and PowerShell's own, which are
/// accepted and have no effect; for a change -WhatIf and -Confirm too.
std::span<const ParameterSpec> common_parameters(CommandKind kind);
/// -ErrorAction and its like.
bool is_ignored_parameter(std::string_view name);

}  // namespace postern::admin
