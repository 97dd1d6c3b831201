// What counting a message costs: the trace's thread, which counts in memory, and everything with
// the writing. The thread that serves mail has no part in it.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "base/encoding.h"
#include "store/traffic_counts.h"

using namespace postern;
using namespace postern::store;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t batch = 1'000;

/// As `sources` clients send it; 0: each is another, in all that it says.
std::vector<TraceRecord> make_records(std::size_t sources, std::size_t from) {
  std::vector<TraceRecord> records(batch);
  for (std::size_t i = 0; i < batch; ++i) {
    const std::size_t source = sources == 0 ? from + i : (from + i) % sources;
    TraceRecord& record = records[i];
    record.message_trace_id = random_uuid();
    record.forward_path = fmt::format("user{}@contoso.com", i % 500);
    record.received = now();
    record.client = fmt::format("10.{}.{}.{}", source >> 16 & 255, source >> 8 & 255, source & 255);
    record.iprev = "pass";
    record.ptr = fmt::format("host{}.devices.contoso.com", source);
    record.hello = fmt::format("host{}", source);
    record.reverse_path = fmt::format("device{}@contoso.com", source);
    record.organization = "contoso";
    record.direct_send = record.own_sender = true;
    record.direction = "Incoming";
    record.decision = "Reject";
    record.reasons = {"RejectDirectSend"};
    record.spf = source % 2 == 0 ? "pass" : "fail";
    record.dkim = {"pass d=contoso.com s=s1"};
    record.dmarc = "pass";
    record.compauth = "pass 100";
    record.author = record.reverse_path;
  }
  return records;
}

void count_in_memory(benchmark::State& state) {
  char name[] = "/tmp/postern-bench-XXXXXX";
  if (mkdtemp(name) == nullptr) return state.SkipWithError("no folder");
  {
    const auto counts = std::move(*TrafficCounts::open({.folder = name}));
    const auto records = make_records(static_cast<std::size_t>(state.range(0)), 0);
    for (auto _ : state) counts->add(records);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch));
  std::filesystem::remove_all(name);
}
BENCHMARK(count_in_memory)->Arg(1)->Arg(50)->Arg(1000);

/// A batch of a thousand messages is written each time, as if ten seconds had passed. CPU of all
/// threads.
void count_and_write(benchmark::State& state) {
  char name[] = "/tmp/postern-bench-XXXXXX";
  if (mkdtemp(name) == nullptr) return state.SkipWithError("no folder");
  {
    const auto counts = std::move(*TrafficCounts::open({.folder = name}));
    std::size_t next = 0;
    for (auto _ : state) {
      state.PauseTiming();
      const auto records = make_records(static_cast<std::size_t>(state.range(0)), next);
      next += batch;
      state.ResumeTiming();
      counts->add(records);
      counts->flush(60s);
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch));
  std::filesystem::remove_all(name);
}
BENCHMARK(count_and_write)->Arg(1)->Arg(50)->Arg(1000)->Arg(0)->MeasureProcessCPUTime();

}  // namespace

BENCHMARK_MAIN();
