#include "admin/value_json.h"

#include <fmt/format.h>

#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <functional>
#include <set>
#include <utility>
#include <vector>

#include "base/ascii.h"

namespace postern::admin {
namespace {

namespace json = boost::json;

/// Length of the UTF-8 sequence at the start of `text` (RFC 3629 section 4), or 0.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return continues(1) ? 2 : 0;
  if (first >= 0xe0 && first < 0xf0) {
    if (!continues(1) || !continues(2)) return 0;
    const bool overlong = first == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = first == 0xed && byte(1) >= 0xa0;
    return overlong || surrogate ? 0 : 3;
  }
  if (first >= 0xf0 && first < 0xf5) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    const bool overlong = first == 0xf0 && byte(1) < 0x90;
    const bool too_large = first == 0xf4 && byte(1) >= 0x90;
    return overlong || too_large ? 0 : 4;
  }
  return 0;
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char c = text.front();
    if (length == 0) {
      out += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  out += '"';
}

/// `2022-09-21T08:07:47.0000000+00:00`: the seven digits of .NET.
std::string odata_time(Time time) {
  const auto micros = (time.time_since_epoch().count() % 1'000'000 + 1'000'000) % 1'000'000;
  return fmt::format("{}.{:06}0+00:00", format_iso(time).substr(0, 19), micros);
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = is_digit(text[i]) || (to_lower(text[i]) >= 'a' && to_lower(text[i]) <= 'f');
    if (dash ? text[i] != '-' : !hex) return false;
  }
  return true;
}

class Writer {
 public:
  explicit Writer(JsonStyle style) : style_(style) {}

  std::string take() { return std::move(out_); }

  void write(const Value& value) {
    if (const auto* text = value.get<std::string>()) return append_string(out_, *text);
    if (const auto* time = value.get<Time>()) return write_time(*time);
    if (const auto* list = value.get<List>()) return write_list(*list);
    if (const auto* object = value.get<Object>()) return write_object(*object);
    if (const auto* flag = value.get<bool>()) {
      out_ += *flag ? "true" : "false";
    } else if (const auto* number = value.get<double>(); number && !std::isfinite(*number)) {
      out_ += "null";  // JSON has no infinity.
    } else {
      out_ += value.is_null() ? "null" : value.to_text();
    }
  }

 private:
  void write_time(Time time) {
    append_string(out_, style_ == JsonStyle::annotated ? odata_time(time) : format_time(time));
  }

  void new_line() {
    if (style_ != JsonStyle::indented) return;
    out_ += '\n';
    out_.append(2 * depth_, ' ');
  }

  void write_list(const List& list) {
    out_ += '[';
    ++depth_;
    for (const Value& item : list) {
      if (&item != &list.front()) out_ += ',';
      new_line();
      write(item);
    }
    --depth_;
    if (!list.empty()) new_line();
    out_ += ']';
  }

  void write_name(std::string_view name) {
    append_string(out_, name);
    out_ += style_ == JsonStyle::indented ? ": " : ":";
  }

  void annotate(std::string_view name, std::string_view which, std::string_view type) {
    append_string(out_, fmt::format("{}@{}.type", name, which));
    out_ += fmt::format(":\"{}\",", type);
  }

  void write_annotations(const Property& property) {
    const auto* text = property.value.get<std::string>();
    if (property.value.get<Time>() != nullptr) {
      annotate(property.name, "data", "System.DateTime");
    } else if (property.name.ends_with("Guid") && text != nullptr && is_uuid(*text)) {
      annotate(property.name, "data", "System.Guid");
      annotate(property.name, "odata", "#Guid");
    } else if (const List* list = property.value.get<List>();
               list && (list->empty() || list->front().get<std::string>())) {
      annotate(property.name, "odata", "#Collection(String)");
    }
  }

  void write_object(const Object& object) {
    out_ += '{';
    ++depth_;
    for (const Property& property : object.properties()) {
      if (&property != &object.properties().front()) out_ += ',';
      new_line();
      if (style_ == JsonStyle::annotated) write_annotations(property);
      write_name(property.name);
      write(property.value);
    }
    --depth_;
    if (!object.empty()) new_line();
    out_ += '}';
  }

