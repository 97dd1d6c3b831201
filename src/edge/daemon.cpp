#include "edge/daemon.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <optional>
#include <thread>

#include "admin/quarantine_desk.h"
#include "admin/server.h"
#include "base/guarded.h"
#include "base/log.h"
#include "edge/demo_data.h"
#include "edge/own_mail.h"
#include "edge/process.h"
#include "edge/quarantine_clerk.h"
#include "edge/reload.h"
#include "edge/resolver.h"
#include "edge/settings.h"
#include "edge/worker.h"
#include "mail/domain_name.h"
#include "store/api_tokens.h"
#include "store/spoof_intelligence.h"
#include "store/trace_store.h"
#include "store/traffic_counts.h"

namespace postern::edge {
namespace {

std::size_t thread_count(const Config& config) {
  if (config.threads > 0) return static_cast<std::size_t>(config.threads);
  return std::max(1u, std::thread::hardware_concurrency());
}

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

admin::ServerSettings admin_settings(const Config& config) {
  return {.socket_path = config.under_data("admin.sock").string(),
          .address = config.admin.address,
          .token_file = config.under_data("admin.token").string(),
          .hostname = config.hostname,
          .certificate = config.admin.certificate.string(),
          .private_key = config.admin.private_key.string(),
          .console = admin::console_files()};
}

/// A listening socket for every thread, bound while we may still be root.
struct BoundListener {
  ListenerConfig config;
  std::vector<net::BoundSocket> sockets;
};

Result<std::vector<BoundListener>> bind_all(const Config& config) {
  std::vector<BoundListener> bound;
  for (const ListenerConfig& listener : config.listeners) {
    // An MTA runs as a user of its own, which the administrator puts into our group.
    const net::ListenOptions options{.unix_mode = 0660};
    auto sockets =
        net::bind_listeners(*net::parse_endpoint(listener.address), thread_count(config), options);
    if (!sockets) return std::unexpected(sockets.error());
    bound.push_back({listener, std::move(*sockets)});
  }
  return bound;
}

/// Everything that runs, in the order in which it is made; destroyed in the opposite one.
class Daemon {
 public:
  explicit Daemon(SharedSettings settings) : settings_(std::move(settings)) {}
  ~Daemon();

  Result<void> start(std::vector<BoundListener> listeners, SeedDemo seed);
  /// Until a signal ends it.
  void run();

 private:
  Result<void> open_stores();
  Result<void> open_quarantine();
  Result<void> put_demo_data();
  void start_clerk();
  Result<void> start_workers(std::vector<BoundListener> listeners);
  void watch_values();
  void begin_return(const ReturnToAudit::Due& due);
  std::optional<std::string> trouble() const;
  void wait_for_signal();
  void on_signal(int signal);
  void reload();
  void take_over(const Reload& reload);
  void drain();
  void wait_until_drained(std::chrono::steady_clock::time_point deadline);
  std::size_t open_sessions() const;

