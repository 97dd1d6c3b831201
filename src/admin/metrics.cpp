#include "admin/metrics.h"

#include <fmt/format.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>

#include "base/ascii.h"

namespace postern::admin {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily family(std::string_view name, std::string_view help, MetricType type) {
  MetricFamily made;
  made.name = fmt::format("postern_{}", name);
  made.help = help;
  made.type = type;
  return made;
}

MetricFamily single(std::string_view name, std::string_view help, MetricType type, double value) {
  MetricFamily made = family(name, help, type);
  ClientMetric metric;
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  made.metric.push_back(metric);
  return made;
}

MetricFamily table(std::string_view name, std::string_view help, const CounterTable& counters) {
  MetricFamily made = family(name, help, MetricType::Counter);
  counters.for_each([&](std::string_view first, std::string_view second, std::uint64_t value) {
    ClientMetric metric;
    metric.label.push_back({std::string(counters.first_label()), std::string(first)});
    if (!counters.second_label().empty()) {
      metric.label.push_back({std::string(counters.second_label()), std::string(second)});
    }
    metric.counter.value = static_cast<double>(value);
    made.metric.push_back(metric);
  });
  return made;
}

MetricFamily durations(std::string_view name, std::string_view help, const Histogram& histogram) {
  MetricFamily made = family(name, help, MetricType::Histogram);
  const Histogram::Reading reading = histogram.read();
  ClientMetric metric;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < Histogram::bounds.size(); ++i) {
    total += reading.counts[i];
    metric.histogram.bucket.push_back({total, Histogram::bounds[i]});
  }
  metric.histogram.sample_count = total + reading.counts.back();
  metric.histogram.sample_sum = reading.sum;
  made.metric.push_back(metric);
  return made;
}

const CounterTable::Words decision_words = {"Accept", "Reject", "Defer"};

}  // namespace

void Histogram::observe(std::chrono::nanoseconds duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  const auto bucket = std::ranges::lower_bound(bounds, seconds) - bounds.begin();
  counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  const auto count = static_cast<std::uint64_t>(std::max<std::int64_t>(0, duration.count()));
  nanoseconds_.fetch_add(count, std::memory_order_relaxed);
}

void Histogram::add(const Histogram& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i)
    counts_[i].fetch_add(other.counts_[i].load(std::memory_order_relaxed),
                         std::memory_order_relaxed);
  nanoseconds_.fetch_add(other.nanoseconds_.load(std::memory_order_relaxed),
                         std::memory_order_relaxed);
}

Histogram::Reading Histogram::read() const {
  Reading reading;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    reading.counts[i] = counts_[i].load(std::memory_order_relaxed);
  }
  reading.sum = static_cast<double>(nanoseconds_.load(std::memory_order_relaxed)) / 1e9;
  return reading;
}

CounterTable::CounterTable(std::string_view first_label, Words first, std::string_view second_label,
                           Words second)
    : first_label_(first_label),
      second_label_(second_label),
      first_(std::move(first)),
      second_(std::move(second)),
      counters_(first_.size() * second_.size()) {}

Counter& CounterTable::at(std::string_view first, std::string_view second) {
  const auto place = [](const Words& words, std::string_view word) {
    const auto found = std::ranges::find(words, word);
    return static_cast<std::size_t>(found == words.end() ? words.end() - words.begin() - 1
                                                         : found - words.begin());
  };
  return counters_[place(first_, first) * second_.size() + place(second_, second)];
}

void CounterTable::add(const CounterTable& other) {
  for (std::size_t i = 0; i < counters_.size(); ++i) counters_[i].add(other.counters_[i]);
}

void CounterTable::for_each(
    const std::function<void(std::string_view, std::string_view, std::uint64_t)>& use) const {
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    const std::uint64_t value = counters_[i].value();
    if (value != 0) use(first_[i / second_.size()], second_[i % second_.size()], value);
  }
}

Counts::Counts()
    : refused_sessions("reason", {"limit", "client_limit", "descriptors", "tls", "proxy", "other"}),
      replies("verb",
              {"CONNECT", "HELO", "EHLO", "STARTTLS", "MAIL", "RCPT", "DATA", "BDAT", "content",
               "RSET", "NOOP", "VRFY", "EXPN", "HELP", "QUIT", "AUTH", "other"},
              "code", {"220", "221", "250", "252", "334", "354", "421", "450", "451",
                       "452", "454", "500", "501", "502", "503", "504", "521", "530",
                       "538", "550", "551", "552", "553", "554", "555", "556", "other"}),
      decisions("decision", decision_words, "code",
                {"2.1.5",  "2.0.0",  "4.3.0",   "4.3.1",   "4.3.2",   "4.4.3",  "4.5.3",
                 "4.7.1",  "4.7.25", "4.7.68",  "5.1.1",   "5.1.3",   "5.1.10", "5.3.4",
                 "5.4.1",  "5.5.3",  "5.6.7",   "5.7.1",   "5.7.3",   "5.7.25", "5.7.51",
                 "5.7.64", "5.7.68", "5.7.506", "5.7.509", "5.7.512", "other"}),
      direct_send("decision", decision_words),
      let_in("by", {"exception", "effective_from", "mode", "pilot_recipients", "percentage"}),
      rate_limited("limit", {"messages", "recipients"}),
      spf("result",
          {"none", "neutral", "pass", "fail", "softfail", "temperror", "permerror", "other"}),
      milter_connections("ending", {"quit", "closed", "timed_out", "draining", "not_understood"}),
      deliveries("hop", {"maildir", "lmtp", "smtp", "milter", "other"}, "result",
                 {"delivered", "temporary", "permanent", "other"}),
      admin_requests("status", {"2xx", "4xx", "5xx", "other"}) {}

