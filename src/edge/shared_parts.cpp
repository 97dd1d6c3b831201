#include "edge/shared_parts.h"

#include <sys/stat.h>

#include <chrono>
#include <string>

#include "mail/domain_name.h"

namespace postern::edge {
namespace {

/// The file behind `sqlite:postern.db`.
std::string database_file(const Config& config) {
  return config.under_data(config.store_url.substr(std::string_view("sqlite:").size())).string();
}

store::TraceSettings trace_settings(const Config& config) {
  return {.folder = config.under_data("trace").string(),
          .keep_days = config.trace.keep_days,
          .max_bytes = static_cast<std::int64_t>(config.trace.max_bytes),
          .queue_rows = config.trace.queue_rows};
}

store::TrafficSettings traffic_settings(const Config& config) {
  const TrafficCountsConfig& counts = config.traffic_counts;
  return {.folder = config.under_data("traffic").string(),
          .keep_days = counts.keep_days,
          .max_bytes = static_cast<std::int64_t>(counts.max_bytes),
          .limits = {.organization_rows = counts.organization_rows,
                     .organization_addresses = counts.organization_addresses,
                     .all_rows = counts.all_rows}};
}

net::AdmissionLimits admission_limits(const Config& config) {
  return {.connections = static_cast<std::uint32_t>(config.limits.max_connections),
          .connections_per_client =
              static_cast<std::uint32_t>(config.limits.max_connections_per_client)};
}

/// Puts what was opened into its place.
template <class Part>
Result<void> take(std::unique_ptr<Part>& place, Result<std::unique_ptr<Part>> opened) {
  if (!opened) return std::unexpected(opened.error());
  place = std::move(*opened);
  return {};
}

Result<void> open_stores(SharedParts& parts, const Config& config) {
  const auto file = [&](const char* name) { return config.under_data(name).string(); };
  store::TraceSettings traced = trace_settings(config);
  traced.follower = [&parts](std::span<const store::TraceRecord> records) {
    parts.traffic->add(records);
  };
  Result<void> done = take(parts.directory, store::DirectoryStore::open(database_file(config)));
  if (done) done = take(parts.traffic, store::TrafficCounts::open(traffic_settings(config)));
  if (done) done = take(parts.trace, store::TraceStore::open(std::move(traced)));
  if (done) done = take(parts.spoofs, store::SpoofIntelligence::open({.path = file("spoof.db")}));
  if (done) done = take(parts.ledger, store::Ledger::open(file("ledger.db"), now()));
  if (done) done = take(parts.tokens, store::ApiTokens::open(file("tokens.db")));
  if (done) done = take(parts.audit, store::AuditLog::open(file("audit.db")));
  if (done) done = take(parts.quarantine_rows, store::QuarantineRows::open(file("quarantine.db")));
  return done;
}

void make_delivery(SharedParts& parts, const Config& config) {
  const Limits& limits = config.limits;
  parts.admission = std::make_unique<net::Admission>(admission_limits(config));
  parts.pool =
      std::make_unique<net::BlockingPool>(static_cast<std::size_t>(limits.delivery_threads),
                                          static_cast<std::size_t>(limits.delivery_queue));
  parts.contents = std::make_unique<delivery::ContentStore>(
      config.under_data("spool").string(),
      delivery::ContentLimits{.memory = static_cast<std::uint64_t>(limits.message_memory),
                              .spool = static_cast<std::uint64_t>(limits.message_spool)},
      *parts.pool);
  parts.maildir = std::make_unique<delivery::Maildir>(config.data_directory.string(),
                                                      config.hostname, *parts.pool);
  parts.hop_health = std::make_unique<delivery::HopHealth>(
      delivery::HealthLimits{.breaker = {.failures = static_cast<std::size_t>(limits.hop_failures),
                                         .rest = std::chrono::seconds(limits.hop_rest)},
                             .address_retry = std::chrono::seconds(limits.hop_address_retry)});
}

Result<void> open_quarantine(SharedParts& parts, const Config& config) {
  // Another edge's half written files would look like what a crash left.
  const auto place = config.under_data(config.quarantine.folder);
  ::mkdir(place.c_str(), 0700);  // If that fails, the lock tells why.
  auto lock = DataDirectoryLock::take(place);
  if (!lock) return std::unexpected(lock.error());
  parts.quarantine_lock.emplace(std::move(*lock));
  auto folder =
      delivery::QuarantineFolder::open(place.string(), *parts.pool, config.quarantine.max_bytes);
  if (!folder) return std::unexpected(folder.error());
  parts.quarantine = std::move(*folder);
  const auto directory = parts.directory->snapshot();
  return parts.quarantine->use_rows(*parts.quarantine_rows, [&](std::string_view forward_path) {
    const std::string domain(forward_path.substr(forward_path.rfind('@') + 1));
    const auto owner = directory->find_domain(mail::to_a_label(domain).value_or(""));
    return owner ? owner.organization->guid().to_string() : std::string();
  });
}

}  // namespace

Result<void> SharedParts::open(const Config& config) {
  if (auto opened = open_stores(*this, config); !opened) return opened;
  make_delivery(*this, config);
  return open_quarantine(*this, config);
}

void SharedParts::reload(const Config& config) {
  quarantine->set_max_bytes(config.quarantine.max_bytes);
  admission->set_limits(admission_limits(config));
  trace->reload(trace_settings(config));
  traffic->reload(traffic_settings(config));
}

}  // namespace postern::edge
