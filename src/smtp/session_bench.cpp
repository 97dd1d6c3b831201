// What a session costs per command and per message, with a receiver and a stream that cost
// next to nothing.
#include "smtp/session.h"

#include <benchmark/benchmark.h>

#include <optional>
#include <string>

#include "base/log.h"
#include "net/run.h"
#include "net/string_stream.h"
#include "smtp/toy_receiver.h"

namespace {

using namespace postern;
using namespace postern::smtp;

const SessionSettings settings{.hostname = "mx.postern.test", .limits = {}, .offer_tls = true};

void converse(boost::asio::io_context& io, const std::vector<std::string>& turns) {
  net::StringStream stream;
  for (const std::string& turn : turns) stream.feed(turn);
  ToyReceiver receiver(stream);
  receiver.refused_rcpt["nobody@contoso.test"] = Reply{550, "5.7.68", "TenantInboundAttribution"};
  SessionFacts facts;
  facts.id = "0123456789ABCDEF";
  net::run_on(io, run_session(stream, receiver, std::move(facts), settings));
  benchmark::DoNotOptimize(stream.output());
}

/// Ten recipients refused, each waiting for the reply before.
void ten_refusals(benchmark::State& state) {
  std::vector<std::string> turns{"EHLO client.test\r\n", "MAIL FROM:<ann@contoso.test>\r\n"};
  for (int i = 0; i < 10; ++i) turns.emplace_back("RCPT TO:<nobody@contoso.test>\r\n");
  turns.emplace_back("QUIT\r\n");
  boost::asio::io_context io(1);
  for (auto _ : state) converse(io, turns);
  state.SetItemsProcessed(state.iterations() * 10);
}

void one_message(benchmark::State& state) {
  std::string content = "Subject: x\r\n\r\n";
  while (content.size() < static_cast<std::size_t>(state.range(0)))
    content += "The quick brown fox jumps over the lazy dog, and nobody asks.\r\n";
  const std::vector<std::string> turns{
      "EHLO client.test\r\n",
      "MAIL FROM:<ann@client.test>\r\nRCPT TO:<kim@contoso.test>\r\nDATA\r\n", content + ".\r\n",
      "QUIT\r\n"};
  boost::asio::io_context io(1);
  for (auto _ : state) converse(io, turns);
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(ten_refusals);
BENCHMARK(one_message)->Arg(2000)->Arg(200000);

}  // namespace

BENCHMARK_MAIN();
