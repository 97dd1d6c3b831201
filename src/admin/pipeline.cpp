#include "admin/pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <list>

#include "admin/binding.h"
#include "admin/format.h"
#include "admin/value_json.h"
#include "base/ascii.h"
#include "base/wildcard.h"

namespace postern::admin {
namespace {

using Values = std::vector<Value>;

std::vector<std::string> texts(const Object& arguments, std::string_view name) {
  std::vector<std::string> found;
  const Value* value = arguments.find(name);
  if (const List* items = value == nullptr ? nullptr : value->get<List>()) {
    for (const Value& item : *items) found.push_back(item.to_text());
  }
  return found;
}

std::string text(const Object& arguments, std::string_view name) {
  const Value* value = arguments.find(name);
  return value == nullptr ? std::string() : value->to_text();
}

bool flag(const Object& arguments, std::string_view name) {
  const Value* value = arguments.find(name);
  return value != nullptr && value->is_true();
}

std::optional<std::size_t> count(const Object& arguments, std::string_view name) {
  const Value* value = arguments.find(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return static_cast<std::size_t>(std::max(0.0, value->to_number().value_or(0)));
}

Value property(const Value& value, std::string_view name) {
  const Object* object = value.get<Object>();
  const Value* found = object == nullptr ? nullptr : object->find(name);
  return found == nullptr ? Value() : *found;
}

Result<Values> expand(const Values& input, const std::string& name) {
  Values output;
  for (const Value& value : input) {
    const Object* object = value.get<Object>();
    const Value* found = object == nullptr ? nullptr : object->find(name);
    if (found == nullptr) return fail(fmt::format("Property \"{}\" cannot be found.", name));
    if (const List* items = found->get<List>()) {
      output.insert(output.end(), items->begin(), items->end());
    } else {
      output.push_back(*found);
    }
  }
  return output;
}

Value project(const Value& value, std::span<const std::string> wanted,
              std::span<const std::string> excluded) {
  const Object* object = value.get<Object>();
  if (object == nullptr) return value;
  static const std::vector<std::string> everything = {"*"};
  Object chosen;
  for (const std::string& name : select_columns(*object, wanted.empty() ? everything : wanted)) {
    const auto matches = [&](const std::string& pattern) {
      return matches_wildcard(name, pattern);
    };
    if (std::ranges::none_of(excluded, matches)) chosen.set(name, property(value, name));
  }
  return chosen;
}

Result<Values> select(const Object& arguments, Values input) {
  if (const auto skip = count(arguments, "Skip")) {
    input.erase(input.begin(),
                input.begin() + static_cast<std::ptrdiff_t>(std::min(*skip, input.size())));
  }
  const auto first = count(arguments, "First");
  const auto last = count(arguments, "Last");
  if (first && *first < input.size()) input.resize(*first);
  if (last && *last < input.size()) {
    input.erase(input.begin(), input.end() - static_cast<std::ptrdiff_t>(*last));
  }
  if (const std::string name = text(arguments, "ExpandProperty"); !name.empty()) {
    Result<Values> expanded = expand(input, name);
    if (!expanded) return expanded;
    input = std::move(*expanded);
  } else {
    const auto wanted = texts(arguments, "Property");
    const auto excluded = texts(arguments, "ExcludeProperty");
    if (!wanted.empty() || !excluded.empty()) {
      for (Value& value : input) value = project(value, wanted, excluded);
    }
  }
  if (!flag(arguments, "Unique")) return input;
  Values unique;
  for (Value& value : input) {
    if (std::ranges::find(unique, value) == unique.end()) unique.push_back(std::move(value));
  }
  return unique;
}

/// `Where-Object Status -eq Failed`, `Where-Object -Not Enabled`: operators stand where
/// parameters do, so this form is read from the elements before they are bound.
std::shared_ptr<const Expression> short_condition(const std::vector<Element>& elements) {
  auto made = std::make_shared<Expression>();
  auto item = std::make_shared<Expression>();
  item->kind = Expression::Kind::item;
  auto value = std::make_shared<Expression>();
  bool negated = false, has_operator = false, has_value = false;
  for (const Element& element : elements) {
    if (element.condition != nullptr) return nullptr;
    const auto operation = find_operator(element.parameter);
    if (operation && !has_operator) {
      made->operation = *operation;
      has_operator = true;
    } else if (iequals(element.parameter, "not")) {
      negated = true;
    } else if (!element.parameter.empty() && !iequals(element.parameter, "Property") &&
               !iequals(element.parameter, "Value")) {
      return nullptr;
    }
    if (!element.value) continue;
    if (item->members.empty()) {
      item->members.push_back(element.value->to_text());
    } else if (has_operator && !has_value) {
      value->literal = *element.value;
      has_value = true;
    } else {
      return nullptr;
    }
  }
  if (item->members.empty() || has_operator != has_value) return nullptr;
  if (has_operator) {
    made->kind = Expression::Kind::operation;
    made->left = item;
    made->right = value;
    return made;
  }
  if (!negated) return item;
  made->kind = Expression::Kind::negation;
  made->left = item;
  return made;
}

Result<Values> where(const CommandSpec& command, const std::vector<Element>& elements,
                     Values input) {
  std::shared_ptr<const Expression> condition = short_condition(elements);
  if (condition == nullptr) {
    auto bound = bind_elements(command, elements);
    if (!bound) return std::unexpected(bound.error());
    condition = bound->condition;
  }
  if (condition == nullptr) {
    return fail(
        "Where-Object needs a condition: { $_.Property -eq 'value' } or Property -eq value.");
  }
  std::erase_if(input, [&](const Value& item) { return !evaluate(*condition, item).is_true(); });
  return input;
}

/// Less by the first property that differs; what cannot be compared counts as equal.
int compare_by(const Value& a, const Value& b, std::span<const std::string> names) {
  if (names.empty()) return compare(a, b).value_or(0);
  for (const std::string& name : names) {
    const int order = compare(property(a, name), property(b, name)).value_or(0);
    if (order != 0) return order;
  }
  return 0;
}

Values sort(const Object& arguments, Values input) {
  const auto names = texts(arguments, "Property");
  const int wanted = flag(arguments, "Descending") ? 1 : -1;
  // The merge sort of a list stays in bounds even where a mix of kinds makes the order contradict
  // itself, as std::sort does not.
  std::list<Value> sorted(std::make_move_iterator(input.begin()),
                          std::make_move_iterator(input.end()));
  sorted.sort([&](const Value& a, const Value& b) { return compare_by(a, b, names) == wanted; });
  std::ranges::move(sorted, input.begin());
  if (flag(arguments, "Unique")) {
    const auto rest = std::ranges::unique(
        input, [&](const Value& a, const Value& b) { return compare_by(a, b, names) == 0; });
    input.erase(rest.begin(), rest.end());
  }
  return input;
}

Value whole_if_possible(double number) {
  const auto whole = static_cast<std::int64_t>(number);
  return static_cast<double>(whole) == number ? Value(whole) : Value(number);
}

Value measure_one(const Object& arguments, const Values& input, const std::string& name) {
  Values found;
  double sum = 0;
  for (const Value& item : input) {
    Value value = name.empty() ? item : property(item, name);
    if (value.is_null()) continue;
    sum += value.to_number().value_or(0);
    found.push_back(std::move(value));
  }
  const auto order = [](const Value& a, const Value& b) { return compare(a, b).value_or(0) < 0; };
  const auto extreme = [&](std::string_view wanted) {
    if (!flag(arguments, wanted) || found.empty()) return Value();
    return wanted == "Maximum" ? *std::ranges::max_element(found, order)
                               : *std::ranges::min_element(found, order);
  };
  const bool average = flag(arguments, "Average") && !found.empty();
  Object measured = {
      {"Count", found.size()},
      {"Average", average ? Value(sum / static_cast<double>(found.size())) : Value()},
      {"Sum", flag(arguments, "Sum") ? whole_if_possible(sum) : Value()},
      {"Maximum", extreme("Maximum")},
      {"Minimum", extreme("Minimum")},
      {"Property", name},
  };
  return measured;
}

Values measure(const Object& arguments, const Values& input) {
  auto names = texts(arguments, "Property");
  if (names.empty()) names.emplace_back();
  Values output;
  for (const std::string& name : names) output.push_back(measure_one(arguments, input, name));
  return output;
}

Values group(const Object& arguments, const Values& input) {
  const auto names = texts(arguments, "Property");
  std::vector<std::pair<std::string, List>> groups;
  for (const Value& value : input) {
    std::string key;
    for (const std::string& name : names) {
      if (&name != &names.front()) key += ", ";
      key += property(value, name).to_text();
    }
    if (names.empty()) key = value.to_text();
    const auto known = std::ranges::find_if(
        groups, [&](const auto& existing) { return iequals(existing.first, key); });
    if (known == groups.end()) {
      groups.push_back({key, {value}});
    } else {
      known->second.push_back(value);
    }
  }
  Values output;
  for (auto& [name, members] : groups) {
    Object made = {{"Count", members.size()}, {"Name", name}};
    if (!flag(arguments, "NoElement")) made.set("Group", std::move(members));
    output.emplace_back(std::move(made));
  }
  return output;
}

/// The printer adds the last line break again.
Values one_text(std::string formatted) {
  if (formatted.ends_with('\n')) formatted.pop_back();
  return {Value(std::move(formatted))};
}

Value as_json(const Object& arguments, Values input) {
  const auto style = flag(arguments, "Compress") ? JsonStyle::compact : JsonStyle::indented;
  if (input.size() == 1 && !flag(arguments, "AsArray")) return to_json(input.front(), style);
  return to_json(List(std::move(input)), style);
}

Result<char> delimiter(const Object& arguments) {
  const std::string given = text(arguments, "Delimiter");
  if (given.size() > 1) return fail("The delimiter must be one character.");
  return given.empty() ? ',' : given.front();
}

Result<Values> convert_to_csv(const Object& arguments, const Values& input) {
  const auto between = delimiter(arguments);
  if (!between) return std::unexpected(between.error());
  Values output;
  for (std::string& line : format_csv(input, *between)) output.emplace_back(std::move(line));
  return output;
}

Result<Values> export_csv(const Object& arguments, const Values& input) {
  const auto between = delimiter(arguments);
  if (!between) return std::unexpected(between.error());
  const std::string path = text(arguments, "Path");
  const bool append = flag(arguments, "Append");
  std::ofstream file(path, append ? std::ios::app : std::ios::trunc);
  auto lines = format_csv(input, *between);
  if (append && file.tellp() > 0 && !lines.empty()) lines.erase(lines.begin());
  for (const std::string& line : lines) file << line << '\n';
  file.close();
  if (!file) return fail(fmt::format("Cannot write the file {}: {}.", path, std::strerror(errno)));
  return Values();
}

}  // namespace

Result<std::vector<Value>> run_pipeline_command(const CommandSpec& command,
                                                const std::vector<Element>& elements,
                                                std::vector<Value> input, std::size_t width) {
  if (command.name == "Where-Object") return where(command, elements, std::move(input));

  const auto bound = bind_elements(command, elements);
  if (!bound) return std::unexpected(bound.error());
  const auto arguments = bind_values(command, bound->values);
  if (!arguments) return std::unexpected(arguments.error());

  if (command.name == "Select-Object") return select(*arguments, std::move(input));
  if (command.name == "Sort-Object") return sort(*arguments, std::move(input));
  if (command.name == "Measure-Object") return measure(*arguments, input);
  if (command.name == "Group-Object") return group(*arguments, input);
  if (command.name == "Format-Table") {
    const auto columns = texts(*arguments, "Property");
    const bool wrap = flag(*arguments, "Wrap");
    return one_text(format_table(input, columns, wrap ? unlimited_width : width));
  }
  if (command.name == "Format-List") {
    return one_text(format_list(input, texts(*arguments, "Property")));
  }
  if (command.name == "ConvertTo-Json") return Values{as_json(*arguments, std::move(input))};
  if (command.name == "ConvertTo-Csv") return convert_to_csv(*arguments, input);
  if (command.name == "Export-Csv") return export_csv(*arguments, input);
  return Values();  // Out-Null
}

}  // namespace postern::admin
