#include "admin/http_client.h"

#include <fmt/format.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/url.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "admin/value_json.h"
#include "base/ascii.h"

namespace postern::admin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
namespace urls = boost::urls;
using Tcp = asio::ip::tcp;
using Local = asio::local::stream_protocol;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

/// Replies to -ResultSize Unlimited may be large; a server that sends more than this is not ours.
constexpr std::uint64_t max_reply = std::uint64_t{1} << 30;

Result<std::string> read_token(const std::string& path) {
  std::ifstream file(path);
  std::string token;
  if (!file || !(file >> token)) return fail(fmt::format("Cannot read a token from {}.", path));
  return token;
}

/// One connection, however it is made.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual boost::system::error_code connect() = 0;
  virtual boost::system::error_code exchange(const Request& request, Response& response) = 0;
};

template <class Stream>
boost::system::error_code exchange_over(Stream& stream, const Request& request,
                                        Response& response) {
  boost::system::error_code error;
  http::write(stream, request, error);
  if (error) return error;
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(max_reply);
  http::read(stream, buffer, parser, error);
  response = parser.release();
  return error;
}

class LocalTransport final : public Transport {
 public:
  explicit LocalTransport(std::string path) : path_(std::move(path)) {}

  boost::system::error_code connect() override {
    boost::system::error_code error;
    socket_ = Local::socket(io_);
    socket_.connect(Local::endpoint(path_), error);
    return error;
  }
  boost::system::error_code exchange(const Request& request, Response& response) override {
    return exchange_over(socket_, request, response);
  }

 private:
  asio::io_context io_{1};
  std::string path_;
  Local::socket socket_{io_};
};

class TcpTransport final : public Transport {
 public:
  TcpTransport(std::string host, std::string port)
      : host_(std::move(host)), port_(std::move(port)) {}

  boost::system::error_code connect() override {
    boost::system::error_code error;
    socket_ = Tcp::socket(io_);
    const auto endpoints = Tcp::resolver(io_).resolve(host_, port_, error);
    if (!error) asio::connect(socket_, endpoints, error);
    return error;
  }
  boost::system::error_code exchange(const Request& request, Response& response) override {
    return exchange_over(socket_, request, response);
  }

 private:
  asio::io_context io_{1};
  std::string host_, port_;
  Tcp::socket socket_{io_};
};

class TlsTransport final : public Transport {
 public:
  TlsTransport(std::string host, std::string port)
      : host_(std::move(host)), port_(std::move(port)) {}

  boost::system::error_code trust(const std::string& ca_file) {
    boost::system::error_code error;
    if (ca_file.empty()) {
      context_.set_default_verify_paths(error);
    } else {
      context_.load_verify_file(ca_file, error);
    }
    return error;
  }

  boost::system::error_code connect() override {
    boost::system::error_code error;
    stream_ = std::make_unique<beast::ssl_stream<Tcp::socket>>(Tcp::socket(io_), context_);
    stream_->set_verify_mode(ssl::verify_peer, error);
    stream_->set_verify_callback(ssl::host_name_verification(host_), error);
    SSL_set_tlsext_host_name(stream_->native_handle(), host_.c_str());
    const auto endpoints = Tcp::resolver(io_).resolve(host_, port_, error);
    if (!error) asio::connect(stream_->next_layer(), endpoints, error);
    if (!error) stream_->handshake(ssl::stream_base::client, error);
    return error;
  }
  boost::system::error_code exchange(const Request& request, Response& response) override {
    return exchange_over(*stream_, request, response);
  }

 private:
  asio::io_context io_{1};
  ssl::context context_{ssl::context::tls_client};
  std::string host_, port_;
  std::unique_ptr<beast::ssl_stream<Tcp::socket>> stream_;
};

class RestClient final : public HttpClient {
 public:
  RestClient(std::unique_ptr<Transport> transport, std::string where, std::string host,
             std::string token)
      : transport_(std::move(transport)),
        where_(std::move(where)),
        host_(std::move(host)),
        token_(std::move(token)) {}

  Result<Outcome> invoke(const std::string& organization, const std::string& cmdlet,
                         const Object& parameters) override {
    urls::url target("/");
    target.set_path("/");
    target.segments() = {"adminapi", "beta", organization.empty() ? "-" : organization.c_str(),
                         "InvokeCommand"};
    Request request(http::verb::post, "/", 11);
    const auto path = target.encoded_path();
    request.target(beast::string_view(path.data(), path.size()));
    request.set(http::field::host, host_);
    request.set(http::field::content_type, "application/json; charset=utf-8");
    request.set(http::field::accept, "application/json");
    request.set("X-CmdletName", cmdlet);
    if (!token_.empty()) request.set(http::field::authorization, "Bearer " + token_);
    const Object input = {{"CmdletName", cmdlet}, {"Parameters", parameters}};
    request.body() = to_json(Object{{"CmdletInput", input}}, JsonStyle::compact);
    request.prepare_payload();

    const auto response = exchange(request);
    if (!response) return std::unexpected(response.error());
    return read_reply(response->result_int(), response->body());
  }

