// Real handshakes over sockets: our server side against a client that is OpenSSL alone.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <string>
#include <thread>

#include "net/certificate_report.h"
#include "net/run.h"
#include "net/socket_stream.h"
#include "net/stream_pair.h"
#include "net/test_certificates.h"
#include "net/tls_session.h"

using namespace postern;
using namespace postern::net;
using namespace std::chrono_literals;

namespace {

using SessionHandle = std::unique_ptr<SSL_SESSION, OpensslDeleter<SSL_SESSION_free>>;

/// What the client does, and what it found out.
struct Client {
  const KeyPair* certificate = nullptr;
  std::string server_name;
  int version = 0;
  SSL_SESSION* resume = nullptr;
  bool say_goodbye = true;  ///< close_notify

  bool connected = false;
  std::string certificate_shown;  ///< CN of the server's certificate
  std::string heard;
  SessionHandle session;

  /// On a blocking socket: handshake, one line each way, until the server closes.
  void talk(int fd);
};

void Client::talk(int fd) {
  const SslContextHandle context(SSL_CTX_new(TLS_client_method()));
  if (version != 0) {
    SSL_CTX_set_min_proto_version(context.get(), version);
    SSL_CTX_set_max_proto_version(context.get(), version);
  }
  if (certificate != nullptr) {
    SSL_CTX_use_certificate(context.get(), certificate->certificate.get());
    SSL_CTX_use_PrivateKey(context.get(), certificate->key.get());
    SSL_CTX_set_mode(context.get(), SSL_MODE_NO_AUTO_CHAIN);
    for (const auto& link : certificate->chain) {
      SSL_CTX_add1_chain_cert(context.get(), link.get());
    }
  }
  const SslHandle ssl(SSL_new(context.get()));
  SSL_set_fd(ssl.get(), fd);
  if (!server_name.empty()) SSL_set_tlsext_host_name(ssl.get(), server_name.c_str());
  if (resume != nullptr) SSL_set_session(ssl.get(), resume);
  connected = SSL_connect(ssl.get()) == 1;
  if (!connected) return;
  if (const X509Handle shown{SSL_get1_peer_certificate(ssl.get())}) {
    char name[256] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(shown.get()), NID_commonName, name, 256);
    certificate_shown = name;
  }
  SSL_write(ssl.get(), "EHLO\r\n", 6);
  char buffer[1024];
  for (int n = 0; (n = SSL_read(ssl.get(), buffer, sizeof buffer)) > 0;) {
    heard.append(buffer, static_cast<std::size_t>(n));
    if (heard.ends_with("\r\n")) break;
  }
  session.reset(SSL_get1_session(ssl.get()));  // with the ticket, which came before the reply
  if (say_goodbye) SSL_shutdown(ssl.get());
  ERR_clear_error();
}

struct Seen {
  Result<TlsFacts> facts = fail("no handshake");
  std::string heard;
  bool closed_before_reading = true;
};

awaitable<Seen> serve(Stream& stream) {
  Seen seen;
  stream.set_deadline(20s);
  seen.facts = co_await stream.start_tls();
  if (seen.facts) {
    std::string_view piece = co_await stream.read();
    seen.heard = piece;
    seen.closed_before_reading = stream.peer_has_closed();
    co_await stream.write("250 hello\r\n");
    piece = co_await stream.read();
    CHECK(piece.empty());
    CHECK(stream.end() == StreamEnd::closed);
  }
  co_await stream.close();
  co_return seen;
}

/// Both sides of one connection.
Seen meet(const std::shared_ptr<const TlsContext>& context, Client& client) {
  boost::asio::io_context io(1);
  auto [server, other] = make_tcp_pair();
  // The client blocks, on a thread that a peer who leaves cannot kill.
  const int fd = other.get();
  ::fcntl(fd, F_SETFL, 0);
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::jthread thread([&client, socket = std::move(other)]() mutable {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    client.talk(socket.get());
    socket.reset();
  });
  const auto stream = make_socket_stream(io, std::move(server), context);
  return run_on(io, serve(*stream));
}

std::shared_ptr<const TlsContext> server_context(const TestAuthority& authority,
                                                 TlsSettings settings = {}) {
  if (settings.files.certificate.empty()) {
    settings.files = authority.write(authority.issue({.common_name = "mx.example.com"}));
  }
  settings.client_ca = authority.root_file();
  auto context = TlsContext::server(settings);
  REQUIRE(context);
  return *context;
}

}  // namespace