  SharedSettings settings_;
  admin::Metrics metrics_;
  admin::SeenCertificates certificates_;
  ConnectorRates rates_;
  ReturnToAudit returns_{[this](const ReturnToAudit::Due& due) { begin_return(due); }};
  Guarded<SharedSettings> settings_of_others_;  ///< the same, for threads that are no workers
  Guarded<std::shared_ptr<const net::TlsContext>> tls_;  ///< for the admin server's thread
  std::unique_ptr<store::DirectoryStore> directory_;
  std::unique_ptr<store::TrafficCounts> traffic_;  ///< follows the trace, so it ends later
  std::unique_ptr<store::TraceStore> trace_;
  std::unique_ptr<store::SpoofIntelligence> spoofs_;
  std::unique_ptr<store::Ledger> ledger_;
  std::unique_ptr<store::ApiTokens> tokens_;
  std::unique_ptr<store::AuditLog> audit_;
  std::unique_ptr<net::Admission> admission_;
  std::unique_ptr<delivery::ContentStore> contents_;
  std::unique_ptr<delivery::Maildir> maildir_;
  std::optional<DataDirectoryLock> quarantine_lock_;
  std::unique_ptr<store::QuarantineRows> quarantine_rows_;
  std::unique_ptr<delivery::QuarantineFolder> quarantine_;
  delivery::InFlight in_flight_;
  delivery::Counters counters_;
  std::unique_ptr<delivery::HopHealth> hop_health_;
  std::unique_ptr<net::BlockingPool> pool_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<OwnMail> own_mail_;
  std::unique_ptr<QuarantineClerk> clerk_;
  std::unique_ptr<admin::QuarantineDesk> quarantine_desk_;
  std::unique_ptr<admin::Server> admin_;

  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_{io_};
  boost::asio::steady_timer timer_{io_};
  std::atomic<bool> draining_ = false;  ///< the admin server's thread looks at it
};

Daemon::~Daemon() {
  // The workers' threads hand work to the pool, and the pool's threads touch what the workers
  // own: first the former end, then the latter, then what both share is destroyed.
  if (own_mail_) own_mail_->stop();
  if (admin_) admin_->stop();
  clerk_.reset();
  for (const auto& worker : workers_) worker->stop();
  pool_.reset();
}

Result<void> Daemon::start(std::vector<BoundListener> listeners, SeedDemo seed) {
  // A peer that is gone is an error of its write, never the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  if (auto opened = open_stores(); !opened) return opened;
  if (seed == SeedDemo::yes) {
    if (auto put = put_demo_data(); !put) return put;
  }
  const bool is_demo = is_demo_directory(settings_->config.data_directory);
  if (is_demo)
    log_warning("demo_data", {{"data_directory", settings_->config.data_directory.string()},
                              {"meaning", "the older mail in the trace was made up"}});
  if (auto started = start_workers(std::move(listeners)); !started) return started;
  watch_values();
  tls_.with([&](auto& tls) { tls = settings_->tls; });
  start_clerk();
  admin::Services services{
      .directory = *directory_,
      .trace = *trace_,
      .server_name = settings_->config.hostname,
      .tls = [this] { return tls_.with([](auto tls) { return tls; }); },
      .certificates = &certificates_,
      .has_relay = settings_->relay.has_value(),
      .quarantine = quarantine_desk_.get(),
      .tokens = tokens_.get(),
      .spoofs = spoofs_.get(),
      .audit = audit_.get(),
      .traffic = traffic_.get(),
      .resolver = [this, config = settings_->config] { return make_resolver(config, metrics_); },
      .is_demo = is_demo};
  auto server = admin::Server::open(services, metrics_, admin_settings(settings_->config),
                                    [this] { return trouble(); });
  if (!server) return std::unexpected(server.error());
  admin_ = std::move(*server);
  admin_->start();
  return {};
}

/// On an I/O thread; what follows writes to the disk.
void Daemon::begin_return(const ReturnToAudit::Due& due) {
  const bool is_begun = pool_->try_submit([this, due] {
    // Of the settings, which belong to another thread, the change of a mode needs nothing.
    admin::Services services{
        .directory = *directory_, .trace = *trace_, .server_name = {}, .audit = audit_.get()};
    return_to_audit(services, metrics_, due);
    returns_.done(due.organization);
  });
  // The next refused message begins to count again.
  if (!is_begun) returns_.done(due.organization);
}

Result<void> Daemon::open_stores() {
  const Config& config = settings_->config;
  auto directory = store::DirectoryStore::open(database_file(config));
  if (!directory) return std::unexpected(directory.error());
  directory_ = std::move(*directory);
  auto traffic = store::TrafficCounts::open(traffic_settings(config));
  if (!traffic) return std::unexpected(traffic.error());
  traffic_ = std::move(*traffic);
  store::TraceSettings traced = trace_settings(config);
  traced.follower = [this](std::span<const store::TraceRecord> records) { traffic_->add(records); };
  auto trace = store::TraceStore::open(std::move(traced));
  if (!trace) return std::unexpected(trace.error());
  trace_ = std::move(*trace);
  auto spoofs = store::SpoofIntelligence::open({.path = config.under_data("spoof.db").string()});
  if (!spoofs) return std::unexpected(spoofs.error());
  spoofs_ = std::move(*spoofs);
  auto ledger = store::Ledger::open(config.under_data("ledger.db").string(), now());
  if (!ledger) return std::unexpected(ledger.error());
  ledger_ = std::move(*ledger);
  auto tokens = store::ApiTokens::open(config.under_data("tokens.db").string());
  if (!tokens) return std::unexpected(tokens.error());
  tokens_ = std::move(*tokens);
  auto audit = store::AuditLog::open(config.under_data("audit.db").string());
  if (!audit) return std::unexpected(audit.error());
  audit_ = std::move(*audit);

  const Limits& limits = config.limits;
  admission_ = std::make_unique<net::Admission>(admission_limits(config));
  pool_ = std::make_unique<net::BlockingPool>(static_cast<std::size_t>(limits.delivery_threads),
                                              static_cast<std::size_t>(limits.delivery_queue));
  contents_ = std::make_unique<delivery::ContentStore>(
      config.under_data("spool").string(),
      delivery::ContentLimits{.memory = static_cast<std::uint64_t>(limits.message_memory),
                              .spool = static_cast<std::uint64_t>(limits.message_spool)},
      *pool_);
  maildir_ =
      std::make_unique<delivery::Maildir>(config.data_directory.string(), config.hostname, *pool_);
  if (auto opened = open_quarantine(); !opened) return opened;
  hop_health_ = std::make_unique<delivery::HopHealth>(
      delivery::HealthLimits{.breaker = {.failures = static_cast<std::size_t>(limits.hop_failures),
                                         .rest = std::chrono::seconds(limits.hop_rest)},
                             .address_retry = std::chrono::seconds(limits.hop_address_retry)});
  return {};
}

Result<void> Daemon::open_quarantine() {
  const Config& config = settings_->config;
  auto rows = store::QuarantineRows::open(config.under_data("quarantine.db").string());
  if (!rows) return std::unexpected(rows.error());
  quarantine_rows_ = std::move(*rows);
  // Another edge's half written files would look like what a crash left.
  const auto place = config.under_data(config.quarantine.folder);
  ::mkdir(place.c_str(), 0700);  // If that fails, the lock tells why.
  auto lock = DataDirectoryLock::take(place);
  if (!lock) return std::unexpected(lock.error());
  quarantine_lock_.emplace(std::move(*lock));
  auto folder =
      delivery::QuarantineFolder::open(place.string(), *pool_, config.quarantine.max_bytes);
  if (!folder) return std::unexpected(folder.error());
  quarantine_ = std::move(*folder);
  const auto directory = directory_->snapshot();
  return quarantine_->use_rows(*quarantine_rows_, [&](std::string_view forward_path) {
    const std::string domain(forward_path.substr(forward_path.rfind('@') + 1));
    const auto owner = directory->find_domain(mail::to_a_label(domain).value_or(""));
    return owner ? owner.organization->guid().to_string() : std::string();
  });
}

Result<void> Daemon::put_demo_data() {
  auto resolver = make_resolver(settings_->config, metrics_);
  if (!resolver) return std::unexpected(resolver.error());
  const auto rows = seed_demo({.directory = *directory_,
                               .trace = *trace_,
                               .resolver = **resolver,
                               .server_name = settings_->config.hostname},
                              now());
  if (!rows) return std::unexpected(rows.error());
  log_info("demo_seeded", {{"rows", *rows}});
  return {};
}

void Daemon::start_clerk() {
  settings_of_others_.with([&](SharedSettings& settings) { settings = settings_; });
  own_mail_ = std::make_unique<OwnMail>(
      *directory_, settings_of_others_, [this](OwnMessage message, OwnMail::Done done) {
        workers_.front()->hand_over(std::move(message), std::move(done));
      });
  clerk_ = std::make_unique<QuarantineClerk>(QuarantineClerk::Parts{
      *directory_, *trace_, *quarantine_rows_, *quarantine_, *own_mail_, settings_of_others_});
  auto deliver = [this](delivery::Envelope envelope, const std::string& forward_path,
                        std::string content, delivery::Edit edit) {
    return own_mail_->deliver(std::move(envelope), forward_path, std::move(content),
                              std::move(edit));
  };
  auto send_digests = [this](const directory::Organization& organization,
                             const std::string& recipient) {
    return clerk_->send_digests(organization, recipient);
  };
  quarantine_desk_ = std::make_unique<admin::QuarantineDesk>(
      *quarantine_rows_, *quarantine_, std::move(deliver), std::move(send_digests));
}

Result<void> Daemon::start_workers(std::vector<BoundListener> listeners) {
  const Shared shared{.directory = *directory_,
                      .trace = *trace_,
                      .spoofs = *spoofs_,
                      .certificates = certificates_,
                      .rates = rates_,
                      .returns = returns_,
                      .admission = *admission_,
                      .delivery = {.pool = *pool_,
                                   .contents = *contents_,
                                   .maildir = *maildir_,
                                   .ledger = *ledger_,
                                   .quarantine = *quarantine_,
                                   .in_flight = in_flight_,
                                   .health = *hop_health_,
                                   .counters = counters_}};
  const std::size_t threads = thread_count(settings_->config);
  for (std::size_t i = 0; i < threads; ++i) {
    admin::Counts& counts = metrics_.make_counts();
    auto resolver = make_resolver(settings_->config, counts);
    if (!resolver) return std::unexpected(resolver.error());
    workers_.push_back(std::make_unique<Worker>(shared, counts, settings_, std::move(*resolver)));
  }
  for (BoundListener& listener : listeners) {
    log_info("listening", {{"address", listener.sockets.front().endpoint.to_string()}});
    // A Unix socket is one, and one thread's.
    for (std::size_t i = 0; i < listener.sockets.size(); ++i)
      workers_[i]->listen(std::move(listener.sockets[i]), listener.config);
  }
  for (const auto& worker : workers_) worker->start();
  return {};
}

void Daemon::watch_values() {
  using Kind = admin::Metrics::Kind;
  const auto watch = [this](const char* name, const char* help, Kind kind, auto read) {
    metrics_.watch(name, help, kind, [read] { return static_cast<double>(read()); });
  };
  watch("trace_rows_total", "Rows recorded in the trace.", Kind::counter,
        [this] { return trace_->counters().recorded; });
  watch("trace_rows_lost_total", "Rows that the trace could not keep.", Kind::counter,
        [this] { return trace_->counters().lost; });
  watch("trace_rows_queued", "Rows that wait for the disk.", Kind::gauge,
        [this] { return trace_->counters().queued; });
  watch("trace_bytes", "Size of the trace's files.", Kind::gauge,
        [this] { return trace_->counters().bytes; });
  watch("traffic_counts_messages_total", "Messages that were counted for reports.", Kind::counter,
        [this] { return traffic_->counters().messages; });
  watch("traffic_counts_rows_total", "Rows of traffic counts that were begun.", Kind::counter,
        [this] { return traffic_->counters().rows; });
  watch("traffic_counts_others_total", "Messages that were counted without their source.",
        Kind::counter, [this] { return traffic_->counters().others; });
  watch("traffic_counts_lost_total", "Messages that could not be counted.", Kind::counter,
        [this] { return traffic_->counters().lost; });
  watch("traffic_counts_bytes", "Size of the files of the traffic counts.", Kind::gauge,
        [this] { return traffic_->counters().bytes; });
  watch("spoof_pairs", "Spoof pairs that are known by name.", Kind::gauge,
        [this] { return spoofs_->counters().pairs; });
  watch("spoof_pairs_evicted_total", "Spoof pairs whose names made room for others.", Kind::counter,
        [this] { return spoofs_->counters().pushed_out; });
  watch("spoof_sightings_nameless_total", "Forged authors that were counted without their pair.",
        Kind::counter, [this] { return spoofs_->counters().nameless; });
  watch("spoof_events_lost_total", "What spoof intelligence could not count.", Kind::counter,
        [this] { return spoofs_->counters().lost; });
  watch("spoof_write_failures_total", "Times the counts could not be written.", Kind::counter,
        [this] { return spoofs_->counters().write_failures; });
  watch("traffic_histories", "Authors and sources with a history of legitimate mail.", Kind::gauge,
        [this] { return spoofs_->counters().histories; });
  watch("ledger_messages", "Messages that some recipients have and that must come again.",
        Kind::gauge, [this] { return ledger_->size(); });
  watch("content_memory_bytes", "Octets of messages held in memory.", Kind::gauge,
        [this] { return contents_->memory_in_use(); });
  watch("content_spool_bytes", "Octets of messages held in the spool.", Kind::gauge,
        [this] { return contents_->spool_in_use(); });
  watch("quarantine_bytes", "Octets in the quarantine folder.", Kind::gauge,
        [this] { return quarantine_->size(); });
  watch("quarantine_messages", "Messages in the quarantine folder.", Kind::gauge,
        [this] { return quarantine_->messages(); });
  watch("quarantine_full_total", "Messages deferred since the quarantine has no room.",
        Kind::counter, [this] { return quarantine_->full(); });
  watch("quarantine_expired_total", "Messages that lay in quarantine until their time was over.",
        Kind::counter, [this] { return quarantine_->expired(); });
  watch("delivery_queue", "Calls that wait for a delivery thread.", Kind::gauge,
        [this] { return pool_->waiting(); });
  const auto count = [&](const char* name, const char* help,
                         const std::atomic<std::uint64_t>& value) {
    watch(name, help, Kind::counter, [&value] { return value.load(std::memory_order_relaxed); });
  };
  count("recipients_delivered_total", "Recipients whose copy is safe.", counters_.delivered);
  count("recipients_deferred_total", "Recipients that a next hop deferred.", counters_.deferred);
  count("recipients_refused_total", "Recipients that a next hop refused.", counters_.refused);
  count("recipients_quarantined_total",
        "Recipients refused beside others that were delivered, kept in quarantine.",
        counters_.quarantined);
  count("recipients_notified_total", "Recipients of whom a notification told the sender.",
        counters_.notified);
  count("recipients_remembered_total",
        "Recipients that had the message already when it came again.", counters_.remembered);
  count("ledger_failures_total", "Times the ledger could not be written.",
        counters_.ledger_failures);
  count("hop_connections_total", "Connections opened to next hops.", counters_.connections);
  count("hop_connections_reused_total", "Messages that found a connection open.", counters_.reused);
  count("hop_failures_total", "Next hops that could not be reached or broke off.",
        counters_.hop_failures);
  count("hop_failovers_total", "Connections that another address of the next hop took.",
        counters_.failovers);
  count("hop_left_alone_total", "Messages deferred at once, since their next hop is left alone.",
        counters_.left_alone);
  watch("hops_open", "Next hops that are left alone, or tried by one message.", Kind::gauge,
        [this] { return hop_health_->open_hops(); });
  // Next hops are the administrators' words; of those that are well nothing is said.
  metrics_.watch_series("hop_state", "Next hops in trouble: 1 half open, 2 open.", "hop", [this] {
    constexpr std::size_t max_shown = 100;
    admin::Metrics::Series series;
    for (auto& trouble : hop_health_->troubles(max_shown)) {
      const bool is_open = trouble.state == delivery::HopBreaker::State::open;
      series.emplace_back(std::move(trouble.hop), is_open ? 2 : 1);
    }
    return series;
  });
}

/// For /healthz: why nobody should send us mail just now.
std::optional<std::string> Daemon::trouble() const {
  if (draining_) return "draining";
  return std::nullopt;
}

void Daemon::run() {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signal);
  wait_for_signal();
  sd_notify(0, "READY=1");
  log_info("started", {{"hostname", settings_->config.hostname}, {"threads", workers_.size()}});
  io_.run();
  log_info("stopped");
}

void Daemon::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    on_signal(signal);
    wait_for_signal();
  });
}

