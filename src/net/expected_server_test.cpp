#include "net/expected_server.h"

#include <doctest/doctest.h>
#include <openssl/sha.h>

#include <functional>

#include "net/run.h"
#include "net/stream_pair.h"
#include "net/test_certificates.h"
#include "net/tls_context.h"

using namespace postern;
using namespace postern::net;
using Check = ExpectedServer::Check;

namespace {

/// What TLSA's selector picks from a certificate: all of it, or its public key.
std::string selected(const X509& certificate, int selector) {
  unsigned char* der = nullptr;
  const int size = selector == 0 ? i2d_X509(&certificate, &der)
                                 : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(&certificate), &der);
  std::string bytes(static_cast<const char*>(static_cast<const void*>(der)),
                    static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

std::string digest_of(const EVP_MD* algorithm, const std::string& bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, algorithm, nullptr);
  return {static_cast<const char*>(static_cast<const void*>(digest)), size};
}

TlsaRecord record_of(const X509& certificate, int usage, int selector, int matching) {
  std::string data = selected(certificate, selector);
  if (matching == 1) data = digest_of(EVP_sha256(), data);
  if (matching == 2) data = digest_of(EVP_sha512(), data);
  return {.usage = static_cast<std::uint8_t>(usage),
          .selector = static_cast<std::uint8_t>(selector),
          .matching = static_cast<std::uint8_t>(matching),
          .data = std::move(data)};
}

/// A server `mx.contoso.test` with its chain, and clients that expect this and that.
struct World {
  TestAuthority authority;
  KeyPair pair = authority.issue(
      {.common_name = "mx.contoso.test", .dns_names = {"mx.contoso.test", "*.wild.test"}});
  std::shared_ptr<const TlsContext> server;
  std::shared_ptr<const TlsContext> client;

  World() {
    server = serve(pair);
    client = TlsContext::client({}, authority.root_file()).value();
  }

  std::shared_ptr<const TlsContext> serve(const KeyPair& shown) const {
    TlsSettings settings;
    settings.files = authority.write(shown);
    return TlsContext::server(settings).value();
  }

  /// Empty: the client went on; else why not.
  std::string meet(ExpectedServer expected, std::shared_ptr<const TlsContext> other = nullptr) {
    boost::asio::io_context io(1);
    auto [left, right] =
        make_stream_pair(io, other ? other : server, client,
                         std::make_shared<const ExpectedServer>(std::move(expected)));
    const auto serve_it = [](Stream& stream) -> awaitable<void> { co_await stream.start_tls(); };
    const auto ask = [](Stream& stream) -> awaitable<std::string> {
      const auto facts = co_await stream.start_tls();
      // Nothing may be sent to a server that was not believed.
      if (!facts) CHECK_FALSE(co_await stream.write("EHLO mx.test\r\n"));
      co_return facts ? "" : facts.error().message;
    };
    start(io, serve_it(*left));
    return run_on(io, ask(*right));
  }

  std::string meet_name(const std::string& name) {
    return meet({.check = Check::name, .server_name = name, .names = {name}, .tlsa = {}});
  }
  std::string meet_dane(std::vector<TlsaRecord> records,
                        std::vector<std::string> names = {"mx.contoso.test"}) {
    return meet({.check = Check::dane, .server_name = "", .names = names, .tlsa = records});
  }
};

}  // namespace

