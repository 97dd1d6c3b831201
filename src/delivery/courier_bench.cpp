// Messages a second through a courier, and what each costs this side: 20 clients at a time, 2 kB.
//
// The CPU column is that of the courier's thread alone. Without POSTERN_BENCH_HOP (a next hop,
// `lmtp:unix:/run/dovecot/lmtp`) the other end is a thread per connection that says yes.
#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "delivery/courier_world.h"

using namespace postern;
using namespace postern::delivery;

namespace {

constexpr int clients = 20;
constexpr int messages_each = 50;

void say(int socket, std::string_view text) {
  if (::send(socket, text.data(), text.size(), MSG_NOSIGNAL) < 0) ::shutdown(socket, SHUT_RDWR);
}

/// LMTP as far as our own client speaks it: one recipient a message.
void say_yes(int socket) {
  std::string input;
  bool in_content = false;
  char buffer[16384];
  say(socket, "220 sink\r\n");
  for (;;) {
    const ssize_t count = ::recv(socket, buffer, sizeof buffer, 0);
    if (count <= 0) break;
    input.append(buffer, static_cast<std::size_t>(count));
    if (in_content) {
      if (!input.ends_with("\r\n.\r\n")) continue;
      say(socket, "250 2.0.0 Saved\r\n");
      in_content = false;
    } else if (input.starts_with("LHLO")) {
      say(socket, "250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n");
    } else if (input.ends_with("DATA\r\n")) {
      say(socket, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 Ok\r\n");
      in_content = true;
    } else {
      continue;
    }
    input.clear();
  }
  ::close(socket);
}

NextHop start_sink() {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener, generic, size) != 0 || ::listen(listener, 64) != 0 ||
      ::getsockname(listener, generic, &size) != 0) {
    throw std::runtime_error("cannot listen on loopback");
  }
  std::thread([listener] {
    for (;;) std::thread(say_yes, ::accept(listener, nullptr, nullptr)).detach();
  }).detach();
  return {.kind = NextHop::Kind::lmtp,
          .path = "",
          .servers = {{.host = "127.0.0.1", .port = ntohs(address.sin_port)}}};
}

NextHop chosen_hop() {
  const char* text = std::getenv("POSTERN_BENCH_HOP");
  if (text == nullptr) return start_sink();
  const auto hop = parse_next_hop(text);
  if (!hop) throw std::runtime_error(hop.error().message);
  return *hop;
}

awaitable<int> send_many(CourierWorld* world, NextHop hop, std::string text) {
  const char* recipient = std::getenv("POSTERN_BENCH_RECIPIENT");
  for (int i = 0; i < messages_each; ++i) {
    std::vector<Recipient> recipients{
        as_recipient(recipient == nullptr ? "ann@contoso.test" : recipient, hop)};
    auto attempt = co_await world->hand_over(world->envelope(), std::move(recipients), text, true);
    if (attempt.code() != 250) throw std::runtime_error(attempt.outcome.reply.to_line());
  }
  co_return 0;
}

void courier_lmtp(benchmark::State& state) {
  CourierWorld world;
  const NextHop hop = chosen_hop();
  const std::string text =
      "Subject: hi\r\n\r\n" + std::string(25, 'x') + "\r\n" + std::string(2000, 'y') + "\r\n";
  for (auto _ : state) {
    int running = clients;
    for (int i = 0; i < clients; ++i) {
      boost::asio::co_spawn(world.io, send_many(&world, hop, text),
                            [&](std::exception_ptr trouble, int) {
                              if (trouble) std::rethrow_exception(trouble);
                              --running;
                            });
    }
    world.io.restart();
    while (running > 0) world.io.run_one();
  }
  state.SetItemsProcessed(state.iterations() * clients * messages_each);
}
BENCHMARK(courier_lmtp)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
