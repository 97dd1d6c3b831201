// A certificate with its chain and private key, from files or made on the spot.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/openssl_handles.h"
#include "net/tls_context.h"

namespace postern::net {

struct KeyPair {
  X509Handle certificate;
  KeyHandle key;
  std::vector<X509Handle> chain;  ///< intermediates, the issuer of `certificate` first
};

/// Errors name the file. An expired certificate is not an error: a server that refuses to start
/// helps nobody.
Result<KeyPair> load_key_pair(const KeyFiles& files);

/// All certificates of a PEM text, at least one.
Result<std::vector<X509Handle>> read_certificates(const std::string& pem, const std::string& file);

/// The text of a file of at most a few megabytes.
Result<std::string> read_file(const std::string& path);

/// notAfter as a time.
Time not_after(const X509& certificate);

}  // namespace postern::net