void Daemon::on_signal(int signal) {
  if (signal == SIGHUP) {
    reload();
  } else if (!draining_) {
    drain();
  } else {
    // Asked twice: whoever asks does not want to wait.
    io_.stop();
  }
}

void Daemon::reload() {
  sd_notify(0, "RELOADING=1");
  const auto wanted = load_config(settings_->config.file);
  if (wanted) {
    take_over(plan_reload(*wanted, settings_->config));
  } else {
    for (const std::string& error : wanted.error())
      log_error("reload_failed", {{"problem", error}});
  }
  sd_notify(0, "READY=1");
}

void Daemon::take_over(const Reload& reload) {
  auto settings = make_settings(reload.config);
  if (!settings) {
    log_error("reload_failed", {{"problem", settings.error().message}});
    return;
  }
  settings_ = std::move(*settings);
  tls_.with([&](auto& tls) { tls = settings_->tls; });
  settings_of_others_.with([&](SharedSettings& settings) { settings = settings_; });
  quarantine_->set_max_bytes(settings_->config.quarantine.max_bytes);
  configure_log(settings_->config.log_level, settings_->config.log_format);
  admission_->set_limits(admission_limits(settings_->config));
  trace_->reload(trace_settings(settings_->config));
  traffic_->reload(traffic_settings(settings_->config));
  for (const auto& worker : workers_) worker->change_settings(settings_);
  for (const std::string& key : reload.need_restart) {
    log_warning("restart_needed",
                {{"key", key}, {"problem", "what was in force at the start stays in force"}});
  }
  if (const auto reloaded = admin_->reload(admin_settings(settings_->config)); !reloaded) {
    log_error("reload_failed", {{"problem", reloaded.error().message}});
  } else {
    log_info("reloaded");
  }
}

