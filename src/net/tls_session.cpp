#include "net/tls_session.h"

#include <openssl/err.h>

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

}  // namespace

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, RawSocket& socket,
                       const std::string& server_name)
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
  if (!server_name.empty()) SSL_set_tlsext_host_name(ssl_.get(), server_name.c_str());
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
      break;
  }
  ERR_clear_error();
  broken_ = true;
  return {IoStatus::failed};
}

IoResult TlsSession::handshake() {
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