TEST_CASE("a server is believed by a chain to an anchor and its name") {
  World world;
  CHECK(world.meet_name("mx.contoso.test") == "");
  CHECK(world.meet_name("MX.contoso.TEST") == "");
  CHECK(world.meet_name("a.wild.test") == "");
  CHECK(world.meet_name("a.b.wild.test").contains("ostname mismatch"));
  CHECK(world.meet_name("mx.fabrikam.test").contains("certificate verify failed"));
  CHECK(world.meet_name("192.0.2.1").contains("IP address mismatch"));
  CHECK(world.meet({.check = Check::name, .server_name = "", .names = {}, .tlsa = {}})
            .contains("no name"));
  CHECK(world.meet({.check = Check::name,
                    .server_name = "",
                    .names = {"mx.other.test", "mx.contoso.test"},
                    .tlsa = {}}) == "");

  const TestAuthority stranger;
  const auto other = world.serve(stranger.issue({.common_name = "mx.contoso.test"}));
  const ExpectedServer named{
      .check = Check::name, .server_name = "", .names = {"mx.contoso.test"}, .tlsa = {}};
  CHECK(world.meet(named, other).contains("unable to get"));
  CHECK(world.meet({}, other) == "");

  using namespace std::chrono_literals;
  const auto expired = world.serve(world.authority.issue(
      {.common_name = "mx.contoso.test", .valid_from = -48h, .valid_until = -24h}));
  CHECK(world.meet(named, expired).contains("certificate has expired"));
}

TEST_CASE("every form of a TLSA record for mail finds its server, and no other") {
  World world;
  const X509& leaf = *world.pair.certificate;
  const X509& issuer = *world.pair.chain.front();
  const KeyPair other = world.authority.issue({.common_name = "mx.contoso.test"});
  const TestAuthority stranger;
  const KeyPair strange = stranger.issue({.common_name = "mx.contoso.test"});
  for (int selector = 0; selector <= 1; ++selector) {
    for (int matching = 0; matching <= 2; ++matching) {
      CAPTURE(selector);
      CAPTURE(matching);
      CHECK(world.meet_dane({record_of(leaf, 3, selector, matching)}) == "");
      CHECK(world.meet_dane({record_of(issuer, 2, selector, matching)}) == "");
      CHECK(world.meet_dane({record_of(*other.certificate, 3, selector, matching)})
                .contains("o matching DANE TLSA records"));
      CHECK(world.meet_dane({record_of(*strange.chain.front(), 2, selector, matching)}) != "");
      // A usage for the web's authorities is not one for mail, even if it matches.
      CHECK(world.meet_dane({record_of(leaf, 1, selector, matching)})
                .contains("no TLSA record is usable"));
      CHECK(world.meet_dane({record_of(issuer, 0, selector, matching)})
                .contains("no TLSA record is usable"));
    }
  }
  // One that matches is enough; ones that cannot be used do not spoil it.
  CHECK(world.meet_dane({record_of(*other.certificate, 3, 1, 1),
                         record_of(leaf, 3, 1, 1),
                         {.usage = 3, .selector = 9, .matching = 1, .data = "x"},
                         {.usage = 3, .selector = 1, .matching = 1, .data = "too short"}}) == "");
}

TEST_CASE("names and dates count for the authority of a TLSA record, not for the key itself") {
  World world;
  const X509& leaf = *world.pair.certificate;
  const X509& issuer = *world.pair.chain.front();
  CHECK(world.meet_dane({record_of(leaf, 3, 1, 1)}, {"mx.fabrikam.test"}) == "");
  CHECK(world.meet_dane({record_of(issuer, 2, 0, 1)}, {"mx.fabrikam.test"})
            .contains("ostname mismatch"));
  CHECK(world.meet_dane({record_of(issuer, 2, 0, 1)}, {"mx.fabrikam.test", "mx.contoso.test"}) ==
        "");

  using namespace std::chrono_literals;
  const KeyPair old = world.authority.issue(
      {.common_name = "mx.contoso.test", .valid_from = -48h, .valid_until = -24h});
  const auto expired = world.serve(old);
  const auto expect = [](TlsaRecord record) {
    return ExpectedServer{.check = Check::dane,
                          .server_name = "",
                          .names = {"mx.contoso.test"},
                          .tlsa = {std::move(record)}};
  };
  CHECK(world.meet(expect(record_of(*old.certificate, 3, 1, 1)), expired) == "");
  CHECK(world.meet(expect(record_of(*old.chain.front(), 2, 0, 1)), expired) != "");
}