void Daemon::drain() {
  draining_ = true;
  sd_notify(0, "STOPPING=1");
  log_info("draining", {{"sessions", open_sessions()}});
  for (const auto& worker : workers_) worker->drain();
  wait_until_drained(std::chrono::steady_clock::now() +
                     std::chrono::seconds(settings_->config.limits.drain_time));
}

void Daemon::wait_until_drained(std::chrono::steady_clock::time_point deadline) {
  if (open_sessions() == 0 || std::chrono::steady_clock::now() >= deadline) {
    if (open_sessions() != 0) log_warning("sessions_cut_off", {{"sessions", open_sessions()}});
    io_.stop();
    return;
  }
  timer_.expires_after(std::chrono::milliseconds(50));
  timer_.async_wait([this, deadline](const boost::system::error_code& error) {
    if (!error) wait_until_drained(deadline);
  });
}

std::size_t Daemon::open_sessions() const {
  std::size_t sum = 0;
  for (const auto& worker : workers_) sum += worker->sessions();
  return sum;
}

int complain(const Error& error) {
  std::fprintf(stderr, "posternd: %s\n", error.message.c_str());
  return 1;
}

}  // namespace

int check(const Config& config) {
  if (const auto settings = make_settings(config); !settings) return complain(settings.error());
  admin::Counts counts;
  if (const auto resolver = make_resolver(config, counts); !resolver)
    return complain(resolver.error());
  std::printf("%s: can be used\n", config.file.c_str());
  return 0;
}

