// What posternd counts, for /metrics.
//
// Counting is an atomic addition without order, so the mail's threads may count everything. Each of
// them has Counts of its own, since processors that count in the same place wait for one another;
// they are added up when somebody looks. The names of series are a closed set: nothing that a
// client sends becomes a label, so nobody can make the answer grow. Values that others keep (trace
// rows lost, open connections of a pool) are asked for when somebody looks.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/decision.h"

namespace postern::admin {

class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  void add(const Counter& other) { add(other.value()); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

class Gauge {
 public:
  void add(std::int64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  void add(const Gauge& other) { add(other.value()); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_ = 0;
};

/// Durations, in buckets from half a millisecond to a minute.
class Histogram {
 public:
  static constexpr std::array<double, 17> bounds = {
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60};
  void observe(std::chrono::nanoseconds duration);
  void add(const Histogram& other);

  struct Reading {
    std::array<std::uint64_t, bounds.size() + 1> counts{};  ///< each bucket alone; last: longer
    double sum = 0;                                         ///< seconds
  };
  Reading read() const;

 private:
  std::array<std::atomic<std::uint64_t>, bounds.size() + 1> counts_{};
  std::atomic<std::uint64_t> nanoseconds_ = 0;
};

/// A fixed set of series that differ in one or two labels. A word that is not in a set counts as
/// `other`, its last one.
class CounterTable {
 public:
  using Words = std::vector<std::string_view>;

  CounterTable(std::string_view first_label, Words first, std::string_view second_label = {},
               Words second = {""});

  Counter& at(std::string_view first, std::string_view second = {});
  /// Of a table with the same words.
  void add(const CounterTable& other);

  /// Calls `use` with labels and value of every series that has counted something.
  void for_each(const std::function<void(std::string_view first, std::string_view second,
                                         std::uint64_t value)>& use) const;
  std::string_view first_label() const { return first_label_; }
  std::string_view second_label() const { return second_label_; }

 private:
  std::string_view first_label_, second_label_;
  Words first_, second_;
  std::vector<Counter> counters_;
};

class alignas(64) Counts {
 public:
  Counts();
  void add(const Counts& other);

  // Sessions.
  Counter sessions;               ///< postern_sessions_total
  Gauge open_sessions;            ///< postern_sessions
  CounterTable refused_sessions;  ///< reason: limit, client_limit, descriptors, proxy …
  CounterTable replies;           ///< verb, code: postern_replies_total{verb="RCPT",code="550"}
  /// A banner has the verb `CONNECT`, the end of data `content`.
  void count_reply(std::string_view verb, int code);

  // Decisions at RCPT: decision, enhanced status code.
  CounterTable decisions;     ///< postern_decisions_total{decision="Reject",code="5.7.68"}
  CounterTable direct_send;   ///< decision: mail that is Direct Send, refused or not
  CounterTable let_in;        ///< by: Direct Send that is on and not refused, by what of its stages
  Counter returned_to_audit;  ///< organizations whose mode became Audit by itself
  CounterTable rate_limited;  ///< limit: messages, recipients, of a connector
  Counter relayed;            ///< recipients at domains of others, accepted from own servers
  void count_decision(policy::Decision decision, std::string_view enhanced_code,
                      bool is_direct_send);

  // Authentication.
  CounterTable spf;  ///< result

  // DNS.
  Counter dns_questions;
  Counter dns_cache_hits;
  Counter dns_failures;

  // As a milter: how connections of MTAs ended.
  CounterTable milter_connections;

  // Delivery: hop kind (maildir, lmtp, smtp, milter), outcome (delivered, temporary, permanent).
  CounterTable deliveries;
  Counter messages;  ///< accepted after the final dot
  Counter message_bytes;

  // Latencies.
  Histogram rcpt_seconds;      ///< RCPT to its reply
  Histogram message_seconds;   ///< final dot to the reply
  Histogram delivery_seconds;  ///< hand-off to the next hop's answer
  Histogram dns_seconds;       ///< one question that was not in the cache

  // Administration.
  CounterTable admin_requests;  ///< status class: 2xx, 4xx, 5xx
};

/// The page, and the counts of all threads that have none of their own.
class Metrics : public Counts {
 public:
  /// For one more thread. They live as long as the page.
  Counts& make_counts();

  enum class Kind { counter, gauge };
  /// A value that is asked for at every look, on the administration thread. `name` without
  /// `postern_`.
  void watch(std::string name, std::string help, Kind kind, std::function<double()> read);

  /// Values that differ in one label, as many as `read` lets there be. The label's values must
  /// not come from strangers.
  using Series = std::vector<std::pair<std::string, double>>;
  void watch_series(std::string name, std::string help, std::string label,
                    std::function<Series()> read);

  /// The text format of Prometheus.
  std::string to_text() const;

 private:
  struct Watched {
    std::string name, help;
    Kind kind;
    std::function<double()> read;
  };
  struct WatchedSeries {
    std::string name, help, label;
    std::function<Series()> read;
  };
  mutable std::mutex mutex_;  // of what follows
  std::vector<std::unique_ptr<Counts>> others_;
  std::vector<Watched> watched_;
  std::vector<WatchedSeries> watched_series_;
};

}  // namespace postern::admin
