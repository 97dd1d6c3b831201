// What a row costs the thread that serves mail, and how many the writer manages.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "base/encoding.h"
#include "store/trace_store.h"

using namespace postern;
using namespace postern::store;
using namespace std::chrono_literals;

namespace {

TraceRecord make_row(int i) {
  TraceRecord record;
  record.message_trace_id = random_uuid();
  record.forward_path = fmt::format("user{}@contoso.com", i % 500);
  record.received = now();
  record.session = random_hex(8);
  record.client = fmt::format("192.0.2.{}", i % 250);
  record.hello = fmt::format("mail{}.vendor.test", i % 2000);
  record.tls = "TLSv1.3 TLS_AES_256_GCM_SHA384";
  record.reverse_path = fmt::format("bounce+{}@vendor.test", i);
  record.organization = "contoso";
  record.direction = "Incoming";
  record.decision = "Accept";
  record.reply = fmt::format("250 2.0.0 Ok: queued as {}", i);
  record.subject = fmt::format("Re: your order {} has shipped", i);
  record.message_id = fmt::format("<{}@vendor.test>", i);
  record.next_hop = "lmtp:127.0.0.1:24";
  return record;
}

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/postern-bench-XXXXXX";
    if (mkdtemp(name) != nullptr) path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  TraceSettings settings() const {
    TraceSettings settings;
    settings.folder = path_ + "/trace";
    settings.queue_rows = 10'000'000;
    return settings;
  }

 private:
  std::string path_;
};

void record_row(benchmark::State& state) {
  const Folder folder;
  const auto store = std::move(*TraceStore::open(folder.settings()));
  const TraceRecord row = make_row(1);
  for (auto _ : state) {
    TraceRecord copy = row;
    store->record(std::move(copy));
  }
}
BENCHMARK(record_row)->Iterations(100'000);

void write_rows(benchmark::State& state) {
  const Folder folder;
  const auto store = std::move(*TraceStore::open(folder.settings()));
  constexpr int rows = 10'000;
  int next = 0;
  for (auto _ : state) {
    for (int i = 0; i < rows; ++i) store->record(make_row(next++));
    store->flush(60s);
  }
  state.SetItemsProcessed(state.iterations() * rows);
}
BENCHMARK(write_rows)->Iterations(10)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
