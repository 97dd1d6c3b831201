// Makes certificates: the self-signed one of a server without configuration, and whole little
// authorities for tests (net/test_certificates.h).
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "net/tls_key_pair.h"

namespace postern::net {

struct CertificateWishes {
  std::string common_name;
  std::vector<std::string> dns_names;
  bool authority = false;          ///< may sign others
  std::string extended_key_usage;  ///< as OpenSSL names it: `serverAuth,clientAuth`; empty: none
  std::chrono::seconds valid_from = std::chrono::hours(-1);  ///< both from now on
  std::chrono::seconds valid_until = std::chrono::hours(24);
};

/// A fresh P-256 key and its certificate. Signed by `issuer`, or by itself if that is null; the
/// chain is left to the caller. Throws std::runtime_error where OpenSSL refuses: the wishes are
/// ours, so that is our mistake.
KeyPair issue_certificate(const CertificateWishes& wishes, const KeyPair* issuer);

}  // namespace postern::net
