// A load generator: many SMTP clients in one thread, each as fast as the server answers.
//
//   loadgen --port 2525 --mode reject  --connections 20 --per-connection 10 --seconds 2
//   loadgen --port 2525 --mode deliver --connections 20 --per-connection 5 --seconds 2 --proxy
//   192.0.2. loadgen --port 2525 --mode idle    --connections 10000
//
// `reject` repeats MAIL, RCPT, RSET; `deliver` repeats MAIL, RCPT, DATA and a message of 2 kB;
// `idle` says EHLO on every connection, prints one line when all are open, and holds them
// until its standard input ends. A closed loop: a client sends its next command when the reply
// to the last one is there, so the rate is the server's, and the latency what a client feels.
// At the end one line of JSON goes to standard output. Only loopback is ever connected to.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dialog.h"

namespace loadgen {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int proxied_clients = 200;
constexpr int sessions_per_source = 40;  // Below posternd's limit of connections per client.

struct Connection {
  enum class State { closed, banner, hello, transaction, quit, held };
  int fd = -1;
  State state = State::closed;
  std::size_t done = 0;  ///< transactions on this connection
  const Transaction* transaction = nullptr;
  std::size_t step = 0;
  Clock::time_point started;
  std::string input;
  std::string output;  ///< what the socket did not take yet
};

class Generator {
 public:
  explicit Generator(Options options)
      : options_(std::move(options)),
        transactions_(make_transactions(options_)),
        connections_(options_.connections) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    server_.sin_family = AF_INET;
    server_.sin_port = htons(static_cast<std::uint16_t>(options_.port));
    if (inet_pton(AF_INET, options_.host.c_str(), &server_.sin_addr) != 1 ||
        ntohl(server_.sin_addr.s_addr) >> 24 != 127) {
      fail("--host must be in 127.0.0.0/8");
    }
  }

  void run() {
    const auto begin = Clock::now();
    end_ = begin + std::chrono::duration_cast<Clock::duration>(
                       std::chrono::duration<double>(options_.seconds));
    // A thousand connections at a time, so that the server's backlog never overflows.
    std::size_t opened = 0;
    while (true) {
      while (opened < connections_.size() && open_ - held_ < 1000) open(connections_[opened++]);
      if (open_ == held_ && opened == connections_.size()) break;
      wait();
    }
    const double wall = std::chrono::duration<double>(last_ - begin).count();
    if (options_.mode == "idle") hold();
    print(wall);
  }

 private:
  bool is_over() const {
    return (options_.count > 0 && next_ >= options_.count) || Clock::now() >= end_;
  }