TEST_CASE("a handshake without a client certificate") {
  const auto context = TlsContext::self_signed("mx.example.com");
  REQUIRE(context);
  Client client;
  client.server_name = "MX.Example.COM";
  const Seen seen = meet(*context, client);
  REQUIRE(seen.facts);
  CHECK(seen.facts->version == "TLSv1.3");
  CHECK(seen.facts->cipher == "TLS_AES_256_GCM_SHA384");
  CHECK(seen.facts->server_name == "mx.example.com");
  CHECK_FALSE(seen.facts->resumed);
  CHECK_FALSE(seen.facts->certificate);
  CHECK(seen.facts->certificate_problem.empty());
  CHECK(seen.heard == "EHLO\r\n");
  CHECK_FALSE(seen.closed_before_reading);
  CHECK(client.heard == "250 hello\r\n");
  CHECK(client.certificate_shown == "mx.example.com");
}

TEST_CASE("a peer that closes without goodbye has closed as well") {
  const auto context = TlsContext::self_signed("mx.example.com");
  Client client;
  client.say_goodbye = false;
  CHECK(meet(*context, client).facts);
}

TEST_CASE("TLS 1.1 is refused") {
  const auto context = TlsContext::self_signed("mx.example.com");
  Client client;
  client.version = TLS1_1_VERSION;
  const Seen seen = meet(*context, client);
  REQUIRE_FALSE(seen.facts);
  CHECK(seen.facts.error().message.starts_with("The TLS handshake failed: "));
  CHECK_FALSE(client.connected);
}

TEST_CASE("a client certificate counts with a full chain to an anchor") {
  const TestAuthority authority;
  const auto context = server_context(authority);
  const KeyPair pair = authority.issue({.common_name = "Mail.Fabrikam.test",
                                        .dns_names = {"mail.fabrikam.test", "*.fabrikam.test"}});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    Client client;
    client.version = version;
    client.certificate = &pair;
    const Seen seen = meet(context, client);
    REQUIRE(seen.facts);
    REQUIRE(seen.facts->certificate);
    const PeerCertificate& certificate = *seen.facts->certificate;
    CHECK(certificate.names == std::vector<std::string>{"mail.fabrikam.test", "*.fabrikam.test"});
    CHECK(certificate.subject == "CN=Mail.Fabrikam.test");
    CHECK(certificate.issuer == "CN=Test intermediate");
    CHECK(certificate.fingerprint.size() == 64);
    CHECK(certificate.not_after > now());
    CHECK(seen.facts->certificate_problem.empty());
  }
}

TEST_CASE("a client certificate for servers counts too, one for code signing does not") {
  const TestAuthority authority;
  const auto context = server_context(authority);
  const auto counts = [&](const std::string& usage) {
    const KeyPair pair =
        authority.issue({.common_name = "mail.fabrikam.test", .extended_key_usage = usage});
    Client client;
    client.certificate = &pair;
    const Seen seen = meet(context, client);
    REQUIRE(seen.facts);
    CHECK((seen.facts->certificate == nullptr) == !seen.facts->certificate_problem.empty());
    return seen.facts->certificate != nullptr;
  };
  CHECK(counts("clientAuth"));
  CHECK(counts("serverAuth"));
  CHECK(counts("serverAuth,clientAuth"));
  CHECK_FALSE(counts("codeSigning"));
}

TEST_CASE("a client certificate that cannot be trusted is no certificate, and mail goes on") {
  const TestAuthority authority;
  const TestAuthority stranger;
  const auto context = server_context(authority);
  const auto problem = [&](const KeyPair& pair) {
    Client client;
    client.certificate = &pair;
    const Seen seen = meet(context, client);
    REQUIRE(seen.facts);
    CHECK_FALSE(seen.facts->certificate);
    CHECK(client.heard == "250 hello\r\n");
    return seen.facts->certificate_problem;
  };
  const CertificateWishes wishes{.common_name = "mail.fabrikam.test"};
  CHECK(problem(authority.issue_without_chain(wishes)) == "unable to get local issuer certificate");
  CHECK(problem(stranger.issue(wishes)).contains("unable to get"));
  CHECK(problem(issue_certificate(wishes, nullptr)) == "self-signed certificate");
  CHECK(problem(authority.issue(
            {.common_name = "old.fabrikam.test", .valid_from = -48h, .valid_until = -1h})) ==
        "certificate has expired");
  CHECK(problem(authority.issue({.common_name = "early.fabrikam.test", .valid_from = 1h})) ==
        "certificate is not yet valid");
}

