// A DNS server on 127.0.0.1 that answers from a zone, over UDP and TCP: what the libunbound
// resolver is tried with. Only for tests.
//
// A name that fails with `timeout` gets no reply. What is longer than 512 octets is truncated
// over UDP, so that the client comes again over TCP.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>

#include "dns/name.h"
#include "dns/zone.h"

namespace postern::dns {

class ZoneServer {
 public:
  explicit ZoneServer(Zone zone) : zone_(std::move(zone)) {
    // A port that is free for both; another program may take it in between.
    do {
      if (udp_ >= 0) close(udp_);
      if (tcp_ >= 0) close(tcp_);
      udp_ = bound_socket(SOCK_DGRAM, 0);
      port_ = port_of(udp_);
      tcp_ = bound_socket(SOCK_STREAM, port_);
    } while (tcp_ < 0);
    listen(tcp_, 16);
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }

  ~ZoneServer() {
    thread_ = {};
    close(udp_);
    close(tcp_);
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int questions() const { return questions_; }

 private:
  static int bound_socket(int type, std::uint16_t port) {
    const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    sockaddr_in address{
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
    close(fd);
    return -1;
  }

  static std::uint16_t port_of(int fd) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }

  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd ready[2] = {{udp_, POLLIN, 0}, {tcp_, POLLIN, 0}};
      poll(ready, 2, 20);
      if (ready[0].revents) serve_datagram();
      if (ready[1].revents) serve_connection();
    }
  }

  void serve_datagram() {
    char buffer[4096];
    sockaddr_in peer{};
    socklen_t peer_size = sizeof peer;
    const ssize_t size =
        recvfrom(udp_, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&peer), &peer_size);
    if (size < 12) return;
    std::string reply = answer(std::string_view(buffer, static_cast<std::size_t>(size)));
    if (reply.empty()) return;
    if (reply.size() > 512) {
      reply[2] = static_cast<char>(reply[2] | 2);  // TC
      reply.resize(reply.find('\0', 12) + 5);      // the question alone
      reply.replace(6, 6, 6, '\0');
    }
    sendto(udp_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&peer), peer_size);
  }

  void serve_connection() {
    const int connection = accept(tcp_, nullptr, nullptr);
    if (connection < 0) return;
    const timeval patience{.tv_sec = 5};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    unsigned char length[2];
    std::string query;
    if (recv(connection, length, 2, MSG_WAITALL) == 2) {
      query.resize(static_cast<std::size_t>(length[0] << 8 | length[1]));
      if (recv(connection, query.data(), query.size(), MSG_WAITALL) ==
              static_cast<ssize_t>(query.size()) &&
          query.size() > 12) {
        const std::string reply = answer(query);
        const std::string framed = big_endian(static_cast<std::uint32_t>(reply.size()), 2) + reply;
        send(connection, framed.data(), framed.size(), MSG_NOSIGNAL);
      }
    }
    close(connection);
  }

  static std::string big_endian(std::uint32_t number, int octets) {
    std::string text;
    for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8)
      text += static_cast<char>(number >> shift & 0xff);
    return text;
  }

  static void add_record(std::string& reply, int& count, const std::string& owner, Type type,
                         std::uint32_t ttl, const std::string& data) {
    reply += to_wire(owner) + big_endian(static_cast<std::uint32_t>(type), 2) + big_endian(1, 2) +
             big_endian(ttl, 4) + big_endian(static_cast<std::uint32_t>(data.size()), 2) + data;
    ++count;
  }

  static std::string character_strings(std::string_view text) {
    std::string data;
    do {
      const std::string_view part = text.substr(0, 255);
      data += static_cast<char>(part.size());
      data += part;
      text.remove_prefix(part.size());
    } while (!text.empty());
    return data;
  }

  /// Empty: stay silent.
  std::string answer(std::string_view query) {
    ++questions_;
    std::string name;
    std::size_t at = 12;
    while (at < query.size() && query[at] != 0) {
      append_label(name, query.substr(at + 1, static_cast<std::size_t>(query[at])));
      at += 1 + static_cast<std::size_t>(query[at]);
    }
    const auto type = static_cast<Type>(static_cast<unsigned char>(query[at + 1]) << 8 |
                                        static_cast<unsigned char>(query[at + 2]));
    const Answer answer = zone_.answer({name, type});
    if (answer.status == Status::failure && answer.problem == "timeout") return {};

    std::string records;
    int count = 0;
    std::string owner = name;
    for (const std::string& alias : answer.cname_chain) {
      add_record(records, count, owner, Type::cname, answer.ttl, to_wire(alias));
      owner = alias;
    }
    for (const IpAddress& address : answer.addresses) {
      const auto bytes = address.bytes();
      add_record(records, count, owner, type, answer.ttl, std::string(bytes.begin(), bytes.end()));
    }
    for (const std::string& text : answer.texts)
      add_record(records, count, owner, type, answer.ttl, character_strings(text));
    for (const std::string& target : answer.names)
      add_record(records, count, owner, type, answer.ttl, to_wire(target));
    for (const MailExchange& exchange : answer.mail_exchanges)
      add_record(records, count, owner, type, answer.ttl,
                 big_endian(exchange.preference, 2) + to_wire(exchange.host));
    for (const std::string& raw : answer.raw)
      add_record(records, count, owner, type, answer.ttl, raw);

    // A negative answer is believed with a SOA.
    std::string soa;
    int soas = 0;
    if (answer.status == Status::empty || answer.status == Status::nxdomain)
      add_record(soa, soas, "test", Type::soa, answer.ttl,
                 to_wire("ns.test") + to_wire("h.test") + std::string(16, '\0') +
                     big_endian(answer.ttl, 4));

    const int rcode = answer.status == Status::failure    ? 2
                      : answer.status == Status::nxdomain ? 3
                                                          : 0;
    std::string reply(query.substr(0, 2));
    reply += big_endian(0x8580u | static_cast<unsigned>(rcode), 2);  // QR AA RD RA
    reply += big_endian(1, 2) + big_endian(static_cast<unsigned>(count), 2) +
             big_endian(static_cast<unsigned>(soas), 2) + big_endian(0, 2);
    reply += query.substr(12, at + 5 - 12);
    return reply + records + soa;
  }

  Zone zone_;
  int udp_ = -1;
  int tcp_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> questions_ = 0;
  std::jthread thread_;
};

}  // namespace postern::dns
