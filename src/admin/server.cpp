#include "admin/server.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <future>
#include <thread>
#include <utility>

#include "admin/http_gate.h"
#include "admin/http_session.h"
#include "base/ip_address.h"
#include "base/log.h"

namespace postern::admin {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using asio::awaitable;
using Tcp = asio::ip::tcp;
using Local = asio::local::stream_protocol;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

struct Address {
  IpAddress address;
  unsigned short port = 0;
};

/// `127.0.0.1:8025`, `[::1]:8025`
Result<Address> parse_address(const std::string& text) {
  const auto wrong = [&] {
    return fail(
        fmt::format("[admin] address: {} is not ADDRESS:PORT, such as 127.0.0.1:8025 or "
                    "[::1]:8025.",
                    text));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return wrong();
  std::string host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::parse(host);
  int port = -1;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
  if (!address || parsed.ec != std::errc{} || parsed.ptr != end || port < 0 || port > 65535) {
    return wrong();
  }
  return Address{*address, static_cast<unsigned short>(port)};
}

Result<std::shared_ptr<ssl::context>> load_tls(const ServerSettings& settings) {
  if (settings.certificate.empty()) return nullptr;
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  boost::system::error_code error;
  context->set_options(ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1, error);
  context->use_certificate_chain_file(settings.certificate, error);
  if (error) {
    return fail(fmt::format("[admin] certificate: cannot use {}: {}.", settings.certificate,
                            error.message()));
  }
  context->use_private_key_file(settings.private_key, ssl::context::pem, error);
  if (error) {
    return fail(fmt::format("[admin] private_key: cannot use {}: {}.", settings.private_key,
                            error.message()));
  }
  return context;
}

/// Is somebody listening there?
bool is_answered(const std::string& path) {
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const int connected =
      ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::close(probe);
  return connected == 0;
}

class HttpServer final : public Server {
 public:
  HttpServer(Services services, Metrics& metrics, HealthCheck health)
      : session_{std::move(services), metrics, std::move(health), {}, {}, {}, {}, 0} {}

  ~HttpServer() override { stop(); }

  Result<void> bind(const ServerSettings& settings);
  void start() override;
  void stop() override;
  Result<void> reload(ServerSettings settings) override;
  unsigned short port() const override { return port_; }

 private:
  Result<void> bind_socket(const std::string& path);
  Result<void> bind_address(const std::string& text, bool has_tls);
  Result<void> load(const ServerSettings& settings);
  awaitable<void> accept_local();
  awaitable<void> accept_tcp();
  bool may_serve();

  // Connections that still exist at the end are in the handlers of io_ and end with it, so what
  // they use stands before it.
  HttpShared session_;
  asio::io_context io_{1};
  asio::basic_socket_acceptor<Local> local_{io_};
  asio::basic_socket_acceptor<Tcp> tcp_{io_};
  std::shared_ptr<ssl::context> tls_;
  std::string socket_path_;
  std::string bound_host_;
  unsigned short port_ = 0;
  std::thread thread_;
};

Result<void> HttpServer::bind_socket(const std::string& path) {
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return fail(fmt::format("The socket's path {} is longer than the system allows.", path));
  }
  struct stat status{};
  if (::lstat(path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode)) return fail(fmt::format("{} is there and is no socket.", path));
    if (is_answered(path)) return fail(fmt::format("Another posternd listens on {}.", path));
    ::unlink(path.c_str());
  }
  boost::system::error_code error;
  local_.open(Local(), error);
  if (!error) local_.bind(Local::endpoint(path), error);
  // Nobody can connect before listen, so there is no moment with other rights.
  if (!error && ::chmod(path.c_str(), 0660) != 0)
    error.assign(errno, boost::system::system_category());
  if (!error) local_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return fail(fmt::format("Cannot listen on {}: {}.", path, error.message()));
  socket_path_ = path;
  return {};
}

Result<void> HttpServer::bind_address(const std::string& text, bool has_tls) {
  const Result<Address> wanted = parse_address(text);
  if (!wanted) return std::unexpected(wanted.error());
  if (!wanted->address.is_loopback() && !has_tls) {
    return fail(
        fmt::format("[admin] address: {} is not a loopback address, so [admin] certificate "
                    "and private_key are needed.",
                    text));
  }
  boost::system::error_code error;
  const auto address = asio::ip::make_address(wanted->address.to_string(), error);
  const Tcp::endpoint endpoint(address, wanted->port);
  tcp_.open(endpoint.protocol(), error);
  if (!error) tcp_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) tcp_.bind(endpoint, error);
  if (!error) tcp_.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return fail(fmt::format("[admin] address: cannot listen on {}: {}.", text, error.message()));
  port_ = tcp_.local_endpoint().port();
  bound_host_ = wanted->address.to_string();
  return {};
}

