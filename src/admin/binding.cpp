#include "admin/binding.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <functional>

#include "admin/date.h"
#include "base/ascii.h"

namespace postern::admin {
namespace {

template <class Use>
void for_each_parameter(const CommandSpec& command, Use use) {
  for (const ParameterSpec& parameter : command.parameters) use(parameter);
  for (const ParameterSpec& parameter : common_parameters(command.kind)) use(parameter);
}

/// Texts, lists and dates are emptied by null; a truth value, number or word of a set has no empty
/// form.
bool can_be_null(const ParameterSpec& parameter) {
  switch (parameter.type) {
    case ParameterType::text:
      return parameter.choices.empty();
    case ParameterType::list:
    case ParameterType::changeable_list:
    case ParameterType::date:
    case ParameterType::any:
      return true;
    case ParameterType::boolean:
    case ParameterType::switch_:
    case ParameterType::number:
    case ParameterType::condition:
      return false;
  }
  std::abort();  // A number that was never a ParameterType: our bug.
}

std::unexpected<Error> cannot_convert(const ParameterSpec& parameter, const Value& value) {
  return fail(fmt::format("Cannot bind parameter '{}': cannot convert value \"{}\" to type {}.",
                          parameter.name, value.to_text(), to_string(parameter.type)));
}

Result<Value> to_boolean(const ParameterSpec& parameter, const Value& value) {
  if (value.get<bool>() != nullptr) return value;
  if (value.is_number()) return value.is_true();
  // PowerShell takes neither word, but a shell that expands "$true" in double quotes leaves its
  // user no better way than to write the word.
  if (iequals(value.to_text(), "true") || iequals(value.to_text(), "$true")) return true;
  if (iequals(value.to_text(), "false") || iequals(value.to_text(), "$false")) return false;
  return fail(
      fmt::format("Cannot bind parameter '{}': cannot convert value \"{}\" to type Boolean. "
                  "Boolean parameters accept only $true, $false, 1 and 0.",
                  parameter.name, value.to_text()));
}

Result<Value> to_whole_number(const ParameterSpec& parameter, const Value& value) {
  const auto number = value.to_number();
  constexpr double largest = 2147483647;  // Int32, as PowerShell has it.
  if (!number || std::floor(*number) != *number || std::abs(*number) > largest) {
    return cannot_convert(parameter, value);
  }
  return static_cast<std::int64_t>(*number);
}

/// The spelling of `choices` that `text` means.
Result<Value> to_choice(const ParameterSpec& parameter, const std::string& text) {
  Cursor in(parameter.choices);
  while (!in.at_end()) {
    const std::string_view choice = in.take_while([](char c) { return c != '|'; });
    if (iequals(choice, text)) return Value(choice);
    in.take('|');
  }
  std::string choices(parameter.choices);
  for (std::size_t at = 0; (at = choices.find('|', at)) != std::string::npos;) {
    choices.replace(at, 1, ", ");
  }
  return fail(fmt::format(
      "Cannot bind parameter '{}': \"{}\" is not one of the values that it accepts: {}.",
      parameter.name, text, choices));
}

Result<Value> to_text_value(const ParameterSpec& parameter, const Value& value) {
  if (value.get<List>() != nullptr || value.get<Object>() != nullptr) {
    return cannot_convert(parameter, value);
  }
  if (parameter.choices.empty()) return value.to_text();
  return to_choice(parameter, value.to_text());
}

Result<Value> to_list(const ParameterSpec& parameter, const Value& value) {
  List texts;
  if (const List* items = value.get<List>()) {
    for (const Value& item : *items) {
      if (item.get<List>() != nullptr || item.get<Object>() != nullptr) {
        return cannot_convert(parameter, value);
      }
      if (!item.is_null()) texts.emplace_back(item.to_text());
    }
  } else if (value.get<Object>() != nullptr) {
    return cannot_convert(parameter, value);
  } else if (!value.is_null()) {
    texts.emplace_back(value.to_text());
  }
  if (parameter.choices.empty()) return texts;
  for (Value& text : texts) {
    Result<Value> choice = to_choice(parameter, text.to_text());
    if (!choice) return choice;
    text = std::move(*choice);
  }
  return texts;
}

Result<Value> to_changes(const ParameterSpec& parameter, const Object& object) {
  Object changes;
  for (const Property& property : object.properties()) {
    const bool add = iequals(property.name, "Add");
    if (!add && !iequals(property.name, "Remove")) {
      return fail(
          fmt::format("Cannot bind parameter '{}': the hashtable has the name '{}', and "
                      "only Add and Remove are known.",
                      parameter.name, property.name));
    }
    Result<Value> texts = to_list(parameter, property.value);
    if (!texts) return texts;
    changes.set(add ? "Add" : "Remove", std::move(*texts));
  }
  return changes;
}

Result<Value> convert(const ParameterSpec& parameter, const Value& value) {
  switch (parameter.type) {
    case ParameterType::any:
    case ParameterType::condition:
      return value;
    case ParameterType::list:
      return to_list(parameter, value);
    case ParameterType::changeable_list:
      if (const Object* object = value.get<Object>()) return to_changes(parameter, *object);
      return to_list(parameter, value);
    case ParameterType::boolean:
    case ParameterType::switch_:
      return to_boolean(parameter, value);
    case ParameterType::number:
      return to_whole_number(parameter, value);
    case ParameterType::date: {
      if (value.get<Time>() != nullptr) return value;
      const auto time = parse_date(value.to_text());
      if (!time) return cannot_convert(parameter, value);
      return *time;
    }
    case ParameterType::text:
      return to_text_value(parameter, value);
  }
  std::abort();  // A number that was never a ParameterType: our bug.
}

std::unexpected<Error> given_twice(const ParameterSpec& parameter) {
  return fail(fmt::format(
      "Cannot bind parameter because parameter '{}' is specified more than once. For several "
      "values write '-{} value1,value2'.",
      parameter.name, parameter.name));
}

const ParameterSpec* next_positional(const CommandSpec& command, const BoundElements& bound,
                                     bool is_condition) {
  const ParameterSpec* next = nullptr;
  for (const ParameterSpec& parameter : command.parameters) {
    const bool fits = (parameter.type == ParameterType::condition) == is_condition;
    const bool taken =
        is_condition ? bound.condition != nullptr : bound.values.find(parameter.name) != nullptr;
    if (parameter.position == named || !fits || taken) continue;
    if (next == nullptr || parameter.position < next->position) next = &parameter;
  }
  return next;
}

/// PowerShell's short names of its common parameters; any other name comes back as it is.
std::string_view full_name(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> short_names = {{
      {"ea", "ErrorAction"},
      {"ev", "ErrorVariable"},
      {"wa", "WarningAction"},
      {"wv", "WarningVariable"},
      {"vb", "Verbose"},
      {"cf", "Confirm"},
      {"wi", "WhatIf"},
  }};
  for (const auto& [brief, full] : short_names) {
    if (iequals(brief, name)) return full;
  }
  return name;
}

}  // namespace

Result<const ParameterSpec*> find_parameter(const CommandSpec& command, std::string_view written) {
  const std::string_view name = full_name(written);
  std::vector<const ParameterSpec*> candidates;
  const ParameterSpec* exact = nullptr;
  for_each_parameter(command, [&](const ParameterSpec& parameter) {
    if (iequals(parameter.name, name)) exact = &parameter;
    if (istarts_with(parameter.name, name)) candidates.push_back(&parameter);
  });
  if (exact != nullptr) return exact;
  if (candidates.size() == 1) return candidates.front();
  if (candidates.empty() || name.empty()) {
    return fail(fmt::format("A parameter cannot be found that matches parameter name '{}'.", name));
  }
  std::string matches;
  for (const ParameterSpec* candidate : candidates) matches += fmt::format(" -{}", candidate->name);
  return fail(
      fmt::format("Parameter cannot be processed because the parameter name '{}' is ambiguous. "
                  "Possible matches include:{}.",
                  name, matches));
}

Result<BoundElements> bind_elements(const CommandSpec& command,
                                    const std::vector<Element>& elements) {
  BoundElements bound;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const ParameterSpec* parameter = nullptr;
    const Element* argument = &elements[i];
    if (!argument->parameter.empty()) {
      const auto found = find_parameter(command, argument->parameter);
      if (!found) return std::unexpected(found.error());
      parameter = *found;
      if (parameter->type == ParameterType::switch_ && !argument->value) {
        if (bound.values.find(parameter->name) != nullptr) return given_twice(*parameter);
        bound.values.set(parameter->name, true);
        continue;
      }
      if (!argument->value) {
        const bool has_argument = i + 1 < elements.size() && elements[i + 1].parameter.empty();
        if (!has_argument) {
          return fail(
              fmt::format("Missing an argument for parameter '{}'. Specify a parameter of "
                          "type {} and try again.",
                          parameter->name, to_string(parameter->type)));
        }
        argument = &elements[++i];
      }
    } else {
      parameter = next_positional(command, bound, argument->condition != nullptr);
      if (parameter == nullptr) {
        return fail(
            fmt::format("A positional parameter cannot be found that accepts argument '{}'.",
                        argument->condition != nullptr ? "{ … }" : argument->value->to_text()));
      }
    }
    if (argument->condition != nullptr) {
      if (parameter->type != ParameterType::condition) {
        return fail(fmt::format("Parameter '{}' takes no condition in braces.", parameter->name));
      }
      bound.condition = argument->condition;
    } else {
      if (bound.values.find(parameter->name) != nullptr) return given_twice(*parameter);
      bound.values.set(parameter->name, *argument->value);
    }
  }
  return bound;
}

