#include "admin/metrics.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::admin;
using namespace std::chrono_literals;

TEST_CASE("counters come out in the text format") {
  Metrics metrics;
  metrics.sessions.add();
  metrics.sessions.add();
  metrics.open_sessions.add(-1);
  metrics.count_reply("RCPT", 550);
  metrics.count_reply("RCPT", 550);
  metrics.count_decision(policy::Decision::reject, "5.7.68", true);
  metrics.deliveries.at("lmtp", "delivered").add(3);
  metrics.rcpt_seconds.observe(3ms);
  metrics.rcpt_seconds.observe(90s);
  metrics.watch("trace_rows_lost_total", "Rows.", Metrics::Kind::counter, [] { return 7.0; });
  const std::string text = metrics.to_text();
  for (const char* line : {
           "\npostern_sessions_total 2\n",
           "\npostern_sessions -1\n",
           "\npostern_replies_total{verb=\"RCPT\",code=\"550\"} 2\n",
           "\npostern_decisions_total{decision=\"Reject\",code=\"5.7.68\"} 1\n",
           "\npostern_direct_send_total{decision=\"Reject\"} 1\n",
           "\npostern_deliveries_total{hop=\"lmtp\",result=\"delivered\"} 3\n",
           "\npostern_rcpt_seconds_bucket{le=\"0.0025\"} 0\n",
           "\npostern_rcpt_seconds_bucket{le=\"0.005\"} 1\n",
           "\npostern_rcpt_seconds_bucket{le=\"60\"} 1\n",
           "\npostern_rcpt_seconds_bucket{le=\"+Inf\"} 2\n",
           "\npostern_rcpt_seconds_count 2\n",
           "\n# TYPE postern_trace_rows_lost_total counter\npostern_trace_rows_lost_total 7\n",
       }) {
    CAPTURE(line);
    CHECK(text.contains(line));
  }
}

TEST_CASE("the counts of all threads are added up") {
  Metrics metrics;
  Counts& one = metrics.make_counts();
  Counts& other = metrics.make_counts();
  for (Counts* counts : {static_cast<Counts*>(&metrics), &one, &other}) {
    counts->messages.add(2);
    counts->count_reply("RCPT", 250);
    counts->message_seconds.observe(2s);
  }
  one.open_sessions.add(5);
  other.open_sessions.add(-1);
  one.spf.at("pass").add();
  // Looking changes nothing.
  CHECK(metrics.to_text() == metrics.to_text());
  const std::string text = metrics.to_text();
  for (const char* line : {
           "\npostern_messages_total 6\n",
           "\npostern_replies_total{verb=\"RCPT\",code=\"250\"} 3\n",
           "\npostern_message_seconds_bucket{le=\"2.5\"} 3\n",
           "\npostern_message_seconds_sum 6\n",
           "\npostern_sessions 4\n",
           "\npostern_spf_total{result=\"pass\"} 1\n",
       }) {
    CAPTURE(line);
    CHECK(text.contains(line));
  }
}

TEST_CASE("words that strangers choose make no new series") {
  Metrics metrics;
  for (int i = 0; i < 1000; ++i) {
    metrics.count_reply("X" + std::to_string(i), 200 + i);
    metrics.count_decision(policy::Decision::accept, "2.1." + std::to_string(1000 + i), false);
  }
  const std::string text = metrics.to_text();
  CHECK(text.contains("postern_decisions_total{decision=\"Accept\",code=\"other\"} 1000\n"));
  CHECK_FALSE(text.contains("X1"));
  CHECK(text.size() < 20'000);
}
