// Domain names as the DNS sees them: labels of any octets (RFC 1035 section 3.1).
//
// Here they are strings in one canonical form, so that equal names are equal strings: lower
// case, without a final dot, and every octet that is not plain printable ASCII, and a dot or
// backslash inside a label, as \DDD. The root is the empty string. Host names
// (mail/domain_name.h) are in this form as they are.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postern::dns {

inline constexpr std::size_t max_label = 63;
/// In octets on the wire, with the length octets and the root (RFC 1035 section 2.3.4).
inline constexpr std::size_t max_wire_name = 255;

/// From the form of master files: `\.` and `\DDD` are escapes, a final dot is allowed.
/// Nothing for empty labels, wrong escapes, or a name that is too long.
std::optional<std::string> name_from_presentation(std::string_view text);

/// From labels that are separated by dots, where all other characters stand for themselves, as
/// the macros of SPF make them. A final dot is allowed.
std::optional<std::string> name_from_octets(std::string_view text);

/// Appends one label in canonical form, with a dot before it unless `name` is empty.
void append_label(std::string& name, std::string_view octets);

/// The wire form of a canonical name, which ends with the root's zero.
std::string to_wire(std::string_view name);

/// The name without its first label; the parent of a name of one label is the root.
std::string_view parent_of(std::string_view name);

}  // namespace postern::dns
