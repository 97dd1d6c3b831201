// A public key, ready to verify with: OpenSSL's objects behind an interface of ours.
//
// To make OpenSSL's objects of an RSA key costs about as much as to verify with it, so they are
// kept, in a DkimKeyCache. A key therefore belongs to one thread.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string_view>

#include "auth/dkim_result.h"

// OpenSSL's types, named as OpenSSL names them, without its headers.
struct evp_pkey_st;
struct evp_pkey_ctx_st;

namespace postern::auth {

enum class KeyType { rsa, ed25519 };
std::string_view to_string(KeyType type);

// RFC 8301 section 3.2: verifiers need 1024 to 4096 bits and may take more. A verification with
// 8192 bits costs half a millisecond.
inline constexpr int min_rsa_bits = 1024;
inline constexpr int max_rsa_bits = 8192;
// Everyone uses 65537 or 3. A modulus-sized exponent would make one verification cost a thousand.
inline constexpr int max_rsa_exponent_bits = 64;

class PublicKey {
 public:
  /// `der` is a SubjectPublicKeyInfo, as everyone publishes it, or an RSAPublicKey, as RFC 6376
  /// section 3.6.1 says. The fault is key_syntax or key_size.
  static std::expected<PublicKey, DkimFault> from_rsa(std::string_view der);
  /// The 32 octets of RFC 8463 section 4.
  static std::expected<PublicKey, DkimFault> from_ed25519(std::string_view octets);

  KeyType type() const { return type_; }
  int bits() const { return bits_; }

  /// Is `signature` this key's over the SHA-256 hash `digest`? With RSA by PKCS #1 v1.5 (RFC 6376
  /// section 3.3.1), with Ed25519 the digest is the message (RFC 8463 section 3).
  bool verify(std::span<const std::uint8_t, 32> digest, std::string_view signature);

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
    void operator()(evp_pkey_ctx_st* context) const;
  };

  PublicKey(KeyType type, int bits, evp_pkey_st* key);

  KeyType type_;
  int bits_;
  std::unique_ptr<evp_pkey_st, Free> key_;
  /// RSA only: OpenSSL has no context for Ed25519 that serves twice.
  std::unique_ptr<evp_pkey_ctx_st, Free> context_;
};

}  // namespace postern::auth
