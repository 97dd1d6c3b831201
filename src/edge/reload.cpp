#include "edge/reload.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace postern::edge {
namespace {

bool is_same(const std::vector<ListenerConfig>& one, const std::vector<ListenerConfig>& other) {
  return std::ranges::equal(one, other, [](const ListenerConfig& a, const ListenerConfig& b) {
    return a.protocol == b.protocol && a.address == b.address &&
           a.proxy_protocol_from.prefixes() == b.proxy_protocol_from.prefixes();
  });
}

/// Of what all threads share since the start.
constexpr std::array<std::string_view, 16> restart_limits{
    "message_memory",    "message_spool",     "delivery_threads", "delivery_queue",
    "dns_cache_entries", "dns_cache_bytes",   "hop_connections",  "hop_held",
    "hop_messages",      "hop_age",           "hop_idle",         "hop_connect_time",
    "hop_addresses",     "hop_address_retry", "hop_failures",     "hop_rest"};

template <class T>
bool is_same(const T& one, const T& other) {
  return one == other;
}

}  // namespace

Reload plan_reload(Config wanted, const Config& running) {
  Reload reload{.config = std::move(wanted), .need_restart = {}};
  Config& config = reload.config;
  const auto keep = [&](std::string key, auto& value, const auto& in_force) {
    if (is_same(value, in_force)) return;
    reload.need_restart.push_back(std::move(key));
    value = in_force;
  };
  keep("[server] hostname", config.hostname, running.hostname);
  keep("[server] data_directory", config.data_directory, running.data_directory);
  keep("[server] user", config.user, running.user);
  keep("[server] threads", config.threads, running.threads);
  keep("[[listener]]", config.listeners, running.listeners);
  keep("[dns] servers", config.dns.servers, running.dns.servers);
  keep("[dns] trust_anchor", config.dns.trust_anchor, running.dns.trust_anchor);
  keep("[dns] zone", config.dns.zone, running.dns.zone);
  keep("[store] url", config.store_url, running.store_url);
  keep("[traffic_counts] organization_rows", config.traffic_counts.organization_rows,
       running.traffic_counts.organization_rows);
  keep("[traffic_counts] organization_addresses", config.traffic_counts.organization_addresses,
       running.traffic_counts.organization_addresses);
  keep("[traffic_counts] all_rows", config.traffic_counts.all_rows,
       running.traffic_counts.all_rows);
  keep("[quarantine] folder", config.quarantine.folder, running.quarantine.folder);
  keep("[admin] address", config.admin.address, running.admin.address);
  keep("[delivery] relay", config.delivery.relay, running.delivery.relay);
  keep("[delivery] tls_ca", config.delivery.tls_ca, running.delivery.tls_ca);
  for (const std::string_view name : restart_limits) {
    const LimitKey& limit = limit_key(name);
    std::int64_t value = limit.get(config.limits);
    keep("[limits] " + limit.name, value, limit.get(running.limits));
    limit.set(config.limits, value);
  }
  return reload;
}

}  // namespace postern::edge