TEST_CASE("an intermediate in the file of anchors is an anchor") {
  const TestAuthority authority;
  TlsSettings settings;
  settings.client_ca = authority.intermediate_file();
  const auto context = TlsContext::server(settings);
  REQUIRE(context);
  const KeyPair pair = authority.issue_without_chain({.common_name = "mail.fabrikam.test"});
  Client client;
  client.certificate = &pair;
  const Seen seen = meet(*context, client);
  REQUIRE(seen.facts);
  CHECK(seen.facts->certificate);
}

TEST_CASE("a resumed session keeps certificate and verdict") {
  const TestAuthority authority;
  const auto context = server_context(authority);
  const KeyPair trusted = authority.issue({.common_name = "mail.fabrikam.test"});
  const KeyPair untrusted = issue_certificate({.common_name = "mail.fabrikam.test"}, nullptr);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const KeyPair* pair : {&trusted, &untrusted}) {
      CAPTURE(version);
      Client first;
      first.version = version;
      first.certificate = pair;
      const Seen before = meet(context, first);
      REQUIRE(before.facts);
      REQUIRE(first.session);

      Client second;
      second.version = version;
      second.certificate = pair;
      second.resume = first.session.get();
      const Seen after = meet(context, second);
      REQUIRE(after.facts);
      CHECK_FALSE(before.facts->resumed);
      CHECK(after.facts->resumed);
      CHECK((after.facts->certificate != nullptr) == (pair == &trusted));
      CHECK(after.facts->certificate_problem == before.facts->certificate_problem);
      if (after.facts->certificate) {
        CHECK(after.facts->certificate->fingerprint == before.facts->certificate->fingerprint);
      }
    }
  }
}

TEST_CASE("whether a certificate has expired is asked anew, also in a resumed session") {
  const TestAuthority authority;
  const KeyFiles files = authority.write(authority.issue({.common_name = "mail.fabrikam.test"}));
  const auto client_context = TlsContext::client(files);
  REQUIRE(client_context);
  auto [server_end, client_end] = make_tcp_pair();
  RawSocket server_socket(server_end.get());
  RawSocket client_socket(client_end.get());
  TlsSession server(server_context(authority), server_socket, nullptr);
  TlsSession client(*client_context, client_socket, nullptr);
  bool done = false;
  for (int i = 0; i < 1000 && !done; ++i) {
    const bool client_done = client.handshake().status == IoStatus::done;
    done = server.handshake().status == IoStatus::done && client_done;
  }
  REQUIRE(done);
  const TlsFacts today = server.facts(now());
  REQUIRE(today.certificate);
  const TlsFacts later = server.facts(today.certificate->not_after + 1s);
  CHECK_FALSE(later.certificate);
  CHECK(later.certificate_problem == "certificate has expired");
}

TEST_CASE("a reload makes old tickets worthless") {
  const TestAuthority authority;
  Client first;
  CHECK(meet(server_context(authority), first).facts);
  Client second;
  second.resume = first.session.get();
  const Seen after = meet(server_context(authority), second);
  REQUIRE(after.facts);
  CHECK_FALSE(after.facts->resumed);
}

TEST_CASE("the certificate follows the name that the client asks for") {
  const TestAuthority authority;
  TlsSettings settings;
  settings.sni.push_back({.names = {"mx.fabrikam.test"},
                          .files = authority.write(authority.issue({.common_name = "exact"}))});
  settings.sni.push_back({.names = {"*.fabrikam.test", "Mail.Other.test"},
                          .files = authority.write(authority.issue({.common_name = "wild"}))});
  const auto context = server_context(authority, settings);
  const KeyPair pair = authority.issue({.common_name = "client.test"});
  const auto shown = [&](const std::string& name) {
    Client client;
    client.server_name = name;
    client.certificate = &pair;
    const Seen seen = meet(context, client);
    REQUIRE(seen.facts);
    CHECK(seen.facts->certificate);  // asked for and verified the same way under every name
    return client.certificate_shown;
  };
  CHECK(shown("mx.fabrikam.test") == "exact");
  CHECK(shown("MX.FABRIKAM.TEST") == "exact");
  CHECK(shown("two.fabrikam.test") == "wild");
  CHECK(shown("a.two.fabrikam.test") == "mx.example.com");
  CHECK(shown("fabrikam.test") == "mx.example.com");
  CHECK(shown("mail.other.test") == "wild");
  CHECK(shown("unknown.test") == "mx.example.com");
  CHECK(shown("") == "mx.example.com");
}