  const JsonStyle style_;
  std::string out_;
  std::size_t depth_ = 0;
};

/// Makes Values of what Boost.JSON's parser finds, since its own values are without the last digits
/// of some fractions. Each function returns whether to go on; an error also stands in the last
/// parameter.
class Reader {
 public:
  static constexpr std::size_t max_object_size = max_json_properties;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }

  bool on_object_begin(json::error_code&) { return open(Is::object); }
  bool on_object_end(std::size_t, json::error_code&) {
    Level level = close();
    return add(make_object(std::move(level.properties)));
  }
  bool on_array_begin(json::error_code&) { return open(Is::list); }
  bool on_array_end(std::size_t, json::error_code&) {
    Level level = close();
    return add(std::move(level.items));
  }

  bool on_key_part(json::string_view part, std::size_t, json::error_code&) { return keep(part); }
  bool on_key(json::string_view last, std::size_t, json::error_code&) {
    levels_.back().name = take(last);
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) { return keep(part); }
  bool on_string(json::string_view last, std::size_t, json::error_code&) { return add(take(last)); }

  bool on_number_part(json::string_view part, json::error_code&) { return keep(part); }
  bool on_int64(std::int64_t number, json::string_view, json::error_code&) {
    text_.clear();
    return add(number);
  }
  bool on_uint64(std::uint64_t number, json::string_view, json::error_code&) {
    text_.clear();
    return add(static_cast<double>(number));
  }
  bool on_double(double roughly, json::string_view last, json::error_code&) {
    const std::string text = take(last);
    double number = roughly;  // where it is beyond what a double holds
    std::from_chars(text.data(), text.data() + text.size(), number);
    return add(number == 0 ? 0.0 : number);  // written, a negative zero reads as a whole number
  }
  bool on_bool(bool flag, json::error_code&) { return add(flag); }
  bool on_null(json::error_code&) { return add(Value()); }

  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

  Value take_value() { return std::move(value_); }

 private:
  enum class Is { object, list };
  /// What is not closed yet.
  struct Level {
    Is is;
    std::vector<Property> properties;
    std::string name;  ///< of the property whose value comes next
    List items;
  };

  bool open(Is is) {
    levels_.push_back({.is = is});
    return true;
  }
  Level close() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    return level;
  }
  bool add(Value value) {
    if (levels_.empty()) {
      value_ = std::move(value);
    } else if (Level& level = levels_.back(); level.is == Is::list) {
      level.items.push_back(std::move(value));
    } else {
      level.properties.push_back({std::move(level.name), std::move(value)});
    }
    return true;
  }
  bool keep(json::string_view part) {
    text_.append(part.data(), part.size());
    return true;
  }
  std::string take(json::string_view last) {
    keep(last);
    return std::exchange(text_, {});
  }

  /// Without its annotations, and with the dates that they tell of.
  static Object make_object(std::vector<Property> properties) {
    constexpr std::string_view data_type = "@data.type";
    std::set<std::string, std::less<>> dates;
    for (const Property& property : properties) {
      if (!property.name.ends_with(data_type)) continue;
      const std::string name = property.name.substr(0, property.name.size() - data_type.size());
      const auto* const type = property.value.get<std::string>();
      if (type != nullptr && *type == "System.DateTime") {
        dates.insert(name);
      } else {
        dates.erase(name);
      }
    }
    Object object;
    for (Property& property : properties) {
      if (property.name.ends_with("@odata.type") || property.name.ends_with(data_type)) continue;
      if (dates.contains(property.name)) {
        if (const auto time = parse_iso(property.value.to_text())) property.value = *time;
      }
      object.set(property.name, std::move(property.value));
    }
    return object;
  }

  std::vector<Level> levels_;
  std::string text_;  ///< of a name, text or number whose end has not come yet
  Value value_;
};

}  // namespace

std::string to_json(const Value& value, JsonStyle style) {
  Writer writer(style);
  writer.write(value);
  return writer.take();
}

Result<Value> parse_json(std::string_view text) {
  json::basic_parser<Reader> parser{json::parse_options()};
  json::error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size()) error = json::error::extra_data;
  if (error) return fail("The JSON text cannot be read: " + error.message() + ".");
  return parser.handler().take_value();
}

}  // namespace postern::admin
