// posternd's configuration file: what DESIGN's table of keys says, as values.
//
// Every mistake is told with file, line, key and what was expected, and all of them at once;
// with one mistake nothing starts. Unknown keys are mistakes too: a misspelt limit that is
// silently ignored protects nobody.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/log.h"
#include "edge/limits.h"

namespace postern::edge {

enum class Protocol { smtp, milter };

struct ListenerConfig {
  Protocol protocol = Protocol::smtp;
  std::string address;  ///< `0.0.0.0:25`, `[::]:25`; of a milter also `unix:/run/postern/milter`
  IpPrefixList proxy_protocol_from;
};

struct SniConfig {
  std::vector<std::string> names;  ///< `mx.example.com`, `*.example.com`
  std::filesystem::path certificate;
  std::filesystem::path private_key;
};

struct TlsConfig {
  /// Both empty: a self-signed certificate is made at start, so that STARTTLS is offered anyway.
  std::filesystem::path certificate;
  std::filesystem::path private_key;
  std::string client_ca = "system";  ///< or a PEM file
  std::vector<SniConfig> sni;
};

struct DnsConfig {
  std::vector<std::string> servers;  ///< `127.0.0.1:5353`; empty: the system's resolvers
  std::string trust_anchor;
  /// Answer from this zone file and ask nobody: demos, tests, a laptop in a train.
  std::filesystem::path zone;
};

struct TraceConfig {
  int keep_days = 90;
  std::uint64_t max_bytes = 20'000'000'000;
  std::uint64_t queue_rows = 100'000;
};

struct TrafficCountsConfig {
  int keep_days = 90;
  std::uint64_t max_bytes = 2'000'000'000;
  /// Of an organization in an hour, for each kind and each step of detail (store/traffic_day.h).
  std::uint64_t organization_rows = 500;
  std::uint64_t organization_addresses = 2'000;
  std::uint64_t all_rows = 50'000;  ///< in an hour
};

struct QuarantineConfig {
  std::string folder = "quarantine";  ///< relative: under data_directory
  int keep_days = 30;
  std::uint64_t max_bytes = std::uint64_t{10} << 30;
};

struct AdminConfig {
  std::string address = "127.0.0.1:8025";  ///< empty: only the Unix socket
  std::filesystem::path certificate;       ///< needed off loopback
  std::filesystem::path private_key;
};

struct DeliveryConfig {
  std::string default_hop = "maildir:mail/%d/%u";
  std::string relay;
  std::string tls_ca =
      "system";  ///< or a PEM file: whom next hops with tls=verify are certified by
};

struct Config {
  std::filesystem::path file;
  std::string hostname;
  std::filesystem::path data_directory = "/var/lib/postern";
  std::string user;
  int threads = 0;  ///< 0: one per core
  std::vector<ListenerConfig> listeners;
  TlsConfig tls;
  DnsConfig dns;
  std::string store_url = "sqlite:postern.db";
  TraceConfig trace;
  TrafficCountsConfig traffic_counts;
  QuarantineConfig quarantine;
  Limits limits;
  LogFormat log_format = LogFormat::logfmt;
  LogLevel log_level = LogLevel::info;
  AdminConfig admin;
  DeliveryConfig delivery;

  /// Relative paths are under data_directory.
  std::filesystem::path under_data(const std::filesystem::path& path) const {
    return data_directory / path;
  }
};

/// `file:12: [server] threads: expected a whole number from 0 to 256, found "many"`
using ConfigErrors = std::vector<std::string>;

std::expected<Config, ConfigErrors> load_config(const std::filesystem::path& file);
/// As load_config, of text that is in memory; `file` is what messages call it.
std::expected<Config, ConfigErrors> parse_config(std::string_view text,
                                                 const std::filesystem::path& file);

}  // namespace postern::edge