TEST_CASE("both sides can be ours, and records of any size pass") {
  const auto server = TlsContext::self_signed("mx.example.com");
  const auto client = TlsContext::client();
  REQUIRE(client);
  boost::asio::io_context io(1);
  auto [left, right] = make_stream_pair(io, *server, *client);
  std::string large(3 << 20, 'x');
  const auto send = [](Stream& stream, const std::string& text) -> awaitable<void> {
    const auto facts = co_await stream.start_tls();
    REQUIRE(facts);
    CHECK_FALSE(facts->certificate);
    CHECK(co_await stream.write(text));
    co_await stream.close();
  };
  const auto receive = [](Stream& stream) -> awaitable<std::size_t> {
    const auto facts = co_await stream.start_tls();
    REQUIRE(facts);
    std::size_t size = 0;
    for (;;) {
      const std::string_view piece = co_await stream.read();
      if (piece.empty()) co_return size;
      size += piece.size();
    }
  };
  start(io, send(*right, large));
  CHECK(run_on(io, receive(*left)) == large.size());
  CHECK(left->end() == StreamEnd::closed);
}

TEST_CASE("a goodbye is seen without reading, and data before it is not lost") {
  const auto server = TlsContext::self_signed("mx.example.com");
  const auto client = TlsContext::client();
  boost::asio::io_context io(1);
  auto [left, right] = make_stream_pair(io, *server, *client);
  const auto shake = [](Stream& stream) -> awaitable<void> { CHECK(co_await stream.start_tls()); };
  start(io, shake(*right));
  run_on(io, shake(*left));

  CHECK_FALSE(left->peer_has_closed());
  CHECK(run_on(io, right->write("QUIT\r\n")));
  CHECK_FALSE(left->peer_has_closed());
  start(io, right->close());
  io.restart();
  io.poll();
  CHECK(left->peer_has_closed());
  CHECK(run_on(io, left->read()) == "QUIT\r\n");
  CHECK(left->peer_has_closed());
  CHECK(run_on(io, left->read()).empty());
  CHECK(left->end() == StreamEnd::closed);
}

TEST_CASE("clear text where a handshake should be fails it, as does silence") {
  const auto context = TlsContext::self_signed("mx.example.com");
  const auto shake = [](Stream& stream) -> awaitable<std::string> {
    stream.set_deadline(300ms);
    const auto facts = co_await stream.start_tls();
    // A broken handshake leaves no layer for a reply; without a certificate none has begun.
    const bool written = co_await stream.write("421");
    CHECK(written == (stream.end() == StreamEnd::open));
    co_return facts ? "" : facts.error().message;
  };
  boost::asio::io_context io(1);
  auto [injected, attacker] = make_stream_pair(io, *context);
  CHECK(run_on(io, attacker->write("MAIL FROM:<a@example.com>\r\n")));
  const std::string why = run_on(io, shake(*injected));
  CAPTURE(why);
  CHECK(why.starts_with("The TLS handshake failed: "));
  CHECK(injected->end() == StreamEnd::failed);

  auto [waiting, silent] = make_stream_pair(io, *context);
  CHECK(run_on(io, shake(*waiting)) == "The TLS handshake failed: it took too long.");
  CHECK(waiting->end() == StreamEnd::timed_out);

  auto [left, gone] = make_stream_pair(io, *context);
  gone.reset();
  CHECK(run_on(io, shake(*left)) == "The TLS handshake failed: the peer closed the connection.");

  auto [plain, other] = make_stream_pair(io);
  CHECK(run_on(io, shake(*plain)) == "TLS is not configured.");

  auto [stopping, peer] = make_stream_pair(io, *context);
  stopping->interrupt();
  CHECK(run_on(io, shake(*stopping)) == "The TLS handshake failed: the server is going down.");
}

