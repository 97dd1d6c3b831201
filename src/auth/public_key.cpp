#include "auth/public_key.h"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <cstdlib>

namespace postern::auth {
namespace {

const unsigned char* octets_of(std::string_view bytes) {
  return static_cast<const unsigned char*>(static_cast<const void*>(bytes.data()));
}

std::unexpected<DkimFault> fault(DkimProblem problem, std::string detail) {
  // What OpenSSL thought of a stranger's bytes must not stay in this thread's error queue.
  ERR_clear_error();
  return std::unexpected(DkimFault{problem, std::move(detail)});
}

/// Null if the octets are not exactly one key.
EVP_PKEY* decode_rsa(std::string_view der) {
  const auto size = static_cast<long>(der.size());
  const unsigned char* at = octets_of(der);
  EVP_PKEY* key = d2i_PUBKEY(nullptr, &at, size);
  if (!key) {
    at = octets_of(der);
    key = d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, size);
  }
  if (key && (at != octets_of(der) + size || !EVP_PKEY_is_a(key, "RSA"))) {
    EVP_PKEY_free(key);
    return nullptr;
  }
  return key;
}

int exponent_bits(const EVP_PKEY* key) {
  BIGNUM* exponent = nullptr;
  if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1) return 0;
  const int bits = BN_num_bits(exponent);
  BN_free(exponent);
  return bits;
}

}  // namespace

std::string_view to_string(KeyType type) {
  switch (type) {
    case KeyType::rsa:
      return "rsa";
    case KeyType::ed25519:
      return "ed25519";
  }
  std::abort();
}

void PublicKey::Free::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

void PublicKey::Free::operator()(evp_pkey_ctx_st* context) const {
  EVP_PKEY_CTX_free(context);
}

PublicKey::PublicKey(KeyType type, int bits, evp_pkey_st* key)
    : type_(type), bits_(bits), key_(key) {}

std::expected<PublicKey, DkimFault> PublicKey::from_rsa(std::string_view der) {
  EVP_PKEY* decoded = decode_rsa(der);
  if (!decoded) return fault(DkimProblem::key_syntax, "p= is no RSA public key");
  PublicKey key(KeyType::rsa, EVP_PKEY_get_bits(decoded), decoded);
  if (key.bits_ < min_rsa_bits || key.bits_ > max_rsa_bits)
    return fault(DkimProblem::key_size, fmt::format("{} bits", key.bits_));
  const int exponent = exponent_bits(decoded);
  if (exponent < 2 || exponent > max_rsa_exponent_bits)
    return fault(DkimProblem::key_size, fmt::format("exponent of {} bits", exponent));

  key.context_.reset(EVP_PKEY_CTX_new(decoded, nullptr));
  EVP_PKEY_CTX* context = key.context_.get();
  if (!context || EVP_PKEY_verify_init(context) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) != 1 ||
      EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) != 1)
    return fault(DkimProblem::key_syntax, "p= is no usable RSA public key");
  return key;
}

std::expected<PublicKey, DkimFault> PublicKey::from_ed25519(std::string_view octets) {
  if (octets.size() != 32)
    return fault(DkimProblem::key_syntax,
                 fmt::format("p= has {} octets, an Ed25519 key has 32", octets.size()));
  EVP_PKEY* key =
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets_of(octets), octets.size());
  if (!key) return fault(DkimProblem::key_syntax, "p= is no Ed25519 public key");
  return PublicKey(KeyType::ed25519, 256, key);
}

bool PublicKey::verify(std::span<const std::uint8_t, 32> digest, std::string_view signature) {
  int verified = 0;
  if (type_ == KeyType::rsa) {
    verified = EVP_PKEY_verify(context_.get(), octets_of(signature), signature.size(),
                               digest.data(), digest.size());
  } else {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    if (context && EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, key_.get()) == 1)
      verified = EVP_DigestVerify(context, octets_of(signature), signature.size(), digest.data(),
                                  digest.size());
    EVP_MD_CTX_free(context);
  }
  if (verified != 1) ERR_clear_error();
  return verified == 1;
}

}  // namespace postern::auth
