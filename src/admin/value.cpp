#include "admin/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/ascii.h"

namespace postern::admin {
namespace {

/// kb, mb, gb after a number; 1 for none, nothing for other letters.
std::optional<double> unit(std::string_view suffix) {
  if (suffix.empty()) return 1;
  if (iequals(suffix, "kb")) return 1024;
  if (iequals(suffix, "mb")) return 1024 * 1024;
  if (iequals(suffix, "gb")) return 1024 * 1024 * 1024;
  return std::nullopt;
}

std::optional<double> parse_number(std::string_view text) {
  std::string_view digits = text;
  const bool negative = digits.starts_with('-');
  if (negative) digits.remove_prefix(1);
  if (digits.empty() || !(is_digit(digits.front()) || digits.front() == '.')) return std::nullopt;

  double value = 0;
  const char* end = digits.data() + digits.size();
  std::from_chars_result parsed{};
  if (istarts_with(digits, "0x")) {
    std::uint64_t whole = 0;
    parsed = std::from_chars(digits.data() + 2, end, whole, 16);
    value = static_cast<double>(whole);
  } else {
    parsed = std::from_chars(digits.data(), end, value);
  }
  if (parsed.ec != std::errc{}) return std::nullopt;
  const auto factor = unit({parsed.ptr, static_cast<std::size_t>(end - parsed.ptr)});
  if (!factor) return std::nullopt;
  return (negative ? -value : value) * *factor;
}

template <class T>
int three_way(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int compare_text(std::string_view a, std::string_view b) {
  return three_way(to_lower(a), to_lower(b));
}

}  // namespace

Object::Object() = default;
Object::Object(std::initializer_list<Property> properties) : properties_(properties) {}
Object::Object(const Object&) = default;
Object::Object(Object&&) noexcept = default;
Object& Object::operator=(const Object&) = default;
Object& Object::operator=(Object&&) noexcept = default;
Object::~Object() = default;

bool Object::empty() const {
  return properties_.empty();
}
std::size_t Object::size() const {
  return properties_.size();
}

const Value* Object::find(std::string_view name) const {
  const auto found = std::ranges::find_if(
      properties_, [&](const Property& property) { return iequals(property.name, name); });
  return found == properties_.end() ? nullptr : &found->value;
}

void Object::set(std::string_view name, Value value) {
  for (Property& property : properties_) {
    if (!iequals(property.name, name)) continue;
    property.value = std::move(value);
    return;
  }
  properties_.push_back({std::string(name), std::move(value)});
}

bool Object::operator==(const Object& other) const {
  return properties_ == other.properties_;
}

Value::Value(const std::vector<std::string>& texts) : data_(List(texts.begin(), texts.end())) {}

std::string format_time(Time time) {
  std::string text = format_iso(time);
  const auto micros = (time.time_since_epoch().count() % 1000 + 1000) % 1000;
  if (micros != 0) text.insert(text.size() - 1, fmt::format("{:03}", micros));
  return text;
}

std::string Value::to_text() const {
  struct Printer {
    std::string operator()(std::monostate) const { return {}; }
    std::string operator()(bool value) const { return value ? "True" : "False"; }
    std::string operator()(std::int64_t value) const { return std::to_string(value); }
    std::string operator()(double value) const { return fmt::format("{}", value); }
    std::string operator()(const std::string& value) const { return value; }
    std::string operator()(Time value) const { return format_time(value); }
    std::string operator()(const List& list) const {
      std::string text;
      for (const Value& item : list) {
        if (!text.empty()) text += ", ";
        text += item.to_text();
      }
      return text;
    }
    std::string operator()(const Object& object) const {
      std::string text = "@{";
      for (const Property& property : object.properties()) {
        if (text.size() > 2) text += "; ";
        text += property.name + "=" + property.value.to_text();
      }
      return text + "}";
    }
  };
  return std::visit(Printer{}, data_);
}

bool Value::is_true() const {
  if (const bool* value = get<bool>()) return *value;
  if (const auto* value = get<std::int64_t>()) return *value != 0;
  if (const auto* value = get<double>()) return *value != 0;
  if (const auto* value = get<std::string>()) return !value->empty();
  if (const auto* value = get<List>()) {
    return value->size() > 1 || (value->size() == 1 && value->front().is_true());
  }
  return !is_null();
}

std::optional<double> Value::to_number() const {
  if (const auto* value = get<std::int64_t>()) return static_cast<double>(*value);
  if (const auto* value = get<double>()) return *value;
  if (const auto* value = get<bool>()) return *value ? 1 : 0;
  if (const auto* value = get<std::string>()) return parse_number(trim(*value));
  return std::nullopt;
}

std::optional<int> compare(const Value& left, const Value& right) {
  if (left.is_null() || right.is_null()) {
    return three_way(!left.is_null(), !right.is_null());
  }
  if (left.is_number()) {
    const auto number = right.to_number();
    if (!number) return std::nullopt;
    return three_way(*left.to_number(), *number);
  }
  if (const bool* value = left.get<bool>()) return three_way(*value, right.is_true());
  if (const Time* time = left.get<Time>()) {
    if (const Time* other = right.get<Time>()) return three_way(*time, *other);
    const auto other = parse_iso(right.to_text());
    if (!other) return std::nullopt;
    return three_way(*time, *other);
  }
  return compare_text(left.to_text(), right.to_text());
}

}  // namespace postern::admin
