#include "admin/http_session.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <utility>

#include "admin/console.h"
#include "admin/openapi.h"
#include "admin/rest.h"
#include "base/encoding.h"
#include "base/log.h"

namespace postern::admin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using asio::awaitable;
using LocalStream = beast::basic_stream<asio::local::stream_protocol>;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;
using Parser = http::request_parser<http::string_body>;
using Response = http::response<http::string_body>;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

/// What a client that was refused may still send before it hears that.
constexpr std::size_t max_drained = 16 * 1024 * 1024;
constexpr auto drain_time = std::chrono::seconds(5);

std::string_view to_view(beast::string_view text) {
  return {text.data(), text.size()};
}

/// One connection counted while this lives.
class Counted {
 public:
  explicit Counted(HttpShared& shared) : shared_(&shared) { ++shared.connections; }
  ~Counted() {
    if (shared_ != nullptr) --shared_->connections;
  }
  Counted(Counted&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  HttpShared* shared_;
};

Response make_response(unsigned status, std::string body, std::string_view type) {
  Response response(static_cast<http::status>(status), 11);
  response.set(http::field::server, "Postern");
  response.set(http::field::content_type, beast::string_view(type.data(), type.size()));
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("X-Frame-Options", "DENY");
  response.set("Referrer-Policy", "no-referrer");
  response.set("Cross-Origin-Resource-Policy", "same-origin");
  const std::string_view policy = content_security_policy();
  response.set("Content-Security-Policy", beast::string_view(policy.data(), policy.size()));
  response.body() = std::move(body);
  return response;
}

Response make_refusal(const Refusal& refusal) {
  const Trouble trouble = refusal.status == 404 ? Trouble::not_found : Trouble::refused;
  Response response = make_response(
      refusal.status, rest_error(refusal.status, {trouble, refusal.sentence}), rest_content_type);
  if (refusal.status == 401)
    response.set(http::field::www_authenticate, "Bearer realm=\"postern\"");
  if (refusal.status == 429) {
    const auto wait = std::chrono::seconds(FailedLogins::period).count();
    response.set(http::field::retry_after, std::to_string(wait));
  }
  if (refusal.status == 405) {
    response.set(http::field::allow,
                 beast::string_view(refusal.allow.data(), refusal.allow.size()));
  }
  return response;
}

Response to_response(WebReply reply) {
  Response response = make_response(reply.status, std::move(reply.body), reply.type);
  for (const auto& [name, value] : reply.fields) response.set(name, value);
  return response;
}

Response answer_health(const HttpShared& shared) {
  const auto trouble = shared.health ? shared.health() : std::nullopt;
  return make_response(trouble ? 503 : 200, trouble.value_or("ok") + "\n",
                       "text/plain; charset=utf-8");
}

void count(Counts& counts, unsigned status) {
  counts.admin_requests.at(fmt::format("{}xx", status / 100)).add();
}

void log_request(const HttpPeer& peer, const Caller& caller, std::string_view cmdlet,
                 std::string_view organization, unsigned status) {
  log_info("admin", {{"peer", peer.name},
                     {"caller", caller.name},
                     {"cmdlet", cmdlet},
                     {"organization", organization},
                     {"status", status}});
}

/// Runs the cmdlet on the pool. The request is moved there: this thread goes on meanwhile.
awaitable<Response> answer_invoke(HttpShared& shared, HttpPeer peer, Caller caller,
                                  RestRequest request, std::string request_id) {
  auto work = [&services = shared.services, request = std::move(request), peer, caller] {
    const auto call = parse_rest_call(request);
    RestReply reply = answer_rest(services, caller, request);
    if (call) log_request(peer, caller, call->cmdlet, call->organization, reply.status);
    return reply;
  };
  std::optional<RestReply> reply = co_await shared.pool->run(std::move(work));
  if (!reply) {
    const Refusal busy{503, "Too many cmdlets are waiting. Try again later."};
    co_return make_refusal(busy);
  }
  Response response = make_response(reply->status, std::move(reply->body), rest_content_type);
  response.set("OData-Version", "4.0");
  response.set("request-id", request_id);
  co_return response;
}

template <class Stream>
class HttpConnection {
 public:
  HttpConnection(Stream stream, HttpShared& shared, HttpPeer peer, std::string scheme)
      : stream_(std::move(stream)),
        shared_(shared),
        counted_(shared),
        peer_(std::move(peer)),
        scheme_(std::move(scheme)) {}

