#include "admin/value_json.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cmath>

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

Result<Value> convert(const json::value& from);

Result<Value> convert_object(const json::object& from) {
  if (from.size() > max_json_properties) return fail("A JSON object has too many properties.");
  Object object;
  for (const auto& [key, value] : from) {
    const std::string_view name(key.data(), key.size());
    if (name.ends_with("@odata.type") || name.ends_with("@data.type")) continue;
    Result<Value> converted = convert(value);
    if (!converted) return converted;
    const json::value* type = from.if_contains(std::string(name) + "@data.type");
    if (type != nullptr && *type == json::value("System.DateTime")) {
      if (const auto time = parse_iso(converted->to_text())) *converted = *time;
    }
    object.set(name, std::move(*converted));
  }
  return object;
}

Result<Value> convert_list(const json::array& from) {
  List list;
  list.reserve(from.size());
  for (const json::value& item : from) {
    Result<Value> converted = convert(item);
    if (!converted) return converted;
    list.push_back(std::move(*converted));
  }
  return list;
}

Result<Value> convert(const json::value& from) {
  switch (from.kind()) {
    case json::kind::null:
      return Value();
    case json::kind::bool_:
      return from.get_bool();
    case json::kind::int64:
      return from.get_int64();
    case json::kind::uint64:
      return static_cast<double>(from.get_uint64());
    case json::kind::double_:
      return from.get_double();
    case json::kind::string:
      return std::string(from.get_string().data(), from.get_string().size());
    case json::kind::array:
      return convert_list(from.get_array());
    case json::kind::object:
      return convert_object(from.get_object());
  }
  std::abort();  // A number that was never a kind: not our memory any more.
}

}  // namespace

std::string to_json(const Value& value, JsonStyle style) {
  Writer writer(style);
  writer.write(value);
  return writer.take();
}

Result<Value> parse_json(std::string_view text) {
  json::error_code error;
  const json::value parsed = json::parse(json::string_view(text.data(), text.size()), error);
  if (error) return fail("The JSON text cannot be read: " + error.message() + ".");
  return convert(parsed);
}

}  // namespace postern::admin