 private:
  Result<Response> exchange(const Request& request) {
    Response response;
    if (connected_) {
      // The server may have closed the connection since the last cmdlet; only then, and before it
      // has taken anything, is the request sent again.
      const auto error = transport_->exchange(request, response);
      if (!error) return keep(std::move(response));
      connected_ = false;
      if (error != http::error::end_of_stream && error != asio::error::broken_pipe &&
          error != asio::error::connection_reset) {
        return broken(error);
      }
    }
    if (const auto error = transport_->connect()) {
      return fail(fmt::format("Cannot reach posternd at {}: {}.", where_, error.message()));
    }
    connected_ = true;
    if (const auto error = transport_->exchange(request, response)) {
      connected_ = false;
      return broken(error);
    }
    return keep(std::move(response));
  }

  Response keep(Response response) {
    connected_ = response.keep_alive();
    return response;
  }

  std::unexpected<Error> broken(boost::system::error_code error) const {
    return fail(
        fmt::format("The connection to posternd at {} broke: {}. It is not known whether the "
                    "cmdlet was done.",
                    where_, error.message()));
  }

  std::unique_ptr<Transport> transport_;
  std::string where_, host_, token_;
  bool connected_ = false;
};

Result<std::unique_ptr<Transport>> make_transport(const urls::url_view& url,
                                                  const std::string& ca_file) {
  const std::string scheme(url.scheme().data(), url.scheme().size());
  const std::string host = url.host_address();
  std::string port(url.port().data(), url.port().size());
  if (host.empty() || !url.encoded_path().empty()) {
    if (host.empty() || url.encoded_path() != "/") {
      return fail("The URL must be http://HOST:PORT or https://HOST:PORT.");
    }
  }
  if (iequals(scheme, "http")) {
    return std::make_unique<TcpTransport>(host, port.empty() ? "80" : port);
  }
  if (!iequals(scheme, "https")) return fail("The URL must begin with http:// or https://.");
  auto transport = std::make_unique<TlsTransport>(host, port.empty() ? "443" : port);
  if (const auto error = transport->trust(ca_file)) {
    return fail(fmt::format("Cannot use the certificates in {}: {}.", ca_file, error.message()));
  }
  return transport;
}

/// `Ex6F9304|Microsoft…Exception|The sentence.`: the sentence.
std::string last_part(const std::string& text) {
  const std::size_t exception = text.find('|');
  const std::size_t sentence =
      exception == std::string::npos ? exception : text.find('|', exception + 1);
  return sentence == std::string::npos ? text : text.substr(sentence + 1);
}

std::string error_sentence(unsigned status, const Value& reply) {
  const Object* object = reply.get<Object>();
  const Value* told = object == nullptr ? nullptr : object->find("error");
  const Object* error = told == nullptr ? nullptr : told->get<Object>();
  if (error == nullptr) return fmt::format("The server answered with status {}.", status);
  const Value* details = error->find("details");
  const List* list = details == nullptr ? nullptr : details->get<List>();
  if (list != nullptr && !list->empty()) {
    const Object* first = list->front().get<Object>();
    const Value* message = first == nullptr ? nullptr : first->find("message");
    if (message != nullptr) return last_part(message->to_text());
  }
  const Value* message = error->find("message");
  return message == nullptr ? fmt::format("The server answered with status {}.", status)
                            : message->to_text();
}

}  // namespace

Result<Outcome> read_reply(unsigned status, std::string_view body) {
  Result<Value> reply = parse_json(body);
  if (status != 200) {
    if (!reply) return fail(fmt::format("The server answered with status {}.", status));
    return fail(error_sentence(status, *reply));
  }
  const Object* object = reply ? reply->get<Object>() : nullptr;
  const Value* value = object == nullptr ? nullptr : object->find("value");
  if (value == nullptr || value->get<List>() == nullptr) {
    return fail("The server's answer is not that of posternd.");
  }
  Outcome outcome;
  outcome.values = *value->get<List>();
  const Value* warnings = object->find("@adminapi.warnings");
  if (const List* list = warnings == nullptr ? nullptr : warnings->get<List>()) {
    for (const Value& warning : *list) outcome.warnings.push_back(warning.to_text());
  }
  return outcome;
}

Result<std::unique_ptr<HttpClient>> make_http_client(const Endpoint& endpoint) {
  if (endpoint.url.empty()) {
    return std::make_unique<RestClient>(std::make_unique<LocalTransport>(endpoint.socket_path),
                                        endpoint.socket_path, "localhost", std::string());
  }
  const auto url = urls::parse_uri(endpoint.url);
  if (!url) return fail(fmt::format("{} is not a URL.", endpoint.url));
  auto transport = make_transport(*url, endpoint.ca_file);
  if (!transport) return std::unexpected(transport.error());
  if (endpoint.token_file.empty()) {
    return fail("With a URL a token is needed: --token-file FILE or POSTERN_TOKEN_FILE.");
  }
  auto token = read_token(endpoint.token_file);
  if (!token) return std::unexpected(token.error());
  const auto host = url->encoded_host_and_port();
  return std::make_unique<RestClient>(std::move(*transport), endpoint.url,
                                      std::string(host.data(), host.size()), std::move(*token));
}

}  // namespace postern::admin
