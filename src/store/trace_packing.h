// How texts of the trace's rows are kept short (trace_day.h): what can be written again from less
// is stored as less, and comes out as it went in, whatever it was.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/trace_record.h"

namespace postern::store {

/// The index key of a string.
std::int64_t trace_string_hash(std::string_view text);

/// A UUID as 16 bytes, 16 upper-case digits as 8; other text is kept as it is.
std::string pack_trace_id(std::string_view id);
std::string unpack_trace_id(std::string_view stored);
std::string pack_session(std::string_view session);
std::string unpack_session(std::string_view stored);

// A refusal ends with `[mx.example.com 2025-01-29T19:07:30.476Z 08DD3FA5DBC8F401]`, which makes
// each one different. It is stored as a template, with the time as a difference to the row's.
struct PackedReply {
  std::string text;
  std::int64_t milliseconds = 0;
};
PackedReply pack_reply(const TraceRecord& record);
std::string unpack_reply(const PackedReply& packed, Time received, std::string_view session);

// Next hop and its address are one text, `smtp:mail.contoso.com:25` LF `192.0.2.25`, since the same
// few pairs come again and again; the hop alone where it says the address itself.
std::string pack_next_hop(const TraceRecord& record);
void unpack_next_hop(std::string_view packed, TraceRecord& record);

/// Numbers of strings as 8 octets each.
std::string pack_ids(std::span<const std::int64_t> ids);
std::vector<std::int64_t> unpack_ids(std::string_view packed);

}  // namespace postern::store