Result<Object> bind_values(const CommandSpec& command, const Object& given) {
  Object bound;
  for (const Property& property : given.properties()) {
    const auto parameter = find_parameter(command, property.name);
    if (!parameter) return std::unexpected(parameter.error());
    if (is_ignored_parameter((*parameter)->name)) continue;
    if (bound.find((*parameter)->name) != nullptr) return given_twice(**parameter);
    if (property.value.is_null()) {
      if (!can_be_null(**parameter)) {
        return fail(fmt::format("Cannot bind argument to parameter '{}' because it is null.",
                                (*parameter)->name));
      }
      bound.set((*parameter)->name, {});
      continue;
    }
    Result<Value> value = convert(**parameter, property.value);
    if (!value) return std::unexpected(value.error());
    bound.set((*parameter)->name, std::move(*value));
  }
  std::string missing;
  for (const ParameterSpec& parameter : command.parameters) {
    const Value* value = bound.find(parameter.name);
    const bool empty = value == nullptr || value->is_null() || value->to_text().empty();
    if (parameter.mandatory && empty) missing += fmt::format(" {}", parameter.name);
  }
  if (!missing.empty()) {
    return fail(fmt::format(
        "Cannot process command because of one or more missing mandatory parameters:{}.", missing));
  }
  return bound;
}

}  // namespace postern::admin
