#include "net/tls_session.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/ip_address.h"
#include "net/tls_peer.h"

namespace postern::net {

namespace {

// OpenSSL's own socket BIO writes without MSG_NOSIGNAL, so that a peer who leaves would end the
// whole process with SIGPIPE. This one goes through RawSocket.

RawSocket& socket_of(BIO* bio) {
  return *static_cast<RawSocket*>(BIO_get_data(bio));
}

int bio_read(BIO* bio, char* data, int size) {
  BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY | BIO_FLAGS_IN_EOF);
  const IoResult result = socket_of(bio).receive({data, static_cast<std::size_t>(size)});
  switch (result.status) {
    case IoStatus::done:
      return static_cast<int>(result.bytes);
    case IoStatus::want_read:
    case IoStatus::want_write:
      BIO_set_retry_read(bio);
      return -1;
    case IoStatus::closed:
      BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
      return 0;
    case IoStatus::failed:
      return -1;
  }
  std::abort();
}

int bio_write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const IoResult result = socket_of(bio).send({data, static_cast<std::size_t>(size)});
  switch (result.status) {
    case IoStatus::done:
      return static_cast<int>(result.bytes);
    case IoStatus::want_read:
    case IoStatus::want_write:
      BIO_set_retry_write(bio);
      return -1;
    case IoStatus::closed:
    case IoStatus::failed:
      return -1;
  }
  std::abort();
}

long bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
  return 0;
}

const BIO_METHOD* raw_socket_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "raw socket");
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

/// From `first` on. The first name of all replaces what was expected, the others are added.
bool expect_names(SSL& ssl, const std::vector<std::string>& names, std::size_t first) {
  SSL_set_hostflags(&ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  for (std::size_t i = first; i < names.size(); ++i) {
    const bool set = IpAddress::parse(names[i]) ? X509_VERIFY_PARAM_set1_ip_asc(
                                                      SSL_get0_param(&ssl), names[i].c_str()) == 1
                                                : SSL_add1_host(&ssl, names[i].c_str()) == 1;
    if (!set) return false;
  }
  return true;
}

/// False: none of them can be used.
bool expect_records(SSL& ssl, const std::vector<TlsaRecord>& records) {
  bool any = false;
  for (const TlsaRecord& record : records) {
    if (!is_usable(record)) continue;
    const auto* data =
        static_cast<const unsigned char*>(static_cast<const void*>(record.data.data()));
    // A key or certificate that OpenSSL cannot read, a digest of the wrong length: not usable.
    any |= SSL_dane_tlsa_add(&ssl, record.usage, record.selector, record.matching, data,
                             record.data.size()) > 0;
  }
  ERR_clear_error();
  return any;
}

}  // namespace

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, RawSocket& socket,
                       const ExpectedServer* expected)
    : context_(std::move(context)), ssl_(context_->new_connection()) {
  BIO* bio = BIO_new(raw_socket_method());
  if (bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, &socket);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  if (!context_->is_client()) {
    SSL_set_accept_state(ssl_.get());
    return;
  }
  SSL_set_connect_state(ssl_.get());
  if (expected != nullptr) expect(*expected);
}

void TlsSession::expect(const ExpectedServer& server) {
  SSL* ssl = ssl_.get();
  // OpenSSL's own silence must never become a server that is believed.
  const auto refuse = [this](std::string why) {
    problem_ = std::move(why);
    broken_ = true;
  };
  if (!server.server_name.empty()) SSL_set_tlsext_host_name(ssl, server.server_name.c_str());
  switch (server.check) {
    case ExpectedServer::Check::nobody:
      return;
    case ExpectedServer::Check::name:
      if (server.names.empty() || !expect_names(*ssl, server.names, 0))
        return refuse("there is no name that the certificate could have");
      break;
    case ExpectedServer::Check::dane:
      if (server.names.empty() || SSL_dane_enable(ssl, server.names.front().c_str()) != 1 ||
          !expect_names(*ssl, server.names, 1)) {
        return refuse("there is no name to which the TLSA records belong");
      }
      // RFC 7672 section 3.1.1: with DANE-EE(3) neither names nor dates of the certificate count.
      SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
      // Without any usable record OpenSSL would go on as if DANE were not asked for.
      if (!expect_records(*ssl, server.tlsa)) return refuse("no TLSA record is usable");
      break;
  }
  SSL_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
}

TlsFacts TlsSession::facts(Time now) const {
  return facts_of(*ssl_, now);
}

IoResult TlsSession::result_of(int returned, std::size_t bytes) {
  if (returned > 0) return {IoStatus::done, bytes};
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
      return {IoStatus::want_read};
    case SSL_ERROR_WANT_WRITE:
      return {IoStatus::want_write};
    case SSL_ERROR_ZERO_RETURN:
      problem_ = "the peer closed the connection";
      return {IoStatus::closed};
    case SSL_ERROR_SYSCALL:
      problem_ = "the connection was lost";
      break;
    default:
      problem_ = take_openssl_error();
      if (const long verdict = SSL_get_verify_result(ssl_.get());
          context_->is_client() && verdict != X509_V_OK) {
        problem_.append(": ").append(X509_verify_cert_error_string(verdict));
      }
      break;
  }
  ERR_clear_error();
  broken_ = true;
  return {IoStatus::failed};
}

IoResult TlsSession::handshake() {
  if (broken_) return {IoStatus::failed};
  ERR_clear_error();
  return result_of(SSL_do_handshake(ssl_.get()), 0);
}

IoResult TlsSession::receive(std::span<char> buffer) {
  if (broken_) return {IoStatus::failed};
  ERR_clear_error();
  std::size_t bytes = 0;
  const int returned = SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &bytes);
  return result_of(returned, bytes);
}

IoResult TlsSession::send(std::string_view bytes) {
  if (broken_) return {IoStatus::failed};
  ERR_clear_error();
  std::size_t sent = 0;
  const int returned = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent);
  return result_of(returned, sent);
}

bool TlsSession::peer_has_closed() {
  if (broken_) return true;
  ERR_clear_error();
  char byte;
  std::size_t bytes = 0;
  const int returned = SSL_peek_ex(ssl_.get(), &byte, 1, &bytes);
  const IoStatus status = result_of(returned, bytes).status;
  return status == IoStatus::closed || status == IoStatus::failed;
}

void TlsSession::end_output() {
  if (broken_ || SSL_is_init_finished(ssl_.get()) == 0) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

}  // namespace postern::net
