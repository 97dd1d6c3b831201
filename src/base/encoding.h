// Bytes as text: hexadecimal, Base64, percent signs; and identifiers that nobody can guess.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"

namespace postern {

std::string to_hex(std::span<const std::uint8_t> bytes);
std::string to_hex(std::string_view bytes);

/// RFC 4648 section 4, with padding, without line breaks.
std::string to_base64(std::string_view bytes);
/// Strict: wrong letters or padding are an error. White space is skipped, as DKIM and PEM need.
std::optional<std::string> from_base64(std::string_view text);

/// `count` bytes from the system's random generator, as upper-case hexadecimal digits.
std::string random_hex(std::size_t count);
/// A random UUID (RFC 9562 version 4), lower case.
std::string random_uuid();
/// A UUID that begins with the time in milliseconds (RFC 9562 version 7): rows that come in order
/// stand in order in an index.
std::string time_ordered_uuid(Time time);

/// SHA-256, 32 bytes.
std::string sha256(std::string_view bytes);

}  // namespace postern
