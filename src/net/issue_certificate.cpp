#include "net/issue_certificate.h"

#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <stdexcept>

namespace postern::net {

namespace {

void check(bool fine) {
  if (!fine) throw std::runtime_error("Cannot make a certificate: " + take_openssl_error());
}

void set_random_serial(X509& certificate) {
  std::uint64_t serial = 0;
  check(RAND_bytes(static_cast<unsigned char*>(static_cast<void*>(&serial)), sizeof serial) == 1);
  check(ASN1_INTEGER_set_uint64(X509_get_serialNumber(&certificate), serial >> 1) == 1);
}

/// `value` is in the language of OpenSSL's configuration files.
void add_extension(X509& certificate, X509& issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  check(extension != nullptr);
  const int added = X509_add_ext(&certificate, extension, -1);
  X509_EXTENSION_free(extension);
  check(added == 1);
}

/// Built by hand and not from text, so that a name can hold any byte, as in tests of names.
void add_dns_names(X509& certificate, const std::vector<std::string>& names) {
  if (names.empty()) return;
  GENERAL_NAMES* list = GENERAL_NAMES_new();
  for (const std::string& name : names) {
    GENERAL_NAME* entry = GENERAL_NAME_new();
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    ASN1_STRING_set(text, name.data(), static_cast<int>(name.size()));
    GENERAL_NAME_set0_value(entry, GEN_DNS, text);
    sk_GENERAL_NAME_push(list, entry);
  }
  const int added = X509_add1_ext_i2d(&certificate, NID_subject_alt_name, list, 0, 0);
  GENERAL_NAMES_free(list);
  check(added == 1);
}

}  // namespace

KeyPair issue_certificate(const CertificateWishes& wishes, const KeyPair* issuer) {
  KeyPair pair;
  pair.key.reset(EVP_EC_gen("P-256"));
  pair.certificate.reset(X509_new());
  check(pair.key && pair.certificate);
  X509& certificate = *pair.certificate;
  X509& signer = issuer != nullptr ? *issuer->certificate : certificate;

  check(X509_set_version(&certificate, X509_VERSION_3) == 1);
  set_random_serial(certificate);
  X509_gmtime_adj(X509_getm_notBefore(&certificate), wishes.valid_from.count());
  X509_gmtime_adj(X509_getm_notAfter(&certificate), wishes.valid_until.count());
  check(X509_set_pubkey(&certificate, pair.key.get()) == 1);
  X509_NAME* name = X509_get_subject_name(&certificate);
  const void* common_name = wishes.common_name.data();
  check(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                   static_cast<const unsigned char*>(common_name),
                                   static_cast<int>(wishes.common_name.size()), -1, 0) == 1);
  check(X509_set_issuer_name(&certificate, X509_get_subject_name(&signer)) == 1);

  add_extension(certificate, signer, NID_basic_constraints,
                wishes.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  add_extension(certificate, signer, NID_key_usage,
                wishes.authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
  add_extension(certificate, signer, NID_subject_key_identifier, "hash");
  if (issuer != nullptr) {
    add_extension(certificate, signer, NID_authority_key_identifier, "keyid");
  }
  if (!wishes.extended_key_usage.empty()) {
    add_extension(certificate, signer, NID_ext_key_usage, wishes.extended_key_usage);
  }
  add_dns_names(certificate, wishes.dns_names);

  EVP_PKEY* key = issuer != nullptr ? issuer->key.get() : pair.key.get();
  check(X509_sign(&certificate, key, EVP_sha256()) > 0);
  return pair;
}

}  // namespace postern::net