void Counts::add(const Counts& other) {
  sessions.add(other.sessions);
  open_sessions.add(other.open_sessions);
  refused_sessions.add(other.refused_sessions);
  replies.add(other.replies);
  decisions.add(other.decisions);
  direct_send.add(other.direct_send);
  let_in.add(other.let_in);
  returned_to_audit.add(other.returned_to_audit);
  rate_limited.add(other.rate_limited);
  relayed.add(other.relayed);
  spf.add(other.spf);
  dns_questions.add(other.dns_questions);
  dns_cache_hits.add(other.dns_cache_hits);
  dns_failures.add(other.dns_failures);
  milter_connections.add(other.milter_connections);
  deliveries.add(other.deliveries);
  messages.add(other.messages);
  message_bytes.add(other.message_bytes);
  rcpt_seconds.add(other.rcpt_seconds);
  message_seconds.add(other.message_seconds);
  delivery_seconds.add(other.delivery_seconds);
  dns_seconds.add(other.dns_seconds);
  admin_requests.add(other.admin_requests);
}

void Counts::count_reply(std::string_view verb, int code) {
  replies.at(verb, std::to_string(code)).add();
}

void Counts::count_decision(policy::Decision decision, std::string_view enhanced_code,
                            bool is_direct_send) {
  const std::string_view word = policy::to_string(decision);
  decisions.at(word, enhanced_code).add();
  if (is_direct_send) direct_send.at(word).add();
}

Counts& Metrics::make_counts() {
  const std::lock_guard lock(mutex_);
  return *others_.emplace_back(std::make_unique<Counts>());
}

void Metrics::watch(std::string name, std::string help, Kind kind, std::function<double()> read) {
  const std::lock_guard lock(mutex_);
  watched_.push_back({std::move(name), std::move(help), kind, std::move(read)});
}

void Metrics::watch_series(std::string name, std::string help, std::string label,
                           std::function<Series()> read) {
  const std::lock_guard lock(mutex_);
  watched_series_.push_back({std::move(name), std::move(help), std::move(label), std::move(read)});
}

std::string Metrics::to_text() const {
  const auto count = [](std::string_view name, std::string_view help, const Counter& counter) {
    return single(name, help, MetricType::Counter, static_cast<double>(counter.value()));
  };
  Counts all;
  all.add(*this);
  std::vector<Watched> watched;
  std::vector<WatchedSeries> watched_series;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& counts : others_) all.add(*counts);
    watched = watched_;
    watched_series = watched_series_;
  }
  std::vector<MetricFamily> families = {
      count("sessions_total", "SMTP sessions accepted.", all.sessions),
      single("sessions", "SMTP sessions open now.", MetricType::Gauge,
             static_cast<double>(all.open_sessions.value())),
      table("refused_sessions_total", "Connections refused before a session.",
            all.refused_sessions),
      table("replies_total", "SMTP replies.", all.replies),
      table("decisions_total", "Decisions about recipients.", all.decisions),
      table("direct_send_total", "Recipients of Direct Send mail, refused or not.",
            all.direct_send),
      table("direct_send_let_in_total",
            "Recipients of Direct Send mail that an exception or a stage lets in.", all.let_in),
      count("returned_to_audit_total", "Times that RejectDirectSendMode became Audit by itself.",
            all.returned_to_audit),
      table("connector_rate_limited_total", "Recipients deferred by a connector's rate limit.",
            all.rate_limited),
      count("relayed_recipients_total", "Recipients at other domains, accepted from own servers.",
            all.relayed),
      table("spf_total", "SPF results of MAIL FROM.", all.spf),
      count("dns_questions_total", "Questions asked.", all.dns_questions),
      count("dns_cache_hits_total", "Questions answered from the cache.", all.dns_cache_hits),
      count("dns_failures_total", "Questions without an answer.", all.dns_failures),
      table("deliveries_total", "Recipients handed to a next hop.", all.deliveries),
      count("messages_total", "Messages accepted.", all.messages),
      count("message_bytes_total", "Their octets.", all.message_bytes),
      durations("rcpt_seconds", "From RCPT to its reply.", all.rcpt_seconds),
      durations("message_seconds", "From the final dot to its reply.", all.message_seconds),
      durations("delivery_seconds", "From the hand-off to the next hop's answer.",
                all.delivery_seconds),
      durations("dns_seconds", "Of one question that the cache did not know.", all.dns_seconds),
      table("milter_connections_total", "Connections of MTAs, and how they ended.",
            all.milter_connections),
      table("admin_requests_total", "Requests to the administration.", all.admin_requests),
  };
  for (const WatchedSeries& series : watched_series) {
    MetricFamily made = family(series.name, series.help, MetricType::Gauge);
    for (auto& [word, value] : series.read()) {
      ClientMetric metric;
      metric.label.push_back({series.label, word});
      metric.gauge.value = value;
      made.metric.push_back(metric);
    }
    families.push_back(std::move(made));
  }
  for (const Watched& value : watched) {
    const auto type = value.kind == Kind::counter ? MetricType::Counter : MetricType::Gauge;
    families.push_back(single(value.name, value.help, type, value.read()));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace postern::admin
