// Dates of header fields, as `Wed, 29 Jan 2025 19:07:30 +0100` (RFC 5322 sections 3.3 and 4.3).
//
// base/time.h writes them. Reading needs more: comments and folds anywhere, years of two digits
// and zones with names, which old programs still send, and months as numbers.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace postern::mail {

/// `body` as it stands behind the colon, with its folds; nothing if it is no date. The day of the
/// week is not compared with the date, and a zone that says nothing (`-0000`, `A`, `XYZ`) is UTC.
std::optional<Time> parse_date(std::string_view body);

/// The date of a Received field, which stands behind its last semicolon (RFC 5321 section 4.4).
std::optional<Time> parse_received_date(std::string_view body);

}  // namespace postern::mail
