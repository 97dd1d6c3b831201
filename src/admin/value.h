// The values that cmdlets take and give: what PowerShell calls objects, as far as an
// administrator of mail meets them.
//
// The same values travel through the whole of the administration: the cmdlet line is parsed
// into them, REST carries them as JSON (value_json.h), handlers return them, the pipeline of
// the command line selects, sorts and prints them (pipeline.h, format.h).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/time.h"

namespace postern::admin {

class Value;
using List = std::vector<Value>;

struct Property;

/// Named values in the order in which they were put; names compare without regard to case. A
/// hashtable `@{Add='x'}` is one too.
class Object {
 public:
  // Defined where Property is complete.
  Object();
  Object(std::initializer_list<Property> properties);
  Object(const Object&);
  Object(Object&&) noexcept;
  Object& operator=(const Object&);
  Object& operator=(Object&&) noexcept;
  ~Object();

  /// Null: no such property.
  const Value* find(std::string_view name) const;
  /// Replaces the property of that name, or appends it.
  void set(std::string_view name, Value value);

  const std::vector<Property>& properties() const { return properties_; }
  bool empty() const;
  std::size_t size() const;

  bool operator==(const Object&) const;

  /// The noun of the cmdlet it came from, such as `AcceptedDomain`: chooses the columns that are
  /// printed. Empty for what Select-Object made. Not part of the value.
  std::string kind;

 private:
  std::vector<Property> properties_;
};

class Value {
 public:
  Value() = default;
  Value(bool value) : data_(value) {}
  Value(int value) : data_(std::int64_t{value}) {}
  Value(std::int64_t value) : data_(value) {}
  Value(std::uint64_t value) : data_(static_cast<std::int64_t>(value)) {}
  Value(double value) : data_(value) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(std::string_view value) : data_(std::string(value)) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(Time value) : data_(value) {}
  Value(List value) : data_(std::move(value)) {}
  Value(Object value) : data_(std::move(value)) {}
  Value(const std::vector<std::string>& texts);

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  bool is_number() const { return get<std::int64_t>() != nullptr || get<double>() != nullptr; }

  /// Null when the value is of another kind.
  template <class T>
  const T* get() const {
    return std::get_if<T>(&data_);
  }
  template <class T>
  T* get() {
    return std::get_if<T>(&data_);
  }

  /// As it is printed and as a text parameter takes it: `True`, `42`, `a, b` for a list,
  /// `@{a=1; b=2}` for an object, nothing for null.
  std::string to_text() const;

  /// PowerShell's truth: null, false, zero, empty text and the empty list are false.
  bool is_true() const;

  /// A number, or text that is one (`10`, `-2.5`, `0x1f`, `10kb`).
  std::optional<double> to_number() const;

  bool operator==(const Value&) const = default;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Time, List, Object> data_;
};

struct Property {
  std::string name;
  Value value;
  bool operator==(const Property&) const = default;
};

/// `2025-01-29T19:07:30.476Z`, with microseconds where there are some, so that a printed time
/// can be given back as -EndDate without losing a row.
std::string format_time(Time time);

/// -1, 0, 1 as PowerShell's -lt, -eq, -gt see it: the right side is converted to the kind of the
/// left one, text compares without regard to case. Nothing if they cannot be compared.
std::optional<int> compare(const Value& left, const Value& right);

}  // namespace postern::admin