TEST_CASE("errors of configuration name the file and what is wrong") {
  const TestAuthority authority;
  const KeyFiles good = authority.write(authority.issue({.common_name = "mx.example.com"}));
  const KeyFiles other = authority.write(authority.issue({.common_name = "mx.example.com"}));
  const auto problem = [&](KeyFiles files, std::string client_ca = "system") {
    TlsSettings settings;
    settings.files = std::move(files);
    settings.client_ca = std::move(client_ca);
    const auto context = TlsContext::server(settings);
    return context ? std::string() : context.error().message;
  };
  CHECK(problem(good) == "");
  CHECK(problem({"/nowhere/c.pem", good.private_key}) ==
        "Cannot read /nowhere/c.pem: No such file or directory.");
  CHECK(problem({good.certificate, "/"}) == "Cannot read /: it is not a file.");
  CHECK(problem({good.certificate, ""}) ==
        "The certificate " + good.certificate + " is configured without its private_key.");
  CHECK(problem({"", good.private_key}).contains("without its certificate"));
  CHECK(problem({good.private_key, good.private_key}).contains("holds no certificate in PEM form"));
  CHECK(problem({good.certificate, good.certificate}).contains("holds no private key in PEM form"));
  CHECK(problem({good.certificate, other.private_key}) ==
        "The private key " + other.private_key + " does not belong to the first certificate in " +
            good.certificate + ".");
  CHECK(problem(good, "/nowhere/ca.pem") ==
        "Cannot read /nowhere/ca.pem: No such file or directory.");
  const std::string broken = authority.write_file(
      "broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  CHECK(problem({broken, good.private_key}).starts_with(broken + ": certificate 1 cannot be read"));

  const auto cut = authority.write_file("empty.pem", "");
  CHECK(problem(good, cut).contains("holds no certificate"));
}

TEST_CASE("a certificate in a file is judged as a handshake would") {
  const TestAuthority authority;
  TlsSettings settings;
  settings.client_ca = authority.root_file();
  const auto context = TlsContext::server(settings).value();
  const auto pem = [](const KeyPair& pair) {
    std::string text = to_pem(*pair.certificate);
    for (const X509Handle& link : pair.chain) text += to_pem(*link);
    return text;
  };
  const CertificateReport good =
      context->examine(pem(authority.issue({.common_name = "mx.vendor.test"}))).value();
  CHECK(good.trusted);
  CHECK(good.problem.empty());
  CHECK(good.certificate.names == std::vector<std::string>{"mx.vendor.test"});
  CHECK(good.certificate.not_after > now());

  const CertificateReport broken =
      context->examine(pem(authority.issue_without_chain({.common_name = "mx.vendor.test"})))
          .value();
  CHECK_FALSE(broken.trusted);
  CHECK(broken.problem == "unable to get local issuer certificate");
  CHECK(broken.certificate.names == std::vector<std::string>{"mx.vendor.test"});

  const auto self_signed = issue_certificate({.common_name = "mx.vendor.test"}, nullptr);
  CHECK_FALSE(context->examine(to_pem(*self_signed.certificate)).value().trusted);
  CHECK(context->examine("no certificate").error().message ==
        "The file holds no certificate in PEM form (-----BEGIN CERTIFICATE-----).");
  CHECK_FALSE(context->examine(std::string(1'000'000, 'x')));
}

TEST_CASE("an expired certificate of our own is a warning") {
  const TestAuthority authority;
  const auto warnings = [&](std::chrono::seconds from, std::chrono::seconds until) {
    TlsSettings settings;
    settings.files = authority.write(authority.issue(
        {.common_name = "mx.example.com", .valid_from = from, .valid_until = until}));
    const auto context = TlsContext::server(settings);
    REQUIRE(context);
    return (*context)->warnings();
  };
  CHECK(warnings(-1h, std::chrono::days(60)).empty());
  REQUIRE(warnings(-48h, -24h).size() == 1);
  CHECK(warnings(-48h, -24h)[0].contains(" expired on "));
  REQUIRE(warnings(-1h, 24h).size() == 1);
  CHECK(warnings(-1h, 24h)[0].contains(" expires on "));
}
