#include "auth/public_key.h"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <bit>
#include <cstdlib>
#include <optional>

#include "base/cursor.h"

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

// OpenSSL can decode keys too, but takes 0.3 ms to find out which of its decoders to ask. The few
// rules of DER that an RSA key needs (RFC 8017 appendix A.1.1, RFC 5280 section 4.1) are below.

/// Content of the element with `tag`, which is consumed; nothing if there is none.
std::optional<std::string_view> take_element(Cursor& in, char tag) {
  Cursor ahead = in;
  if (!ahead.take(tag) || ahead.at_end()) return std::nullopt;
  std::size_t size = static_cast<unsigned char>(ahead.take_count(1).front());
  if (size >= 0x80) {
    // The long form: how many octets the size has. Two are enough for 8192 bits.
    const std::string_view octets = ahead.take_count(size - 0x80);
    if (octets.size() != size - 0x80 || octets.empty() || octets.size() > 2) return std::nullopt;
    size = 0;
    for (const char octet : octets) size = size << 8 | static_cast<unsigned char>(octet);
  }
  const std::string_view content = ahead.take_count(size);
  if (content.size() != size) return std::nullopt;
  in = ahead;
  return content;
}

/// A positive INTEGER, without leading zeros.
std::optional<std::string_view> take_positive(Cursor& in) {
  auto octets = take_element(in, '\x02');
  if (!octets || octets->empty() || !is_ascii(octets->front())) return std::nullopt;
  while (octets->starts_with('\0')) octets->remove_prefix(1);
  return octets;
}

struct RsaNumbers {
  std::string_view modulus;
  std::string_view exponent;
};

/// RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }
std::optional<RsaNumbers> parse_rsa_public_key(std::string_view der) {
  Cursor in(der);
  const auto content = take_element(in, '\x30');
  if (!content || !in.at_end()) return std::nullopt;
  Cursor numbers(*content);
  const auto modulus = take_positive(numbers);
  const auto exponent = take_positive(numbers);
  if (!modulus || !exponent || !numbers.at_end()) return std::nullopt;
  return RsaNumbers{*modulus, *exponent};
}

/// SubjectPublicKeyInfo ::= SEQUENCE { SEQUENCE { rsaEncryption, NULL }, BIT STRING }, where the
/// BIT STRING holds an RSAPublicKey; or an RSAPublicKey alone.
std::optional<RsaNumbers> parse_rsa(std::string_view der) {
  if (const auto bare = parse_rsa_public_key(der)) return bare;
  using namespace std::string_view_literals;
  Cursor in(der);
  const auto content = take_element(in, '\x30');
  if (!content || !in.at_end()) return std::nullopt;
  Cursor info(*content);
  const auto algorithm = take_element(info, '\x30');
  auto key = take_element(info, '\x03');
  if (!algorithm || !key || !info.at_end()) return std::nullopt;
  if (!algorithm->starts_with("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"sv))
    return std::nullopt;
  if (!key->starts_with('\0')) return std::nullopt;  // no unused bits
  return parse_rsa_public_key(key->substr(1));
}

int bits_of(std::string_view number) {
  if (number.empty()) return 0;
  const auto first = static_cast<unsigned char>(number.front());
  return static_cast<int>(number.size() - 1) * 8 + std::bit_width(first);
}

/// Null only for want of memory, or if OpenSSL will not have these numbers.
EVP_PKEY* make_rsa(const RsaNumbers& numbers) {
  const auto number = [](std::string_view octets) {
    return BN_bin2bn(octets_of(octets), static_cast<int>(octets.size()), nullptr);
  };
  BIGNUM* modulus = number(numbers.modulus);
  BIGNUM* exponent = number(numbers.exponent);
  OSSL_PARAM_BLD* builder = OSSL_PARAM_BLD_new();
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr);
  OSSL_PARAM* parameters = nullptr;
  EVP_PKEY* key = nullptr;
  if (modulus && exponent && builder && context &&
      OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
      OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) == 1)
    parameters = OSSL_PARAM_BLD_to_param(builder);
  if (parameters && EVP_PKEY_fromdata_init(context) == 1)
    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters);
  OSSL_PARAM_free(parameters);
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_BLD_free(builder);
  BN_free(exponent);
  BN_free(modulus);
  return key;
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
  const auto numbers = parse_rsa(der);
  if (!numbers) return fault(DkimProblem::key_syntax, "p= is no RSA public key");
  const int bits = bits_of(numbers->modulus);
  if (bits < min_rsa_bits || bits > max_rsa_bits)
    return fault(DkimProblem::key_size, fmt::format("{} bits", bits));
  const int exponent_bits = bits_of(numbers->exponent);
  if (exponent_bits < 2 || exponent_bits > max_rsa_exponent_bits)
    return fault(DkimProblem::key_size, fmt::format("exponent of {} bits", exponent_bits));

  PublicKey key(KeyType::rsa, bits, make_rsa(*numbers));
  key.context_.reset(key.key_ ? EVP_PKEY_CTX_new(key.key_.get(), nullptr) : nullptr);
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
