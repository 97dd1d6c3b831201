#include "auth/private_key.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <cstdlib>

#include "base/encoding.h"

namespace postern::auth {
namespace {

/// Refuses to ask on the terminal for a passphrase.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

/// With a key that was checked when it was read, OpenSSL fails only for want of memory.
void must(bool succeeded) {
  if (!succeeded) std::abort();
}

std::string text_of(std::span<const unsigned char> octets) {
  return {octets.begin(), octets.end()};
}

}  // namespace

void PrivateKey::Free::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  BIO* file = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  must(file != nullptr);
  EVP_PKEY* decoded = PEM_read_bio_PrivateKey(file, nullptr, no_passphrase, nullptr);
  BIO_free(file);
  if (!decoded) {
    ERR_clear_error();
    return fail("The file is no private key in PEM form without a passphrase.");
  }
  if (EVP_PKEY_is_a(decoded, "ED25519")) return PrivateKey(KeyType::ed25519, decoded);

  PrivateKey key(KeyType::rsa, decoded);
  if (!EVP_PKEY_is_a(decoded, "RSA"))
    return fail("The private key is neither an RSA nor an Ed25519 key.");
  if (EVP_PKEY_get_bits(decoded) < min_rsa_bits)
    return fail(fmt::format("The RSA key has {} bits; a signature needs {}.",
                            EVP_PKEY_get_bits(decoded), min_rsa_bits));
  return key;
}

Result<PrivateKey> PrivateKey::from_ed25519(std::string_view octets) {
  const auto* begin = static_cast<const unsigned char*>(static_cast<const void*>(octets.data()));
  EVP_PKEY* key = octets.size() == 32 ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                                                     begin, octets.size())
                                      : nullptr;
  if (!key) return fail("An Ed25519 private key has 32 octets.");
  return PrivateKey(KeyType::ed25519, key);
}

PrivateKey PrivateKey::generate(KeyType type, int rsa_bits) {
  EVP_PKEY* key = type == KeyType::ed25519 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")
                                           : EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA",
                                                               static_cast<std::size_t>(rsa_bits));
  must(key != nullptr);
  return {type, key};
}

std::string PrivateKey::sign(std::span<const std::uint8_t, 32> digest) const {
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())), '\0');
  auto* begin = static_cast<unsigned char*>(static_cast<void*>(signature.data()));
  std::size_t size = signature.size();
  if (type_ == KeyType::rsa) {
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key_.get(), nullptr);
    must(context && EVP_PKEY_sign_init(context) == 1 &&
         EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
         EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
         EVP_PKEY_sign(context, begin, &size, digest.data(), digest.size()) == 1);
    EVP_PKEY_CTX_free(context);
  } else {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    must(context && EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key_.get()) == 1 &&
         EVP_DigestSign(context, begin, &size, digest.data(), digest.size()) == 1);
    EVP_MD_CTX_free(context);
  }
  signature.resize(size);
  return signature;
}

std::string PrivateKey::to_record() const {
  std::string octets;
  if (type_ == KeyType::ed25519) {
    unsigned char raw[32];
    std::size_t size = sizeof raw;
    must(EVP_PKEY_get_raw_public_key(key_.get(), raw, &size) == 1);
    octets = text_of({raw, size});
  } else {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key_.get(), &der);
    must(size > 0);
    octets = text_of({der, static_cast<std::size_t>(size)});
    OPENSSL_free(der);
  }
  return fmt::format("v=DKIM1; k={}; p={}", to_string(type_), to_base64(octets));
}

}  // namespace postern::auth
