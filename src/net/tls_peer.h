// Who is at the other end of a TLS connection: the verdict on a client's certificate and the
// names in it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "net/openssl_handles.h"
#include "net/stream.h"

namespace postern::net {

/// Names beyond this many in one certificate do not count.
inline constexpr std::size_t max_certificate_names = 256;
/// Certificates between a client's own and the trust anchor.
inline constexpr int max_chain_depth = 8;

/// For SSL_CTX_set_cert_verify_callback. It lets every client through and leaves the truth in
/// SSL_get_verify_result: X509_V_OK only for a full chain to a trust anchor. The certificate may
/// be for clients or for servers: those of most mail servers name only the second purpose, and
/// public authorities no longer issue the first.
int judge_client_certificate(X509_STORE_CTX* given, void*);

/// What a finished handshake says of the peer. `now` decides whether the certificate of a
/// resumed session has expired since.
TlsFacts facts_of(SSL& connection, Time now);

PeerCertificate describe(const X509& certificate);

/// A DNS name of a certificate in lower case, `*.example.com` as is. Nothing for text that is no
/// host name: an empty label, a NUL, a star elsewhere, a letter beyond ASCII.
std::optional<std::string> certificate_host_name(std::string_view text);

}  // namespace postern::net
