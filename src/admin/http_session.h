// One HTTP connection of the administration's server, plain, TLS or Unix: the only file besides
// server.cpp that sees Beast.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <memory>
#include <string>

#include "admin/commands.h"
#include "admin/failed_logins.h"
#include "admin/http_gate.h"
#include "admin/metrics.h"
#include "admin/server.h"
#include "base/ip_address.h"
#include "net/blocking_pool.h"

namespace boost::asio::ssl {
class context;
}

namespace postern::admin {

/// Who is at the other end.
struct HttpPeer {
  bool is_local = false;
  bool is_administrator = false;
  IpAddress address{};  ///< over TCP
  std::string name;     ///< `uid 0`, `127.0.0.1`: for the log
};

/// What all connections of a server share. Of the server's thread alone, but `services`, which is
/// safe, and the pool.
struct HttpShared {
  Services services;
  Metrics& metrics;
  HealthCheck health;
  ServerSettings settings;
  GateSettings gate;
  FailedLogins failed_logins;
  WebSessions sessions;
  std::size_t connections = 0;
  /// Cmdlets run here: they wait for the disk.
  std::unique_ptr<net::BlockingPool> pool = std::make_unique<net::BlockingPool>(2, 64);
};

// Both begin to serve and return at once. `shared` outlives the io_context's handlers.
void serve_local(boost::asio::io_context& io, HttpShared& shared,
                 boost::asio::local::stream_protocol::socket socket, HttpPeer peer);
/// `tls` may be null: plain.
void serve_tcp(boost::asio::io_context& io, HttpShared& shared, boost::asio::ip::tcp::socket socket,
               std::shared_ptr<boost::asio::ssl::context> tls, HttpPeer peer);

}  // namespace postern::admin
