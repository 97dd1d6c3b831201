// Reports travel compressed: gzip (RFC 1952), as the RFCs ask for, or zip, as some senders have it
// since before there were RFCs.
//
// What is packed is a stranger's: a few kilobytes can unpack to gigabytes, so there is an end to
// what is unpacked, and it is counted on the way.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace postern::reports {

/// Unpacked. The largest that big receivers send to busy domains have a third of it.
inline constexpr std::size_t max_report_bytes = 32 * 1024 * 1024;

/// What is in `bytes`, told by how they begin, never by a name: the content of a gzip file, of the
/// first file of a zip archive (stored or deflated, not encrypted), or the bytes themselves. An
/// error for what is damaged, and for more than `most` octets.
Result<std::string> unpack(std::string_view bytes, std::size_t most = max_report_bytes);

}  // namespace postern::reports
