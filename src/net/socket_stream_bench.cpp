// What a connection costs: time per line and answer, and memory of an idle stream.
//
// The peer is driven on the same thread with plain system calls, so the figures contain its
// half of them.
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <utility>
#include <vector>

#include "net/run.h"
#include "net/stream_pair.h"

using namespace postern::net;

namespace {

awaitable<void> answer_lines(std::unique_ptr<Stream> stream) {
  for (;;) {
    stream->set_deadline(std::chrono::minutes(5));
    const std::string_view line = co_await stream->read();
    if (line.empty()) break;
    if (!co_await stream->write("550 5.4.1 Recipient address rejected\r\n")) break;
  }
  co_await stream->close();
}

void lines_and_answers(benchmark::State& state) {
  boost::asio::io_context io(1);
  std::vector<FileDescriptor> peers;
  for (int i = 0; i < state.range(0); ++i) {
    auto [server, client] = make_tcp_pair();
    start(io, answer_lines(make_socket_stream(io, std::move(server), nullptr)));
    peers.push_back(std::move(client));
  }
  io.poll();
  constexpr std::string_view line = "RCPT TO:<nobody@example.com>\r\n";
  char buffer[256];
  for (auto _ : state) {
    for (const FileDescriptor& peer : peers) ::send(peer.get(), line.data(), line.size(), 0);
    io.restart();
    io.poll();
    for (const FileDescriptor& peer : peers) {
      if (::recv(peer.get(), buffer, sizeof buffer, 0) <= 0) state.SkipWithError("no answer");
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(lines_and_answers)->Arg(1)->Arg(20);

/// Heap bytes per stream that waits in read(), as malloc counts them.
void idle_streams(benchmark::State& state) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  constexpr std::size_t count = 5000;
  for (auto _ : state) {
    boost::asio::io_context io(1);
    std::vector<std::pair<FileDescriptor, FileDescriptor>> pairs;
    for (std::size_t i = 0; i < count; ++i) pairs.push_back(make_tcp_pair());
    const std::size_t before = ::mallinfo2().uordblks;
    for (auto& [server, client] : pairs) {
      start(io, answer_lines(make_socket_stream(io, std::move(server), nullptr)));
    }
    io.poll();
    const std::size_t used = ::mallinfo2().uordblks - before;
    state.counters["bytes_per_stream"] = static_cast<double>(used) / count;
  }
}
BENCHMARK(idle_streams)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
