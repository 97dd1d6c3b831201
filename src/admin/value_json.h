// Values as JSON text and back, the way the Exchange Online endpoint writes them.
//
// A property whose kind JSON cannot tell is announced by annotations that stand before it:
//
//   "Received@data.type":"System.DateTime","Received":"2025-01-29T19:07:30.4760000+00:00"
//   "Guid@data.type":"System.Guid","Guid@odata.type":"#Guid","Guid":"…"
//   "SenderDomains@odata.type":"#Collection(String)","SenderDomains":["smtp:*;1"]
//
// Reading turns such a date into a Time again and drops the annotations. Text that came from
// a stranger may be anything; on its way into JSON each byte that is not UTF-8 becomes U+FFFD.
#pragma once

#include <string>
#include <string_view>

#include "admin/value.h"
#include "base/result.h"

namespace postern::admin {

enum class JsonStyle {
  compact,
  indented,  ///< as ConvertTo-Json prints
  annotated  ///< compact, with the annotations above
};

std::string to_json(const Value& value, JsonStyle style);

/// Objects of more properties than this are refused, as is nesting deeper than 32.
inline constexpr std::size_t max_json_properties = 1000;

/// The whole text must be one JSON value.
Result<Value> parse_json(std::string_view text);

}  // namespace postern::admin
