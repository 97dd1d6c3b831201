// Reads one table of a TOML file strictly: what is asked for has a type and a range, and what
// was not asked for is a mistake. Mistakes are collected, so that one run tells them all.
#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace postern::edge {

class TomlTable {
 public:
  /// `name` is how messages call the table: `server`, `tls.sni`; empty for the file itself.
  TomlTable(const toml::table& table, std::string name, std::string file,
            std::vector<std::string>& errors)
      : table_(table), name_(std::move(name)), file_(std::move(file)), errors_(errors) {}

  // Each leaves `out` as it is when the key is absent, and complains when it is of another kind.
  void read(std::string_view key, std::string& out);
  void read(std::string_view key, std::filesystem::path& out);
  void read(std::string_view key, std::vector<std::string>& out);
  void read(std::string_view key, std::int64_t minimum, std::int64_t maximum, std::int64_t& out);

  template <class Number>
  void read_number(std::string_view key, std::int64_t minimum, std::int64_t maximum, Number& out) {
    auto value = static_cast<std::int64_t>(out);
    read(key, minimum, maximum, value);
    out = static_cast<Number>(value);
  }

  /// A word out of a list.
  void read_choice(std::string_view key, const std::vector<std::string_view>& choices,
                   std::string& out);

  /// Calls `use` with the table `[key]` if it is there.
  void with_table(std::string_view key, const std::function<void(TomlTable&)>& use);
  /// Calls `use` with each `[[key]]`.
  void with_each(std::string_view key, const std::function<void(TomlTable&)>& use);

  bool has(std::string_view key) const { return table_.contains(key); }

  /// Complains about a key's value, or about the table when the key is absent.
  void complain(std::string_view key, std::string_view what);
  /// Complains about every key that nobody asked for. Call last.
  void finish();

 private:
  const toml::node* take(std::string_view key);
  void complain_at(const toml::source_region& where, std::string_view key, std::string_view what);
  void expected(const toml::node& node, std::string_view key, std::string_view what);

  const toml::table& table_;
  std::string name_;
  std::string file_;
  std::vector<std::string>& errors_;
  std::set<std::string, std::less<>> taken_;
};

}  // namespace postern::edge
