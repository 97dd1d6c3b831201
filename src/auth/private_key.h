// A private key to sign with: for ARC seals, for reports of ours, and for tests.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "auth/public_key.h"
#include "base/result.h"

namespace postern::auth {

class PrivateKey {
 public:
  /// PKCS #8 or OpenSSL's older form, without a passphrase: RSA of 1024 bits or more (RFC 8301
  /// section 3.2; signers should use 2048), or Ed25519.
  static Result<PrivateKey> from_pem(std::string_view pem);
  /// RFC 8032's 32 octets.
  static Result<PrivateKey> from_ed25519(std::string_view octets);
  /// A new key. `rsa_bits` means nothing for Ed25519.
  static PrivateKey generate(KeyType type, int rsa_bits = 2048);

  KeyType type() const { return type_; }

  /// What PublicKey::verify accepts.
  std::string sign(std::span<const std::uint8_t, 32> digest) const;

  /// The TXT record to publish: `v=DKIM1; k=rsa; p=…`.
  std::string to_record() const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };

  PrivateKey(KeyType type, evp_pkey_st* key) : type_(type), key_(key) {}

  KeyType type_;
  std::unique_ptr<evp_pkey_st, Free> key_;
};

}  // namespace postern::auth
