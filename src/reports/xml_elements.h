// An XML document, element by element, as reports need it: names without namespaces, the path that
// leads to them, and the text of those that have no elements within.
//
// Expat reads; nothing of the document is kept, so its memory grows with the depth alone. A
// document type is refused, and with it every entity that a document could define.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace postern::reports {

inline constexpr std::size_t max_xml_depth = 20;
/// Of one element; more letters are left out.
inline constexpr std::size_t max_xml_text = 4096;

/// An attribute of the element that begins; nothing if it has none of that name.
using XmlAttributes = std::function<std::optional<std::string>(std::string_view name)>;

struct XmlHandler {
  /// `path` is `feedback/record/row`. False ends the reading.
  std::function<bool(std::string_view path, const XmlAttributes& attributes)> begin;
  /// Its text, without those of elements within it.
  std::function<void(std::string_view path, const std::string& text)> end;
};

/// An error for what is no XML, too deep or has a document type. Where the handler ended the
/// reading, there is no error: it knows why.
Result<void> read_xml(std::string_view xml, const XmlHandler& handler);

}  // namespace postern::reports
