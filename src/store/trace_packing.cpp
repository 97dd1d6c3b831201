#include "store/trace_packing.h"

#include <array>
#include <optional>

#include "base/ascii.h"
#include "base/encoding.h"
#include "store/trace_query.h"

namespace postern::store {
namespace {

// Between a next hop and its address.
constexpr char address_mark = '\n';
// Stand for time and session in a reply's template; no reply holds control characters.
constexpr char time_mark = '\x01';
constexpr char session_mark = '\x02';

constexpr std::size_t uuid_bytes = 16;
constexpr std::array<std::size_t, 4> uuid_dashes = {8, 13, 18, 23};
constexpr std::size_t session_bytes = 8;

/// Of a hexadecimal digit whose letters begin with `a`; -1: it is none.
int digit_value(char c, char a) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= a && c <= a + 5 ? c - a + 10 : -1;
}

/// The bytes of digits with dashes before those at `dashes`; nothing if `text` is not that, or its
/// letters do not begin with `a`.
std::optional<std::string> from_hex(std::string_view text, std::size_t size, char a,
                                    std::span<const std::size_t> dashes) {
  if (text.size() != 2 * size + dashes.size()) return std::nullopt;
  std::string bytes;
  bytes.reserve(size);
  for (std::size_t at = 0; at < text.size();) {
    if (!dashes.empty() && at == dashes.front()) {
      if (text[at++] != '-') return std::nullopt;
      dashes = dashes.subspan(1);
    }
    const int high = digit_value(text[at++], a);
    const int low = digit_value(text[at++], a);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

/// Text that is not of the form expected: kept, and told apart by a length that packed ones
/// never have.
std::string pack_other(std::string_view text, std::size_t packed_size) {
  std::string stored = "=" + std::string(text);
  if (stored.size() == packed_size) stored.insert(0, "=");
  return stored;
}

std::string unpack_other(std::string_view stored) {
  while (stored.starts_with('=')) stored.remove_prefix(1);
  return std::string(stored);
}

std::int64_t to_micros(Time time) {
  return time.time_since_epoch().count();
}

}  // namespace

std::int64_t trace_string_hash(std::string_view text) {
  const std::string digest = sha256(to_lower(text));
  std::int64_t hash = 0;
  for (int i = 0; i < 6; ++i)
    hash = hash << 8 | static_cast<unsigned char>(digest[static_cast<std::size_t>(i)]);
  return hash;
}

std::string pack_trace_id(std::string_view id) {
  const auto bytes = from_hex(id, uuid_bytes, 'a', uuid_dashes);
  return bytes ? *bytes : pack_other(id, uuid_bytes);
}

std::string unpack_trace_id(std::string_view stored) {
  if (stored.size() != uuid_bytes) return unpack_other(stored);
  std::string text = to_hex(stored);
  for (const std::size_t at : uuid_dashes) text.insert(at, 1, '-');
  return text;
}

std::string pack_session(std::string_view session) {
  const auto bytes = from_hex(session, session_bytes, 'A', {});
  return bytes ? *bytes : pack_other(session, session_bytes);
}

std::string unpack_session(std::string_view stored) {
  if (stored.size() != session_bytes) return unpack_other(stored);
  std::string text = to_hex(stored);
  for (char& c : text) {
    if (c >= 'a') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

PackedReply pack_reply(const TraceRecord& record) {
  const std::string end = " " + record.session + "]";
  const std::size_t bracket = record.reply.rfind(" [");
  if (record.session.empty() || bracket == std::string::npos || !record.reply.ends_with(end)) {
    return {record.reply, 0};
  }
  const std::string_view before(record.reply.data(), record.reply.size() - end.size());
  const std::size_t blank = before.rfind(' ');
  const auto time = parse_iso(before.substr(blank + 1));
  if (blank <= bracket || !time || format_iso(*time) != before.substr(blank + 1)) {
    return {record.reply, 0};
  }
  PackedReply packed{std::string(before.substr(0, blank + 1)), 0};
  packed.text += time_mark;
  packed.text += ' ';
  packed.text += session_mark;
  packed.text += ']';
  packed.milliseconds = to_micros(*time) / 1000 - to_micros(record.received) / 1000;
  return packed;
}

std::string unpack_reply(const PackedReply& packed, Time received, std::string_view session) {
  std::string text;
  for (const char c : packed.text) {
    if (c == time_mark) {
      const std::int64_t milliseconds = to_micros(received) / 1000 + packed.milliseconds;
      text += format_iso(Time(std::chrono::milliseconds(milliseconds)));
    } else if (c == session_mark) {
      text += session;
    } else {
      text += c;
    }
  }
  return text;
}

std::string pack_next_hop(const TraceRecord& record) {
  if (record.to_ip.empty() || next_hop_address(record.next_hop) == record.to_ip)
    return record.next_hop;
  return record.next_hop + address_mark + record.to_ip;
}

void unpack_next_hop(std::string_view packed, TraceRecord& record) {
  const std::size_t mark = packed.find(address_mark);
  record.next_hop = packed.substr(0, mark);
  record.to_ip =
      mark == std::string_view::npos ? next_hop_address(record.next_hop) : packed.substr(mark + 1);
}

std::string pack_ids(std::span<const std::int64_t> ids) {
  std::string packed;
  packed.reserve(ids.size() * sizeof ids[0]);
  for (const std::int64_t id : ids) {
    for (int shift = 0; shift < 64; shift += 8)
      packed += static_cast<char>((static_cast<std::uint64_t>(id) >> shift) & 0xff);
  }
  return packed;
}

std::vector<std::int64_t> unpack_ids(std::string_view packed) {
  std::vector<std::int64_t> ids;
  for (; packed.size() >= 8; packed.remove_prefix(8)) {
    std::uint64_t id = 0;
    for (std::size_t i = 8; i-- > 0;) id = id << 8 | static_cast<unsigned char>(packed[i]);
    ids.push_back(static_cast<std::int64_t>(id));
  }
  return ids;
}

}  // namespace postern::store
