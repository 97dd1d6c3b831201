// Certificates, keys and trust anchors, ready for handshakes.
//
// A context is immutable and shared by all threads. A reload makes a new one; connections that
// began with the old one keep it. Server contexts ask every client for a certificate and
// require none: who may do what is decided later, from TlsFacts::certificate.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct ssl_st;

namespace postern::net {

/// PEM files: the certificate followed by its intermediates, and its unencrypted private key.
struct KeyFiles {
  std::string certificate;
  std::string private_key;
};

struct TlsSettings {
  /// For the certificate that is made when none is configured.
  std::string hostname = "localhost";
  KeyFiles files;  ///< both empty: a self-signed certificate for `hostname`
  struct Named {
    std::vector<std::string> names;  ///< `mx.example.com`, `*.example.com` (one label)
    KeyFiles files;
  };
  /// Other certificates for clients that ask for these names (SNI, RFC 6066 section 3). The
  /// first that fits is used, an exact name before a wildcard; an unknown name gets `files`.
  std::vector<Named> sni;
  /// Trust anchors for client certificates: `system`, or a PEM file in which every certificate
  /// is an anchor.
  std::string client_ca = "system";
};

struct CertificateReport;

class TlsContext {
 public:
  /// Reads all files. An error names the file and what is wrong with it.
  static Result<std::shared_ptr<const TlsContext>> server(const TlsSettings& settings);
  /// A certificate made in memory, so that STARTTLS works before anything is configured.
  static Result<std::shared_ptr<const TlsContext>> self_signed(std::string_view hostname);
  /// For connections to a next hop, which verify what each of them expects (ExpectedServer).
  /// Shows the certificate in `files`, if any is named. `anchors`: as client_ca of a server.
  static Result<std::shared_ptr<const TlsContext>> client(const KeyFiles& files = {},
                                                          const std::string& anchors = "system");

  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  /// Sentences for the administrator: a certificate that has expired or soon will.
  const std::vector<std::string>& warnings() const;

  /// What a handshake would say of a client that shows the first certificate of this PEM text with
  /// the others as its chain. Of a server's context. The error says what is wrong with the text.
  Result<CertificateReport> examine(const std::string& pem) const;

  bool is_client() const;
  /// A new connection's state, owned by the caller; for net/tls_session.cpp.
  ssl_st* new_connection() const;

 private:
  struct Parts;
  explicit TlsContext(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace postern::net