  awaitable<void> run() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      set_timeout(shared_.settings.request_timeout);
      const auto [error] = co_await stream_.async_handshake(ssl::stream_base::server, as_result);
      if (error) co_return;
    }
    bool go_on = true;
    for (int i = 0; go_on && i < shared_.settings.max_requests; ++i) {
      go_on = co_await serve_one();
    }
    co_await close();
  }

 private:
  /// Reads and answers one request. False: the connection ends.
  awaitable<bool> serve_one() {
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(shared_.settings.max_header));
    parser.body_limit(shared_.settings.max_body);
    set_timeout(shared_.settings.idle_timeout);
    const auto [header_error, header_size] =
        co_await http::async_read_header(stream_, buffer_, parser, as_result);
    if (header_error) {
      co_await refuse_error(header_error);
      co_return false;
    }
    set_timeout(shared_.settings.request_timeout);
    const auto caller = let_in(parser);
    if (!caller) {
      Response response = make_refusal(caller.error());
      co_await send(response, parser.get().method() == http::verb::head, false);
      co_return false;
    }
    if (parser.get()[http::field::expect] == "100-continue") {
      http::response<http::empty_body> go_ahead(http::status::continue_, 11);
      const auto [error, size] = co_await http::async_write(stream_, go_ahead, as_result);
      if (error) co_return false;
    }
    const auto [body_error, body_size] =
        co_await http::async_read(stream_, buffer_, parser, as_result);
    if (body_error) {
      co_await refuse_error(body_error);
      co_return false;
    }
    http::request<http::string_body> request = parser.release();
    const bool keep_alive = request.keep_alive();
    const bool is_head = request.method() == http::verb::head;
    Response response = co_await answer(*caller, std::move(request));
    const bool sent = co_await send(response, is_head, keep_alive);
    co_return sent&& keep_alive;
  }

  /// What the request says of itself; views into it and into this connection.
  Knock read_knock(const http::request<http::string_body>& request) const {
    const std::string_view target = to_view(request.target());
    Knock knock;
    knock.is_local = peer_.is_local;
    knock.is_tls = scheme_ == "https";
    knock.is_administrator = peer_.is_administrator;
    knock.peer = peer_.name;
    knock.method = to_view(request.method_string());
    knock.path = target.substr(0, target.find('?'));
    knock.host = to_view(request[http::field::host]);
    knock.authorization = to_view(request[http::field::authorization]);
    knock.cookie = to_view(request[http::field::cookie]);
    knock.origin = to_view(request[http::field::origin]);
    knock.csrf = to_view(request["X-Postern-Csrf"]);
    knock.is_poll = !request["X-Postern-Poll"].empty();
    return knock;
  }

  static bool is_login(const Knock& knock) {
    return knock.path == session_path && knock.method == "POST";
  }

  /// Before the body is read.
  std::expected<Caller, Refusal> let_in(const Parser& parser) {
    const Knock knock = read_knock(parser.get());
    const Time time = now();
    const bool has_credentials =
        !peer_.is_local && (!knock.authorization.empty() || is_login(knock));
    if (has_credentials && shared_.failed_logins.is_blocked(peer_.address, time)) {
      return std::unexpected(Refusal{429, "Too many wrong tokens came from this address."});
    }
    auto caller = check(knock, shared_.gate, time);
    if (caller && is_login(knock)) {
      // Nobody is known yet: what is read is little.
      const auto length = parser.content_length();
      if (!length) return std::unexpected(Refusal{411, "A login says its Content-Length."});
      if (*length > max_login_body)
        return std::unexpected(
            Refusal{413, fmt::format("A login may have {} octets.", max_login_body)});
    }
    if (caller || caller.error().status == 404) return caller;
    note_refusal(caller.error());
    return caller;
  }

  void note_refusal(const Refusal& refusal) {
    if (refusal.has_failed_login) shared_.failed_logins.note(peer_.address, now());
    log_warning("admin_refused",
                {{"peer", peer_.name}, {"status", refusal.status}, {"problem", refusal.sentence}});
  }

  /// Logging in and out of the console, and its question who it is.
  Response answer_for_session(const Knock& knock, const Caller& caller, std::string_view body) {
    if (!is_login(knock)) {
      return to_response(answer_session(shared_.services, knock, caller, shared_.gate, now()));
    }
    auto login = answer_login(shared_.services, knock, body, shared_.gate, now());
    if (!login) {
      note_refusal(login.error());
      return make_refusal(login.error());
    }
    log_info("admin_login", {{"peer", peer_.name}, {"caller", login->caller}});
    return to_response(std::move(login->reply));
  }

  awaitable<Response> answer(const Caller& caller, http::request<http::string_body> request) {
    const std::string target(to_view(request.target()));
    const std::string path = target.substr(0, target.find('?'));
    if (path == "/healthz") co_return answer_health(shared_);
    if (path == session_path) {
      co_return answer_for_session(read_knock(request), caller, request.body());
    }
    if (const ConsoleFile* file = find_console_file(shared_.gate.console, path)) {
      co_return to_response(answer_file(*file, to_view(request[http::field::if_none_match])));
    }
    if (path == "/metrics") {
      co_return make_response(200, shared_.metrics.to_text(),
                              "text/plain; version=0.0.4; charset=utf-8");
    }
    if (path == "/openapi.json") {
      co_return make_response(200, openapi_document(), "application/json; charset=utf-8");
    }
    RestRequest call;
    const std::string_view host = to_view(request[http::field::host]);
    call.base = scheme_ + "://" + std::string(host.empty() ? "localhost" : host);
    call.target = target;
    call.body = std::move(request.body());
    call.page_size = prefer_page_size(to_view(request["Prefer"]));
    // Set from the client's own id where it sent one, so that its logs and ours meet.
    std::string request_id(to_view(request["client-request-id"]).substr(0, 64));
    if (request_id.empty()) request_id = random_uuid();
    Response response =
        co_await answer_invoke(shared_, peer_, caller, std::move(call), std::move(request_id));
    co_return response;
  }

  /// The answer to what is no request: 400, 413, 431; none when the connection is gone.
  awaitable<void> refuse_error(boost::system::error_code error) {
    Refusal refusal;
    if (error == http::error::body_limit) {
      refusal = {413, fmt::format("A body may have {} octets.", shared_.settings.max_body)};
    } else if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      refusal = {431, fmt::format("The head of a request may have {} octets.",
                                  shared_.settings.max_header)};
    } else if (error == http::error::end_of_stream || error == http::error::partial_message ||
               error.category() != make_error_code(http::error::bad_version).category()) {
      co_return;  // The client has left, or time is up.
    } else {
      refusal = {400, "This is not HTTP: " + error.message() + "."};
    }
    Response response = make_refusal(refusal);
    co_await send(response, false, false);
  }

  awaitable<bool> send(Response& response, bool is_head, bool keep_alive) {
    count(shared_.metrics, response.result_int());
    response.keep_alive(keep_alive);
    response.prepare_payload();
    // RFC 9110 section 8.6: there is no content whose length could be told.
    if (response.result_int() == 204 || response.result_int() == 304)
      response.erase(http::field::content_length);
    if (is_head) response.body().clear();
    set_timeout(shared_.settings.request_timeout);
    const auto [error, size] = co_await http::async_write(stream_, response, as_result);
    co_return !error;
  }

  /// Ends our side, then takes what the client still sends: closing with unread bytes would reset
  /// the connection and with it our last reply.
  awaitable<void> close() {
    set_timeout(drain_time);
    boost::system::error_code ignored;
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      co_await stream_.async_shutdown(as_result);
    }
    auto& lowest = beast::get_lowest_layer(stream_);
    lowest.socket().shutdown(asio::socket_base::shutdown_send, ignored);
    std::array<char, 8192> scrap;
    const auto into = asio::buffer(scrap);
    for (std::size_t drained = 0; drained < max_drained;) {
      const auto [error, size] = co_await lowest.async_read_some(into, as_result);
      if (error) break;
      drained += size;
    }
  }

  void set_timeout(std::chrono::seconds time) {
    beast::get_lowest_layer(stream_).expires_after(time);
  }

  Stream stream_;
  HttpShared& shared_;
  Counted counted_;
  HttpPeer peer_;
  std::string scheme_;
  beast::flat_buffer buffer_;
};

template <class Stream>
void spawn(asio::io_context& io, HttpShared& shared, Stream stream, HttpPeer peer,
           std::string scheme) {
  auto connection = std::make_shared<HttpConnection<Stream>>(std::move(stream), shared,
                                                             std::move(peer), std::move(scheme));
  const auto run = [connection] { return connection->run(); };
  asio::co_spawn(io, run, [connection](std::exception_ptr trouble) {
    if (trouble) log_error("admin_session", {{"problem", "an exception ended the connection"}});
  });
}

}  // namespace

void serve_local(asio::io_context& io, HttpShared& shared,
                 asio::local::stream_protocol::socket socket, HttpPeer peer) {
  spawn(io, shared, LocalStream(std::move(socket)), std::move(peer), "http");
}

void serve_tcp(asio::io_context& io, HttpShared& shared, asio::ip::tcp::socket socket,
               std::shared_ptr<ssl::context> tls, HttpPeer peer) {
  boost::system::error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  if (tls == nullptr) {
    spawn(io, shared, beast::tcp_stream(std::move(socket)), std::move(peer), "http");
  } else {
    spawn(io, shared, TlsStream(std::move(socket), *tls), std::move(peer), "https");
  }
}

}  // namespace postern::admin
