#include "edge/toml_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

namespace postern::edge {
namespace {

/// The value as the file has it, for the message.
std::string shown(const toml::node& node) {
  if (node.is_table()) return "a table";
  if (node.is_array()) return "a list";
  std::ostringstream text;
  if (const auto* string = node.as_string()) {
    text << '"' << string->get() << '"';
  } else {
    node.visit([&](const auto& value) { text << value; });
  }
  std::string found = text.str();
  if (found.size() > 60) found = found.substr(0, 57) + "...";
  return found;
}

}  // namespace

const toml::node* TomlTable::take(std::string_view key) {
  taken_.emplace(key);
  return table_.get(key);
}

void TomlTable::complain_at(const toml::source_region& where, std::string_view key,
                            std::string_view what) {
  const std::string place = name_.empty() ? std::string(key) : fmt::format("[{}] {}", name_, key);
  errors_.push_back(fmt::format("{}:{}: {}: {}", file_, where.begin.line, place, what));
}

void TomlTable::complain(std::string_view key, std::string_view what) {
  const toml::node* node = table_.get(key);
  complain_at(node != nullptr ? node->source() : table_.source(), key, what);
}

void TomlTable::expected(const toml::node& node, std::string_view key, std::string_view what) {
  complain_at(node.source(), key, fmt::format("expected {}, found {}", what, shown(node)));
}

void TomlTable::read(std::string_view key, std::string& out) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  if (const auto value = node->value_exact<std::string>()) {
    out = *value;
  } else {
    expected(*node, key, "a string in quotes");
  }
}

void TomlTable::read(std::string_view key, std::filesystem::path& out) {
  std::string text = out.string();
  read(key, text);
  out = text;
}

void TomlTable::read(std::string_view key, std::vector<std::string>& out) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  const toml::array* list = node->as_array();
  if (list == nullptr ||
      !std::ranges::all_of(*list, [](const toml::node& item) { return item.is_string(); })) {
    expected(*node, key, "a list of strings, [\"…\", \"…\"]");
    return;
  }
  out.clear();
  for (const toml::node& item : *list) out.push_back(**item.as_string());
}

void TomlTable::read(std::string_view key, std::int64_t minimum, std::int64_t maximum,
                     std::int64_t& out) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  const auto value = node->value_exact<std::int64_t>();
  if (!value || *value < minimum || *value > maximum) {
    expected(*node, key, fmt::format("a whole number from {} to {}", minimum, maximum));
    return;
  }
  out = *value;
}

void TomlTable::read_choice(std::string_view key, const std::vector<std::string_view>& choices,
                            std::string& out) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  const auto value = node->value_exact<std::string>();
  if (!value || std::ranges::find(choices, *value) == choices.end()) {
    expected(*node, key, fmt::format("one of \"{}\"", fmt::join(choices, "\", \"")));
    return;
  }
  out = *value;
}

void TomlTable::with_table(std::string_view key, const std::function<void(TomlTable&)>& use) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  const toml::table* table = node->as_table();
  if (table == nullptr) {
    expected(*node, key, fmt::format("a table, [{}]", key));
    return;
  }
  TomlTable inner(*table, name_.empty() ? std::string(key) : fmt::format("{}.{}", name_, key),
                  file_, errors_);
  use(inner);
  inner.finish();
}

void TomlTable::with_each(std::string_view key, const std::function<void(TomlTable&)>& use) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  const std::string name = name_.empty() ? std::string(key) : fmt::format("{}.{}", name_, key);
  const toml::array* list = node->as_array();
  if (list == nullptr ||
      !std::ranges::all_of(*list, [](const toml::node& item) { return item.is_table(); })) {
    expected(*node, key, fmt::format("tables, [[{}]]", name));
    return;
  }
  for (const toml::node& item : *list) {
    TomlTable inner(*item.as_table(), name, file_, errors_);
    use(inner);
    inner.finish();
  }
}

void TomlTable::finish() {
  for (const auto& [key, node] : table_) {
    if (!taken_.contains(key.str())) complain_at(key.source(), key.str(), "there is no such key");
  }
}

}  // namespace postern::edge