Result<void> HttpServer::load(const ServerSettings& settings) {
  auto tls = load_tls(settings);
  if (!tls) return std::unexpected(tls.error());
  GateSettings gate{.names = {settings.hostname},
                    .open_metrics = settings.open_metrics,
                    .tokens = session_.services.tokens,
                    .console = settings.console,
                    .sessions = &session_.sessions};
  if (!settings.address.empty()) {
    auto token = load_token(settings.token_file);
    if (!token) return std::unexpected(token.error());
    gate.token = std::move(*token);
    gate.names.push_back(bound_host_);
  }
  session_.gate = std::move(gate);
  session_.settings = settings;
  tls_ = std::move(*tls);
  return {};
}

Result<void> HttpServer::bind(const ServerSettings& settings) {
  if (!settings.socket_path.empty()) {
    if (auto bound = bind_socket(settings.socket_path); !bound) return bound;
  }
  if (!settings.address.empty()) {
    auto bound = bind_address(settings.address, !settings.certificate.empty());
    if (!bound) return bound;
  }
  return load(settings);
}

void HttpServer::start() {
  const auto report = [](std::exception_ptr trouble) {
    if (trouble) log_error("admin_accept", {{"problem", "an exception ended the acceptor"}});
  };
  if (local_.is_open()) asio::co_spawn(io_, accept_local(), report);
  if (tcp_.is_open()) asio::co_spawn(io_, accept_tcp(), report);
  thread_ = std::thread([this] { io_.run(); });
}

void HttpServer::stop() {
  if (thread_.joinable()) {
    io_.stop();
    thread_.join();
  }
  // Its threads hand their results to io_.
  session_.pool.reset();
  if (!socket_path_.empty()) ::unlink(std::exchange(socket_path_, {}).c_str());
}

Result<void> HttpServer::reload(ServerSettings settings) {
  // On the server's own thread, between requests.
  std::promise<Result<void>> done;
  asio::post(io_, [&] { done.set_value(load(settings)); });
  return done.get_future().get();
}

bool HttpServer::may_serve() {
  if (session_.connections < session_.settings.max_connections) return true;
  log_warning("admin_refused", {{"problem", "max_connections is reached"}});
  return false;
}

awaitable<void> HttpServer::accept_local() {
  for (;;) {
    auto [error, socket] = co_await local_.async_accept(as_result);
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      // Out of descriptors: wait for some to be closed instead of asking again at once.
      asio::steady_timer pause(io_, std::chrono::milliseconds(100));
      co_await pause.async_wait(as_result);
      continue;
    }
    if (!may_serve()) continue;
    HttpPeer peer{.is_local = true, .name = "unix"};
    ucred credential{};
    socklen_t size = sizeof credential;
    if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &credential, &size) == 0) {
      peer.is_administrator = credential.uid == 0 || credential.uid == ::geteuid();
      peer.name = fmt::format("uid {}", credential.uid);
    }
    serve_local(io_, session_, std::move(socket), std::move(peer));
  }
}

awaitable<void> HttpServer::accept_tcp() {
  for (;;) {
    auto [error, socket] = co_await tcp_.async_accept(as_result);
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      asio::steady_timer pause(io_, std::chrono::milliseconds(100));
      co_await pause.async_wait(as_result);
      continue;
    }
    if (!may_serve()) continue;
    boost::system::error_code gone;
    const auto remote = socket.remote_endpoint(gone);
    if (gone) continue;
    const std::string text = remote.address().to_string();
    HttpPeer peer{.address = IpAddress::parse(text).value_or(IpAddress()), .name = text};
    serve_tcp(io_, session_, std::move(socket), tls_, std::move(peer));
  }
}

}  // namespace

Result<std::unique_ptr<Server>> Server::open(Services services, Metrics& metrics,
                                             ServerSettings settings, HealthCheck health) {
  auto server = std::make_unique<HttpServer>(std::move(services), metrics, std::move(health));
  if (auto bound = server->bind(settings); !bound) return std::unexpected(bound.error());
  return server;
}

}  // namespace postern::admin
