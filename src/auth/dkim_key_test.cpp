#include "auth/dkim_key.h"

#include <doctest/doctest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "auth/body_hashes.h"
#include "auth/private_key.h"
#include "base/encoding.h"

using namespace postern;
using namespace postern::auth;

namespace {

// RFC 8463 appendix A.2.
constexpr std::string_view ed25519_octets = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

std::string ed25519(std::string_view tags) {
  return std::string(tags) + "k=ed25519; p=" + std::string(ed25519_octets);
}

DkimProblem problem(std::string_view text) {
  const auto key = parse_dkim_key(text);
  return key ? DkimProblem::none : key.error().problem;
}

DkimProblem mismatch(std::string_view record, const DkimSignature& signature) {
  const auto key = parse_dkim_key(record);
  REQUIRE(key);
  const auto fault = check_applies(*key, signature);
  return fault ? fault->problem : DkimProblem::none;
}

/// An RSA public key with modulus 2^(bits-1) + 1: nobody can sign with it, but it has a size.
std::string rsa_record(int bits, std::string_view exponent_hex = "010001") {
  BIGNUM* modulus = BN_new();
  BN_set_bit(modulus, bits - 1);
  BN_set_bit(modulus, 0);
  BIGNUM* exponent = nullptr;
  BN_hex2bn(&exponent, std::string(exponent_hex).c_str());
  OSSL_PARAM_BLD* builder = OSSL_PARAM_BLD_new();
  OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus);
  OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent);
  OSSL_PARAM* parameters = OSSL_PARAM_BLD_to_param(builder);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr);
  EVP_PKEY_fromdata_init(context);
  EVP_PKEY* key = nullptr;
  REQUIRE(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1);
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  std::string record = "p=" + to_base64(std::string(der, der + size));
  OPENSSL_free(der);
  EVP_PKEY_free(key);
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(parameters);
  OSSL_PARAM_BLD_free(builder);
  BN_free(exponent);
  BN_free(modulus);
  return record;
}

}  // namespace

TEST_CASE("RFC 6376 section 3.6.1: a key record and what its tags are without") {
  const auto key = parse_dkim_key(ed25519(""));
  REQUIRE(key);
  CHECK(key->type == KeyType::ed25519);
  REQUIRE(key->key);
  CHECK(key->key->bits() == 256);
  CHECK(key->allows_sha256);
  CHECK(key->allows_email);
  CHECK_FALSE(key->is_testing);
  CHECK_FALSE(key->forbids_subdomain);
}

TEST_CASE(
    "RFC 6376 section 3.6.1: h=, s= and t= are lists, and unknown words in them mean nothing") {
  const auto key = parse_dkim_key(
      ed25519("v = DKIM1; h=x : SHA256; s = web : email ; t=s : z:y; g=*; n=notes;"));
  REQUIRE(key);
  CHECK(key->allows_sha256);
  CHECK(key->allows_email);
  CHECK(key->is_testing);
  CHECK(key->forbids_subdomain);
  CHECK(parse_dkim_key(ed25519("s=*;"))->allows_email);
  CHECK_FALSE(parse_dkim_key(ed25519("s=tlsrpt;"))->allows_email);
  CHECK_FALSE(parse_dkim_key(ed25519("h=sha1;"))->allows_sha256);
}

TEST_CASE("RFC 6376 section 3.6.1: an empty p= revokes the key") {
  const auto key = parse_dkim_key("v=DKIM1; p=");
  REQUIRE(key);
  CHECK_FALSE(key->key);
  CHECK(parse_dkim_key("p=;"));
}

TEST_CASE("what is no key record is told") {
  for (const char* text : {"", "v=DKIM1", "k=rsa; p=; v=DKIM1", "v=dkim1; p=", "v=DKIM1; p=; p=",
                           "v=spf1 -all", "p=*", "p=dGVzdA==", "k=ed25519; p=dGVzdA=="})
    CHECK_MESSAGE(problem(text) == DkimProblem::key_syntax, text);
  CHECK(problem("k=dsa; p=dGVzdA==") == DkimProblem::key_algorithm);
}

TEST_CASE("RFC 8301 section 3.2: RSA keys have 1024 bits or more") {
  CHECK(problem(rsa_record(1023)) == DkimProblem::key_size);
  CHECK(problem(rsa_record(512)) == DkimProblem::key_size);
  CHECK(problem(rsa_record(1024)) == DkimProblem::none);
  CHECK(problem(rsa_record(4096)) == DkimProblem::none);
  CHECK(problem(rsa_record(8192)) == DkimProblem::none);
  CHECK(problem(rsa_record(8193)) == DkimProblem::key_size);
}

