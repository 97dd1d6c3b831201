// The table [limits] of the configuration: every quantity that a stranger controls, with its
// default and the range that makes sense. docs/smtp-session.md has the same list with what a client
// hears beyond each, and a test compares the two.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "smtp/limits.h"

namespace postern::edge {

struct Limits {
  smtp::Limits session;

  /// Connections in all, and of one client (IPv6: of one /64). Beyond: 421 4.7.0.
  std::int64_t max_connections = 20'000;
  std::int64_t max_connections_per_client = 50;

  /// Octets of messages held over all sessions, in memory and in the spool. Beyond: 452 4.3.1.
  std::int64_t message_memory = std::int64_t{512} << 20;
  std::int64_t message_spool = std::int64_t{4} << 30;

  /// Threads that write mail to disk, and the calls that may wait for one. Beyond: 451 4.3.1.
  std::int64_t delivery_threads = 32;
  std::int64_t delivery_queue = 4096;

  /// Answers of the DNS that each I/O thread keeps.
  std::int64_t dns_cache_entries = 100'000;
  std::int64_t dns_cache_bytes = std::int64_t{64} << 20;

  /// Received fields of a message that is not in a loop (RFC 5321 section 6.3). Beyond: 554 5.4.6.
  std::int64_t max_hops = 100;

  // Next hops (delivery/hop_pool.h, hop_opener.h, hop_breaker.h). Of one hop and one thread:
  std::int64_t hop_connections = 25;  ///< beyond: wait for one, then 451 4.4.1
  std::int64_t hop_held = 20;         ///< of these, for clients that are still sending
  // Of one connection; times in seconds.
  std::int64_t hop_messages = 1000;
  std::int64_t hop_age = 300;
  std::int64_t hop_idle = 30;
  std::int64_t hop_connect_time = 20;  ///< until greeting and TLS, for each address
  std::int64_t hop_addresses = 8;      ///< tried for one message
  std::int64_t hop_address_retry = 60;
  /// Failures in a row after which a hop is left alone for this many seconds.
  std::int64_t hop_failures = 5;
  std::int64_t hop_rest = 30;

  /// Octets of one packet of an MTA that asks us as its milter. Beyond: the connection is closed.
  std::int64_t milter_packet = 512 << 10;
  /// Seconds between two packets: an MTA is silent while its client sends a message. And seconds
  /// for a packet that has begun. Beyond: the connection is closed.
  std::int64_t milter_idle_time = 7200;
  std::int64_t milter_packet_time = 60;

  /// Of one connector that has no limits of its own, a minute. Zero: none. Beyond: 450 4.7.1.
  std::int64_t connector_message_rate = 0;
  std::int64_t connector_recipient_rate = 0;

  /// Seconds that sessions get to end after SIGTERM.
  std::int64_t drain_time = 30;
};

struct LimitKey {
  std::string name;
  std::int64_t minimum;
  std::int64_t maximum;
  std::function<std::int64_t(const Limits&)> get;
  std::function<void(Limits&, std::int64_t)> set;
};

/// All keys of [limits], those of the session first.
const std::vector<LimitKey>& limit_keys();

/// Two limits of which one would never be reached, or would forbid what the other allows, if
/// `lesser` were above `greater`.
struct LimitOrder {
  std::string_view lesser;
  std::string_view greater;
};

std::span<const LimitOrder> limit_orders();

/// That key of [limits].
const LimitKey& limit_key(std::string_view name);

}  // namespace postern::edge
