#include "edge/limits.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "directory/objects.h"

namespace postern::edge {
namespace {

constexpr std::int64_t highest = std::int64_t{1} << 40;

LimitKey session_key(const smtp::LimitRow& row) {
  LimitKey key{.name = std::string(row.name),
               .minimum = static_cast<std::int64_t>(row.lowest),
               .maximum = highest};
  if (const auto* count = std::get_if<smtp::Limits::Count smtp::Limits::*>(&row.member)) {
    key.get = [member = *count](const Limits& limits) {
      return static_cast<std::int64_t>(limits.session.*member);
    };
    key.set = [member = *count](Limits& limits, std::int64_t value) {
      limits.session.*member = static_cast<smtp::Limits::Count>(value);
    };
  } else {
    // A day is more than any session is worth.
    key.maximum = 86'400;
    const auto member = std::get<smtp::Limits::Period smtp::Limits::*>(row.member);
    key.get = [member](const Limits& limits) {
      return static_cast<std::int64_t>((limits.session.*member).count());
    };
    key.set = [member](Limits& limits, std::int64_t value) {
      limits.session.*member = smtp::Limits::Period(value);
    };
  }
  return key;
}

LimitKey edge_key(std::string name, std::int64_t Limits::* member, std::int64_t minimum,
                  std::int64_t maximum) {
  return {.name = std::move(name),
          .minimum = minimum,
          .maximum = maximum,
          .get = [member](const Limits& limits) { return limits.*member; },
          .set = [member](Limits& limits, std::int64_t value) { limits.*member = value; }};
}

std::vector<LimitKey> make_keys() {
  std::vector<LimitKey> keys;
  for (const smtp::LimitRow& row : smtp::limits()) keys.push_back(session_key(row));
  keys.push_back(edge_key("max_connections", &Limits::max_connections, 1, 1'000'000));
  keys.push_back(
      edge_key("max_connections_per_client", &Limits::max_connections_per_client, 1, 1'000'000));
  keys.push_back(edge_key("message_memory", &Limits::message_memory, 1 << 20, highest));
  keys.push_back(edge_key("message_spool", &Limits::message_spool, 1 << 20, highest * 1000));
  keys.push_back(edge_key("delivery_threads", &Limits::delivery_threads, 1, 512));
  keys.push_back(edge_key("delivery_queue", &Limits::delivery_queue, 1, 1'000'000));
  keys.push_back(edge_key("dns_cache_entries", &Limits::dns_cache_entries, 100, 100'000'000));
  keys.push_back(edge_key("dns_cache_bytes", &Limits::dns_cache_bytes, 100'000, highest));
  keys.push_back(edge_key("max_hops", &Limits::max_hops, 10, 1000));
  keys.push_back(edge_key("hop_connections", &Limits::hop_connections, 1, 10'000));
  keys.push_back(edge_key("hop_held", &Limits::hop_held, 0, 10'000));
  keys.push_back(edge_key("hop_messages", &Limits::hop_messages, 1, 1'000'000));
  keys.push_back(edge_key("hop_age", &Limits::hop_age, 1, 86'400));
  keys.push_back(edge_key("hop_idle", &Limits::hop_idle, 0, 3600));
  // All of them together have to leave something of the minute that a client waits.
  keys.push_back(edge_key("hop_connect_time", &Limits::hop_connect_time, 1, 60));
  keys.push_back(edge_key("hop_addresses", &Limits::hop_addresses, 1, 100));
  keys.push_back(edge_key("hop_address_retry", &Limits::hop_address_retry, 1, 86'400));
  keys.push_back(edge_key("hop_failures", &Limits::hop_failures, 1, 1'000'000));
  keys.push_back(edge_key("hop_rest", &Limits::hop_rest, 1, 86'400));
  // A body comes in pieces of 65,535 octets, and Postfix has header fields of 102,400.
  keys.push_back(edge_key("milter_packet", &Limits::milter_packet, 131'072, 16 << 20));
  keys.push_back(edge_key("milter_idle_time", &Limits::milter_idle_time, 1, 86'400));
  keys.push_back(edge_key("milter_packet_time", &Limits::milter_packet_time, 1, 3600));
  keys.push_back(edge_key("connector_message_rate", &Limits::connector_message_rate, 0,
                          directory::max_rate_limit));
  keys.push_back(edge_key("connector_recipient_rate", &Limits::connector_recipient_rate, 0,
                          directory::max_rate_limit));
  keys.push_back(edge_key("drain_time", &Limits::drain_time, 0, 3600));
  return keys;
}

}  // namespace

const std::vector<LimitKey>& limit_keys() {
  static const std::vector<LimitKey> keys = make_keys();
  return keys;
}

std::span<const LimitOrder> limit_orders() {
  static constexpr std::array orders{
      // A list whose recipients are all of other organizations would be cut off.
      LimitOrder{"max_recipients", "max_commands_without_progress"},
      LimitOrder{"max_connections_per_client", "max_connections"},
      // The largest message that EHLO promises to take would never fit.
      LimitOrder{"max_message_size", "message_spool"},
      LimitOrder{"idle_time", "session_time"},
      LimitOrder{"idle_time", "content_time"},
      LimitOrder{"hop_held", "hop_connections"},
  };
  return orders;
}

const LimitKey& limit_key(std::string_view name) {
  const auto found = std::ranges::find(limit_keys(), name, &LimitKey::name);
  assert(found != limit_keys().end());
  return *found;
}

}  // namespace postern::edge