TEST_CASE("an exponent that makes verification a thousand times slower is refused") {
  CHECK(problem(rsa_record(2048, "03")) == DkimProblem::none);
  CHECK(problem(rsa_record(2048, "8000000000000001")) == DkimProblem::none);
  CHECK(problem(rsa_record(2048, "80000000000000001")) == DkimProblem::key_size);
  CHECK(problem(rsa_record(2048, "01")) == DkimProblem::key_size);
}

TEST_CASE("an RSA key may come as RFC 6376 says, without its envelope") {
  // The 1024-bit key of RFC 6376 appendix C.
  const std::string spki =
      "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFC"
      "jxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9"
      "tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB";
  const auto key = parse_dkim_key("p=" + spki);
  REQUIRE(key);
  CHECK(key->key->bits() == 1024);
  // The BIT STRING in it is the RSAPublicKey: 22 octets further on.
  const auto bare = PublicKey::from_rsa(from_base64(spki)->substr(22));
  REQUIRE(bare);
  CHECK(bare->bits() == 1024);
  CHECK_FALSE(PublicKey::from_rsa(*from_base64(spki) + "x"));
}

TEST_CASE("what is no RSA key in DER is refused, cut or changed anywhere") {
  const std::string record = PrivateKey::generate(KeyType::rsa, 1024).to_record();
  const std::string der = *from_base64(record.substr(record.find("p=") + 2));
  REQUIRE(PublicKey::from_rsa(der));
  for (std::size_t size = 0; size < der.size(); ++size)
    CHECK_FALSE(PublicKey::from_rsa(der.substr(0, size)));
  // Everything before the modulus is structure, but for the parameters of the algorithm.
  for (std::size_t at = 0; at < 28; ++at) {
    if (at == 16 || at == 17) continue;
    std::string changed = der;
    changed[at] = static_cast<char>(changed[at] ^ 0x15);
    CHECK_MESSAGE(!PublicKey::from_rsa(changed), at);
  }
}

TEST_CASE("RFC 6376 section 6.1.2: does the key speak for the signature?") {
  DkimSignature signature;
  signature.algorithm = DkimAlgorithm::ed25519_sha256;
  signature.domain = "example.com";
  signature.identity_domain = "sub.example.com";
  CHECK(mismatch(ed25519(""), signature) == DkimProblem::none);
  CHECK(mismatch(ed25519("h=sha1;"), signature) == DkimProblem::key_hash);
  CHECK(mismatch("p=", signature) == DkimProblem::key_revoked);
  CHECK(mismatch(rsa_record(1024), signature) == DkimProblem::key_algorithm);
  CHECK(mismatch(ed25519("s=other;"), signature) == DkimProblem::key_service);
  CHECK(mismatch(ed25519("t=s;"), signature) == DkimProblem::key_identity);
  signature.identity_domain = "example.com";
  CHECK(mismatch(ed25519("t=s;"), signature) == DkimProblem::none);
  signature.algorithm = DkimAlgorithm::rsa_sha256;
  CHECK(mismatch(ed25519(""), signature) == DkimProblem::key_algorithm);
}

TEST_CASE("what a private key signs, its record verifies, as often as one likes") {
  for (const KeyType type : {KeyType::rsa, KeyType::ed25519}) {
    const PrivateKey secret = PrivateKey::generate(type);
    auto key = parse_dkim_key(secret.to_record());
    REQUIRE(key);
    const Digest digest = Sha256::of("hello");
    const std::string signature = secret.sign(digest);
    CHECK(key->key->verify(digest, signature));
    CHECK_FALSE(key->key->verify(Sha256::of("other"), signature));
    CHECK_FALSE(key->key->verify(digest, signature.substr(1)));
    CHECK_FALSE(key->key->verify(digest, {}));
    CHECK(key->key->verify(digest, signature));
  }
}

TEST_CASE("private keys are read from PEM") {
  const auto key = PrivateKey::from_pem(
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
      "-----END PRIVATE KEY-----\n");
  REQUIRE(key);
  CHECK(key->to_record() == "v=DKIM1; k=ed25519; p=" + std::string(ed25519_octets));
  CHECK_FALSE(PrivateKey::from_pem("nonsense"));
  CHECK_FALSE(PrivateKey::from_ed25519("short"));
}
