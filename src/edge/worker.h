// One I/O thread: its listeners, its sessions, its resolver and its connections to next hops.
//
// A connection never leaves its thread, so nothing in here is locked. What the threads share
// (directory, trace, admission, the spool's totals) is in Shared and safe for all.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <thread>
#include <unordered_set>
#include <vector>

#include "admin/metrics.h"
#include "admin/seen_certificates.h"
#include "auth/dkim_key_cache.h"
#include "delivery/courier.h"
#include "dns/resolver.h"
#include "edge/asker.h"
#include "edge/own_mail.h"
#include "edge/services.h"
#include "edge/settings.h"
#include "net/admission.h"
#include "net/listener.h"
#include "store/directory_store.h"
#include "store/spoof_intelligence.h"
#include "store/trace_sink.h"

namespace postern::edge {

struct Shared {
  store::DirectoryStore& directory;
  store::TraceSink& trace;
  store::SpoofIntelligence& spoofs;
  admin::SeenCertificates& certificates;
  ConnectorRates& rates;
  ReturnToAudit& returns;
  net::Admission& admission;
  delivery::DeliveryServices delivery;
};

class Worker {
 public:
  Worker(const Shared& shared, admin::Counts& counts, SharedSettings settings,
         std::unique_ptr<dns::Resolver> resolver);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Before start().
  void listen(net::BoundSocket socket, ListenerConfig config);
  void start();

  // From any thread.

  /// Sessions that begin from now on go by these.
  void change_settings(SharedSettings settings);
  /// Hands on a message of our own; `done` is called on the worker's thread, or never, if the
  /// worker stops before.
  void hand_over(OwnMessage message, OwnMail::Done done);
  /// Listens no more; idle sessions are told 421, a message that is coming in is finished.
  void drain();
  /// Ends what is still open and joins the thread.
  void stop();
  /// Sessions that are open now.
  std::size_t sessions() const { return session_count_.load(std::memory_order_relaxed); }

 private:
  struct Connection;

  void accept(net::Accepted accepted, const ListenerConfig& listener);
  boost::asio::awaitable<void> serve(std::shared_ptr<Connection> connection);
  boost::asio::awaitable<void> converse(Connection& connection);
  boost::asio::awaitable<void> converse_as_milter(Connection& connection);
  boost::asio::awaitable<bool> read_proxy(Connection& connection);
  boost::asio::awaitable<void> turn_away(Connection& connection);
  boost::asio::awaitable<void> watch_resolver();

  const Shared shared_;
  admin::Counts& counts_;  ///< of this thread
  SharedSettings settings_;
  // Sessions that are cut off end with io_, and leave these as their last act.
  std::unordered_set<Connection*> connections_;
  std::atomic<std::size_t> session_count_{0};
  bool draining_ = false;
  boost::asio::io_context io_{1};
  std::unique_ptr<dns::Resolver> resolver_;
  auth::DkimKeyCache dkim_keys_;
  auth::SpfRecordCache spf_records_;
  policy::SettingsTexts settings_texts_;
  Asker asker_;
  std::unique_ptr<delivery::Courier> courier_;
  Services services_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  std::thread thread_;
};

}  // namespace postern::edge