int run(const Config& config, SeedDemo seed) {
  configure_log(config.log_level, config.log_format);
  if (seed == SeedDemo::yes) {
    // Other people's names are nobody's demo: nothing of it is asked of the real DNS.
    if (config.dns.zone.empty()) return complain({"--seed-demo: needs [dns] zone."});
    if (auto checked = check_demo_directory(config.data_directory); !checked)
      return complain(checked.error());
  }
  raise_open_files();
  // What only root may do comes first: ports below 1024, private keys.
  auto settings = make_settings(config);
  if (!settings) return complain(settings.error());
  if (auto prepared = prepare_data_directory(config.data_directory, config.user); !prepared)
    return complain(prepared.error());
  auto listeners = bind_all(config);
  if (!listeners) return complain(listeners.error());
  if (auto became = become_user(config.user); !became) return complain(became.error());
  const auto lock = DataDirectoryLock::take(config.data_directory);
  if (!lock) return complain(lock.error());
  if (seed == SeedDemo::yes) {
    if (auto marked = mark_demo_directory(config.data_directory); !marked)
      return complain(marked.error());
  }

  {
    Daemon daemon(*settings);
    if (auto started = daemon.start(std::move(*listeners), seed); !started)
      return complain(started.error());
    daemon.run();
  }
  flush_log();
  return 0;
}

}  // namespace postern::edge
