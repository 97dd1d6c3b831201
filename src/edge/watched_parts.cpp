#include "edge/watched_parts.h"

#include <atomic>
#include <cstdint>

namespace postern::edge {

void watch_parts(admin::Metrics& metrics, const SharedParts& parts) {
  using Kind = admin::Metrics::Kind;
  const auto watch = [&metrics](const char* name, const char* help, Kind kind, auto read) {
    metrics.watch(name, help, kind, [read] { return static_cast<double>(read()); });
  };
  watch("trace_rows_total", "Rows recorded in the trace.", Kind::counter,
        [&parts] { return parts.trace->counters().recorded; });
  watch("trace_rows_lost_total", "Rows that the trace could not keep.", Kind::counter,
        [&parts] { return parts.trace->counters().lost; });
  watch("trace_rows_queued", "Rows that wait for the disk.", Kind::gauge,
        [&parts] { return parts.trace->counters().queued; });
  watch("trace_bytes", "Size of the trace's files.", Kind::gauge,
        [&parts] { return parts.trace->counters().bytes; });
  watch("traffic_counts_messages_total", "Messages that were counted for reports.", Kind::counter,
        [&parts] { return parts.traffic->counters().messages; });
  watch("traffic_counts_rows_total", "Rows of traffic counts that were begun.", Kind::counter,
        [&parts] { return parts.traffic->counters().rows; });
  watch("traffic_counts_others_total", "Messages that were counted without their source.",
        Kind::counter, [&parts] { return parts.traffic->counters().others; });
  watch("traffic_counts_lost_total", "Messages that could not be counted.", Kind::counter,
        [&parts] { return parts.traffic->counters().lost; });
  watch("traffic_counts_bytes", "Size of the files of the traffic counts.", Kind::gauge,
        [&parts] { return parts.traffic->counters().bytes; });
  watch("spoof_pairs", "Spoof pairs that are known by name.", Kind::gauge,
        [&parts] { return parts.spoofs->counters().pairs; });
  watch("spoof_pairs_evicted_total", "Spoof pairs whose names made room for others.", Kind::counter,
        [&parts] { return parts.spoofs->counters().pushed_out; });
  watch("spoof_sightings_nameless_total", "Forged authors that were counted without their pair.",
        Kind::counter, [&parts] { return parts.spoofs->counters().nameless; });
  watch("spoof_events_lost_total", "What spoof intelligence could not count.", Kind::counter,
        [&parts] { return parts.spoofs->counters().lost; });
  watch("spoof_write_failures_total", "Times the counts could not be written.", Kind::counter,
        [&parts] { return parts.spoofs->counters().write_failures; });
  watch("traffic_histories", "Authors and sources with a history of legitimate mail.", Kind::gauge,
        [&parts] { return parts.spoofs->counters().histories; });
  watch("ledger_messages", "Messages that some recipients have and that must come again.",
        Kind::gauge, [&parts] { return parts.ledger->size(); });
  watch("content_memory_bytes", "Octets of messages held in memory.", Kind::gauge,
        [&parts] { return parts.contents->memory_in_use(); });
  watch("content_spool_bytes", "Octets of messages held in the spool.", Kind::gauge,
        [&parts] { return parts.contents->spool_in_use(); });
  watch("quarantine_bytes", "Octets in the quarantine folder.", Kind::gauge,
        [&parts] { return parts.quarantine->size(); });
  watch("quarantine_messages", "Messages in the quarantine folder.", Kind::gauge,
        [&parts] { return parts.quarantine->messages(); });
  watch("quarantine_full_total", "Messages deferred since the quarantine has no room.",
        Kind::counter, [&parts] { return parts.quarantine->full(); });
  watch("quarantine_expired_total", "Messages that lay in quarantine until their time was over.",
        Kind::counter, [&parts] { return parts.quarantine->expired(); });
  watch("delivery_queue", "Calls that wait for a delivery thread.", Kind::gauge,
        [&parts] { return parts.pool->waiting(); });
  const auto count = [&](const char* name, const char* help,
                         const std::atomic<std::uint64_t>& value) {
    watch(name, help, Kind::counter, [&value] { return value.load(std::memory_order_relaxed); });
  };
  count("recipients_delivered_total", "Recipients whose copy is safe.", parts.counters.delivered);
  count("recipients_deferred_total", "Recipients that a next hop deferred.",
        parts.counters.deferred);
  count("recipients_refused_total", "Recipients that a next hop refused.", parts.counters.refused);
  count("recipients_quarantined_total",
        "Recipients refused beside others that were delivered, kept in quarantine.",
        parts.counters.quarantined);
  count("recipients_notified_total", "Recipients of whom a notification told the sender.",
        parts.counters.notified);
  count("recipients_remembered_total",
        "Recipients that had the message already when it came again.", parts.counters.remembered);
  count("ledger_failures_total", "Times the ledger could not be written.",
        parts.counters.ledger_failures);
  count("hop_connections_total", "Connections opened to next hops.", parts.counters.connections);
  count("hop_connections_reused_total", "Messages that found a connection open.",
        parts.counters.reused);
  count("hop_failures_total", "Next hops that could not be reached or broke off.",
        parts.counters.hop_failures);
  count("hop_failovers_total", "Connections that another address of the next hop took.",
        parts.counters.failovers);
  count("hop_left_alone_total", "Messages deferred at once, since their next hop is left alone.",
        parts.counters.left_alone);
  watch("hops_open", "Next hops that are left alone, or tried by one message.", Kind::gauge,
        [&parts] { return parts.hop_health->open_hops(); });
  // Next hops are the administrators' words; of those that are well nothing is said.
  metrics.watch_series("hop_state", "Next hops in trouble: 1 half open, 2 open.", "hop", [&parts] {
    constexpr std::size_t max_shown = 100;
    admin::Metrics::Series series;
    for (auto& trouble : parts.hop_health->troubles(max_shown)) {
      const bool is_open = trouble.state == delivery::HopBreaker::State::open;
      series.emplace_back(std::move(trouble.hop), is_open ? 2 : 1);
    }
    return series;
  });
}

}  // namespace postern::edge
