#include "edge/config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "delivery/next_hop.h"
#include "edge/toml_table.h"
#include "mail/domain_name.h"
#include "net/listener.h"

namespace postern::edge {
namespace {

/// What the machine calls itself, if that is a name with a dot.
std::string system_hostname() {
  char name[256] = {};
  if (gethostname(name, sizeof name - 1) != 0) return {};
  return std::string(name).contains('.') ? name : "";
}

void read_server(TomlTable& table, Config& config) {
  table.read("hostname", config.hostname);
  table.read("data_directory", config.data_directory);
  table.read("user", config.user);
  table.read_number("threads", 0, 256, config.threads);
  if (table.has("hostname")) {
    const auto name = mail::to_a_label(config.hostname);
    if (!name || !name->contains('.')) {
      table.complain("hostname", "expected a fully qualified domain name such as mx.example.com");
    } else {
      config.hostname = *name;
    }
  }
  if (config.data_directory.empty()) {
    table.complain("data_directory", "expected a folder such as \"/var/lib/postern\"");
  } else if (!config.data_directory.is_absolute()) {
    config.data_directory = std::filesystem::absolute(config.data_directory);
  }
}

/// Complains about every address, and says what an address looks like, in the words of net/.
void check_endpoint(TomlTable& table, std::string_view key, const std::string& text) {
  if (const auto endpoint = net::parse_endpoint(text); !endpoint)
    table.complain(key, endpoint.error().message);
}

IpPrefixList read_prefixes(TomlTable& table, std::string_view key) {
  std::vector<std::string> texts;
  table.read(key, texts);
  std::vector<IpPrefix> prefixes;
  for (const std::string& text : texts) {
    if (const auto prefix = IpPrefix::parse(text)) {
      prefixes.push_back(*prefix);
    } else {
      table.complain(key, fmt::format("\"{}\" is no address or prefix such as 192.0.2.0/24", text));
    }
  }
  return IpPrefixList(std::move(prefixes));
}

void read_listener(TomlTable& table, Config& config) {
  ListenerConfig listener;
  std::string protocol = "smtp";
  table.read_choice("protocol", {"smtp", "milter"}, protocol);
  if (protocol == "milter") listener.protocol = Protocol::milter;
  table.read("address", listener.address);
  listener.proxy_protocol_from = read_prefixes(table, "proxy_protocol_from");
  if (!table.has("address")) {
    table.complain("address", "is missing; a listener needs an address such as \"0.0.0.0:25\"");
  } else {
    check_endpoint(table, "address", listener.address);
  }
  // The rules are about the client's address, which only the milter protocol tells itself.
  if (listener.protocol == Protocol::smtp && listener.address.starts_with("unix:")) {
    table.complain("address", "a Unix socket is for protocol = \"milter\" only");
  }
  if (listener.protocol == Protocol::milter && table.has("proxy_protocol_from")) {
    table.complain("proxy_protocol_from", "is for protocol = \"smtp\" only");
  }
  config.listeners.push_back(std::move(listener));
}

/// Relative to the configuration file, since that is where certificates are looked for.
void read_file(TomlTable& table, std::string_view key, const Config& config,
               std::filesystem::path& out) {
  table.read(key, out);
  if (out.empty()) return;
  if (out.is_relative()) out = std::filesystem::absolute(config.file).parent_path() / out;
  if (access(out.c_str(), R_OK) != 0) {
    table.complain(key, fmt::format("cannot read {}: {}", out.string(),
                                    std::generic_category().message(errno)));
  }
}

void read_key_pair(TomlTable& table, const Config& config, std::filesystem::path& certificate,
                   std::filesystem::path& private_key) {
  read_file(table, "certificate", config, certificate);
  read_file(table, "private_key", config, private_key);
  if (certificate.empty() != private_key.empty()) {
    table.complain(certificate.empty() ? "private_key" : "certificate",
                   "certificate and private_key go together; one is missing");
  }
}

/// `system`, or a PEM file.
void read_anchors(TomlTable& table, std::string_view key, const Config& config,
                  std::string& anchors) {
  if (!table.has(key)) return;
  table.read(key, anchors);
  if (anchors == "system") return;
  std::filesystem::path file = anchors;
  read_file(table, key, config, file);
  anchors = file.string();
}

void read_tls(TomlTable& table, Config& config) {
  read_key_pair(table, config, config.tls.certificate, config.tls.private_key);
  read_anchors(table, "client_ca", config, config.tls.client_ca);
  table.with_each("sni", [&](TomlTable& inner) {
    SniConfig sni;
    inner.read("names", sni.names);
    if (sni.names.empty())
      inner.complain("names", "expected the names this certificate is for, [\"mx.example.com\"]");
    read_key_pair(inner, config, sni.certificate, sni.private_key);
    if (sni.certificate.empty()) inner.complain("certificate", "is missing");
    config.tls.sni.push_back(std::move(sni));
  });
}

void read_dns(TomlTable& table, Config& config) {
  table.read("servers", config.dns.servers);
  for (const std::string& server : config.dns.servers) check_endpoint(table, "servers", server);
  table.read("trust_anchor", config.dns.trust_anchor);
  read_file(table, "zone", config, config.dns.zone);
}

void read_trace(TomlTable& table, Config& config) {
  table.read_number("keep_days", 1, 3650, config.trace.keep_days);
  table.read_number("max_bytes", 1'000'000, 1'000'000'000'000'000, config.trace.max_bytes);
  table.read_number("queue_rows", 100, 10'000'000, config.trace.queue_rows);
}

void read_traffic_counts(TomlTable& table, Config& config) {
  TrafficCountsConfig& counts = config.traffic_counts;
  table.read_number("keep_days", 1, 3650, counts.keep_days);
  table.read_number("max_bytes", 1'000'000, 1'000'000'000'000'000, counts.max_bytes);
  table.read_number("organization_rows", 1, 1'000'000, counts.organization_rows);
  table.read_number("organization_addresses", 1, 1'000'000, counts.organization_addresses);
  table.read_number("all_rows", 1, 100'000'000, counts.all_rows);
}

void read_quarantine(TomlTable& table, Config& config) {
  table.read("folder", config.quarantine.folder);
  if (config.quarantine.folder.empty())
    table.complain("folder", "expected a folder such as \"quarantine\"");
  table.read_number("keep_days", 1, 3650, config.quarantine.keep_days);
  table.read_number("max_bytes", 1'000'000, 1'000'000'000'000'000, config.quarantine.max_bytes);
}

/// Told at the key that stands in the file: the other one may be a default.
void check_order(TomlTable& table, const LimitOrder& order, const Limits& limits) {
  const std::int64_t lesser = limit_key(order.lesser).get(limits);
  const std::int64_t greater = limit_key(order.greater).get(limits);
  if (lesser <= greater) return;
  if (table.has(order.greater)) {
    table.complain(order.greater, fmt::format("expected at least {} ({}), found {}", order.lesser,
                                              lesser, greater));
  } else {
    table.complain(order.lesser, fmt::format("expected at most {} ({}), found {}", order.greater,
                                             greater, lesser));
  }
}

void read_limits(TomlTable& table, Config& config) {
  for (const LimitKey& limit : limit_keys()) {
    std::int64_t value = limit.get(config.limits);
    table.read(limit.name, limit.minimum, limit.maximum, value);
    limit.set(config.limits, value);
  }
  for (const LimitOrder& order : limit_orders()) check_order(table, order, config.limits);
}

void read_log(TomlTable& table, Config& config) {
  std::string format = "logfmt";
  std::string level = "info";
  table.read_choice("format", {"logfmt", "json"}, format);
  table.read_choice("level", {"debug", "info", "warning", "error"}, level);
  config.log_format = format == "json" ? LogFormat::json : LogFormat::logfmt;
  config.log_level = level == "debug"     ? LogLevel::debug
                     : level == "warning" ? LogLevel::warning
                     : level == "error"   ? LogLevel::error
                                          : LogLevel::info;
}

void read_admin(TomlTable& table, Config& config) {
  table.read("address", config.admin.address);
  if (!config.admin.address.empty()) check_endpoint(table, "address", config.admin.address);
  read_key_pair(table, config, config.admin.certificate, config.admin.private_key);
}

void check_hop(TomlTable& table, std::string_view key, const std::string& text) {
  if (const auto hop = delivery::parse_next_hop(text); !hop)
    table.complain(key, hop.error().message);
}

void read_delivery(TomlTable& table, Config& config) {
  table.read("default", config.delivery.default_hop);
  check_hop(table, "default", config.delivery.default_hop);
  table.read("relay", config.delivery.relay);
  if (!config.delivery.relay.empty()) {
    if (const auto relay = delivery::parse_relay(config.delivery.relay); !relay)
      table.complain("relay", relay.error().message);
  }
  read_anchors(table, "tls_ca", config, config.delivery.tls_ca);
}

void read_file_table(TomlTable& table, Config& config) {
  table.with_table("server", [&](TomlTable& inner) { read_server(inner, config); });
  table.with_each("listener", [&](TomlTable& inner) { read_listener(inner, config); });
  table.with_table("tls", [&](TomlTable& inner) { read_tls(inner, config); });
  table.with_table("dns", [&](TomlTable& inner) { read_dns(inner, config); });
  table.with_table("store", [&](TomlTable& inner) {
    inner.read("url", config.store_url);
    if (!config.store_url.starts_with("sqlite:") || config.store_url == "sqlite:") {
      inner.complain("url", "expected sqlite: and a file, such as \"sqlite:postern.db\"");
    }
  });
  table.with_table("trace", [&](TomlTable& inner) { read_trace(inner, config); });
  table.with_table("traffic_counts", [&](TomlTable& inner) { read_traffic_counts(inner, config); });
  table.with_table("quarantine", [&](TomlTable& inner) { read_quarantine(inner, config); });
  table.with_table("limits", [&](TomlTable& inner) { read_limits(inner, config); });
  table.with_table("log", [&](TomlTable& inner) { read_log(inner, config); });
  table.with_table("admin", [&](TomlTable& inner) { read_admin(inner, config); });
  table.with_table("delivery", [&](TomlTable& inner) { read_delivery(inner, config); });

  if (config.hostname.empty()) config.hostname = system_hostname();
  if (config.hostname.empty()) {
    table.complain(
        "server",
        "hostname is missing, and the machine's own name has no domain; set it to the MX's name");
  }
  if (config.listeners.empty()) {
    table.complain("listener", "there is no [[listener]]; add one with address = \"0.0.0.0:25\"");
  }
}

}  // namespace

std::expected<Config, ConfigErrors> parse_config(std::string_view text,
                                                 const std::filesystem::path& file) {
  Config config;
  config.file = file;
  ConfigErrors errors;
  try {
    const toml::table parsed = toml::parse(text);
    TomlTable table(parsed, "", file.string(), errors);
    read_file_table(table, config);
    table.finish();
  } catch (const toml::parse_error& error) {
    errors.push_back(
        fmt::format("{}:{}: {}", file.string(), error.source().begin.line, error.description()));
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return config;
}

std::expected<Config, ConfigErrors> load_config(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::stringstream text;
  if (!stream || !(text << stream.rdbuf())) {
    return std::unexpected(ConfigErrors{fmt::format("{}: cannot be read: {}", file.string(),
                                                    std::generic_category().message(errno))});
  }
  return parse_config(text.str(), file);
}

}  // namespace postern::edge
