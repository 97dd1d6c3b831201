// The administration's HTTP server: REST, the web console, /metrics, /healthz.
//
// It listens on the Unix socket `admin.sock`, where the peer's uid is the credential (root and
// posternd's own user are administrators), and on a TCP address, where the Bearer token of
// `admin.token` is. Off loopback it speaks TLS or does not start. The Host field must name this
// server, so that no web page can reach it through a name that resolves to loopback.
//
// It has a thread and an io_context of its own, and two threads for cmdlets, which block for the
// disk: nothing here runs on a thread that serves mail.
//
//   auto server = Server::open(services, metrics, settings, [&] { return is_healthy(); });
//   (*server)->start();   …   (*server)->reload(settings);   …   (*server)->stop();
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "admin/commands.h"
#include "admin/console_files.h"
#include "admin/metrics.h"
#include "base/result.h"

namespace postern::admin {

struct ServerSettings {
  std::string socket_path;  ///< `/var/lib/postern/admin.sock`; empty: none
  std::string address;      ///< `127.0.0.1:8025`, `[::1]:8025`; port 0: any; empty: none
  std::string token_file;   ///< made with a new token if it is not there
  std::string hostname;     ///< accepted in Host beside the loopback names and the address
  std::string certificate;  ///< PEM files for TLS on the TCP address
  std::string private_key;
  /// /metrics on the TCP address without the token.
  bool open_metrics = false;
  std::span<const ConsoleFile> console{};  ///< the web console's files, on the TCP address

  // Limits.
  std::size_t max_connections = 64;
  std::size_t max_body = 8 * 1024 * 1024;
  std::size_t max_header = 16 * 1024;
  int max_requests = 1000;  ///< per connection
  std::chrono::seconds idle_timeout{60};
  std::chrono::seconds request_timeout{30};  ///< to send one request, and to take the reply
};

/// Nothing: all is well. Else a sentence for the answer 503.
using HealthCheck = std::function<std::optional<std::string>()>;

class Server {
 public:
  /// Binds the addresses, reads or makes the token, reads the TLS files: what may need root. The
  /// error is a sentence that names the file or address.
  static Result<std::unique_ptr<Server>> open(Services services, Metrics& metrics,
                                              ServerSettings settings, HealthCheck health);
  virtual ~Server() = default;

  /// Begins to accept.
  virtual void start() = 0;

  /// Ends all connections and the thread. A cmdlet that runs is finished. Once stopped it stays so.
  virtual void stop() = 0;

  /// Reads token and TLS files again and takes over hostname, open_metrics and limits. Addresses
  /// do not change. After an error everything is as before. From any thread, after start().
  virtual Result<void> reload(ServerSettings settings) = 0;

  /// The TCP port, where the settings said 0. 0: no TCP.
  virtual unsigned short port() const = 0;
};

}  // namespace postern::admin
