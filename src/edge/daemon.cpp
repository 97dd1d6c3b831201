#include "edge/daemon.h"

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
#include "edge/shared_parts.h"
#include "edge/watched_parts.h"
#include "edge/worker.h"

namespace postern::edge {
namespace {

std::size_t thread_count(const Config& config) {
  if (config.threads > 0) return static_cast<std::size_t>(config.threads);
  return std::max(1u, std::thread::hardware_concurrency());
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
  Result<void> put_demo_data();
  void start_clerk();
  Result<void> start_workers(std::vector<BoundListener> listeners);
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
  SharedParts parts_;
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
  parts_.pool.reset();
}

Result<void> Daemon::start(std::vector<BoundListener> listeners, SeedDemo seed) {
  // A peer that is gone is an error of its write, never the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  if (auto opened = parts_.open(settings_->config); !opened) return opened;
  if (seed == SeedDemo::yes) {
    if (auto put = put_demo_data(); !put) return put;
  }
  const bool is_demo = is_demo_directory(settings_->config.data_directory);
  if (is_demo)
    log_warning("demo_data", {{"data_directory", settings_->config.data_directory.string()},
                              {"meaning", "the older mail in the trace was made up"}});
  if (auto started = start_workers(std::move(listeners)); !started) return started;
  watch_parts(metrics_, parts_);
  tls_.with([&](auto& tls) { tls = settings_->tls; });
  start_clerk();
  admin::Services services{
      .directory = *parts_.directory,
      .trace = *parts_.trace,
      .server_name = settings_->config.hostname,
      .tls = [this] { return tls_.with([](auto tls) { return tls; }); },
      .certificates = &certificates_,
      .has_relay = settings_->relay.has_value(),
      .quarantine = quarantine_desk_.get(),
      .tokens = parts_.tokens.get(),
      .spoofs = parts_.spoofs.get(),
      .audit = parts_.audit.get(),
      .traffic = parts_.traffic.get(),
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
  const bool is_begun = parts_.pool->try_submit([this, due] {
    // Of the settings, which belong to another thread, the change of a mode needs nothing.
    admin::Services services{.directory = *parts_.directory,
                             .trace = *parts_.trace,
                             .server_name = {},
                             .audit = parts_.audit.get()};
    return_to_audit(services, metrics_, due);
    returns_.done(due.organization);
  });
  // The next refused message begins to count again.
  if (!is_begun) returns_.done(due.organization);
}

Result<void> Daemon::put_demo_data() {
  auto resolver = make_resolver(settings_->config, metrics_);
  if (!resolver) return std::unexpected(resolver.error());
  const auto rows = seed_demo({.directory = *parts_.directory,
                               .trace = *parts_.trace,
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
      *parts_.directory, settings_of_others_, [this](OwnMessage message, OwnMail::Done done) {
        workers_.front()->hand_over(std::move(message), std::move(done));
      });
  clerk_ = std::make_unique<QuarantineClerk>(
      QuarantineClerk::Parts{*parts_.directory, *parts_.trace, *parts_.quarantine_rows,
                             *parts_.quarantine, *own_mail_, settings_of_others_});
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
      *parts_.quarantine_rows, *parts_.quarantine, std::move(deliver), std::move(send_digests));
}

Result<void> Daemon::start_workers(std::vector<BoundListener> listeners) {
  const Shared shared{.directory = *parts_.directory,
                      .trace = *parts_.trace,
                      .spoofs = *parts_.spoofs,
                      .certificates = certificates_,
                      .rates = rates_,
                      .returns = returns_,
                      .admission = *parts_.admission,
                      .delivery = {.pool = *parts_.pool,
                                   .contents = *parts_.contents,
                                   .maildir = *parts_.maildir,
                                   .ledger = *parts_.ledger,
                                   .quarantine = *parts_.quarantine,
                                   .in_flight = parts_.in_flight,
                                   .health = *parts_.hop_health,
                                   .counters = parts_.counters}};
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
  configure_log(settings_->config.log_level, settings_->config.log_format);
  parts_.reload(settings_->config);
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