  void open(Connection& connection) {
    connection.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection.fd < 0) fail(std::string("socket: ") + std::strerror(errno));
    const int yes = 1;
    setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (options_.mode == "idle") bind_source(connection.fd);
    if (connect(connection.fd, reinterpret_cast<const sockaddr*>(&server_), sizeof server_) !=
        0) {  // NOLINT
      fail(std::string("connect: ") + std::strerror(errno));
    }
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
    ++open_;
    ++connects_;
    connection.state = Connection::State::banner;
    connection.done = 0;
    if (!options_.proxy.empty()) {
      const auto client = std::to_string(connects_ % proxied_clients + 1);
      send(connection, "PROXY TCP4 " + options_.proxy + client + " 192.0.2.254 41000 25\r\n");
    }
  }

  /// 127.1.a.b: ten thousand sessions of one address would run out of ports and of our limit.
  void bind_source(int fd) {
    const int yes = 1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    sockaddr_in source{};
    source.sin_family = AF_INET;
    source.sin_addr.s_addr = htonl((127u << 24) + (1u << 16) + 1 +
                                   static_cast<std::uint32_t>(connects_ / sessions_per_source));
    if (bind(fd, reinterpret_cast<const sockaddr*>(&source), sizeof source) != 0)
      fail("bind");  // NOLINT
  }

  void close(Connection& connection) {
    ::close(connection.fd);
    connection.state = Connection::State::closed;
    connection.input.clear();
    connection.output.clear();
    --open_;
  }

  void send(Connection& connection, std::string_view bytes) {
    if (connection.output.empty()) {
      const ssize_t sent =
          ::send(connection.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
      if (bytes.empty()) return;
    }
    connection.output += bytes;
    epoll_event event{.events = EPOLLIN | EPOLLOUT, .data = {.ptr = &connection}};
    epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event);
  }

  void flush(Connection& connection) {
    const std::string rest = std::exchange(connection.output, {});
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
    epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event);
    send(connection, rest);
  }

  void wait() {
    epoll_event events[256];
    const int ready = epoll_wait(epoll_, events, 256, 20'000);
    if (ready == 0) fail("nothing happened for 20 seconds");
    for (int n = 0; n < ready; ++n) {
      auto& connection = *static_cast<Connection*>(events[n].data.ptr);
      if ((events[n].events & EPOLLOUT) != 0) flush(connection);
      if ((events[n].events & ~EPOLLOUT) != 0) read(connection);
    }
  }

  void read(Connection& connection) {
    char buffer[16384];
    const ssize_t got = recv(connection.fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got <= 0) {
      if (connection.state != Connection::State::quit) ++broken_;
      close(connection);
      return again(connection);
    }
    connection.input.append(buffer, static_cast<std::size_t>(got));
    // The last line of a reply has no hyphen after its code (RFC 5321 section 4.2.1).
    std::size_t line_end;
    while ((line_end = connection.input.find("\r\n")) != std::string::npos) {
      const bool is_last = connection.input.size() < 4 || connection.input[3] != '-';
      const int code = std::atoi(connection.input.c_str());
      connection.input.erase(0, line_end + 2);
      if (is_last) on_reply(connection, code);
      if (connection.state == Connection::State::closed) return again(connection);
    }
  }

  void on_reply(Connection& connection, int code) {
    last_ = Clock::now();
    switch (connection.state) {
      case Connection::State::banner:
        if (code != 220) return refused(connection, code);
        connection.state = Connection::State::hello;
        return send(connection, "EHLO client.example\r\n");
      case Connection::State::hello:
        if (code != 250) return refused(connection, code);
        if (options_.mode == "idle") {
          connection.state = Connection::State::held;
          ++held_;
          return;
        }
        return begin(connection);
      case Connection::State::transaction: {
        const Transaction& transaction = *connection.transaction;
        if (++connection.step == transaction.items_end) {
          ++replies_[code];
          latencies_.push_back(
              std::chrono::duration<double, std::milli>(last_ - connection.started).count());
          ++connection.done;
        }
        if (connection.step < transaction.sends.size())
          return send(connection, transaction.sends[connection.step]);
        return begin(connection);
      }
      case Connection::State::quit:
        return close(connection);
      case Connection::State::held:
        ++broken_;
        --held_;
        return close(connection);
      case Connection::State::closed:
        std::abort();
    }
  }

  void refused(Connection& connection, int code) {
    ++replies_[code];
    ++broken_;
    close(connection);
  }

  void begin(Connection& connection) {
    if (connection.done == options_.per_connection || is_over()) {
      connection.state = Connection::State::quit;
      return send(connection, "QUIT\r\n");
    }
    connection.state = Connection::State::transaction;
    connection.transaction = &transactions_[next_++ % transactions_.size()];
    connection.step = 0;
    connection.started = Clock::now();
    send(connection, connection.transaction->sends[0]);
  }

  /// A connection has ended: another takes its place while there is time.
  void again(Connection& connection) {
    if (broken_ > 1000) fail("more than 1000 connections broke or were refused");
    if (options_.mode != "idle" && !is_over()) open(connection);
  }

  void hold() {
    std::printf("{\"held\": %zu, \"broken\": %zu}\n", held_, broken_);
    std::fflush(stdout);
    char byte;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
  }

  double percentile(double share) {
    if (latencies_.empty()) return 0;
    const auto place = latencies_.begin() + static_cast<std::ptrdiff_t>(
                                                share * static_cast<double>(latencies_.size() - 1));
    std::nth_element(latencies_.begin(), place, latencies_.end());
    return *place;
  }

  void print(double wall) {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    std::string replies;
    for (const auto& [code, count] : replies_) {
      replies +=
          (replies.empty() ? "\"" : ", \"") + std::to_string(code) + "\": " + std::to_string(count);
    }
    const auto count = static_cast<double>(latencies_.size());
    std::printf(
        "{\"count\": %zu, \"wall\": %.4f, \"rate\": %.1f, \"connects\": %zu, \"broken\": %zu, "
        "\"p50_ms\": %.3f, "
        "\"p99_ms\": %.3f, \"cpu\": %.3f, \"replies\": {%s}}\n",
        latencies_.size(), wall, wall > 0 ? count / wall : 0, connects_, broken_, percentile(0.5),
        percentile(0.99), seconds(usage.ru_utime) + seconds(usage.ru_stime), replies.c_str());
  }

  const Options options_;
  const std::vector<Transaction> transactions_;
  std::vector<Connection> connections_;
  int epoll_ = -1;
  sockaddr_in server_{};
  Clock::time_point end_, last_ = Clock::now();
  std::size_t open_ = 0, held_ = 0, connects_ = 0, broken_ = 0, next_ = 0;
  std::vector<double> latencies_;
  std::map<int, std::size_t> replies_;
};

}  // namespace
}  // namespace loadgen

int main(int count, char** arguments) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  loadgen::Generator(loadgen::parse_options(count, arguments)).run();
}
