#include "net/tls_peer.h"

#include <openssl/x509v3.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/encoding.h"
#include "net/tls_key_pair.h"

namespace postern::net {

namespace {

constexpr std::size_t max_distinguished_name = 512;

/// The result of one verification for one purpose.
int verify_for(const char* purpose, X509_STORE_CTX& given) {
  const StoreContextHandle context(X509_STORE_CTX_new());
  if (!context || X509_STORE_CTX_init(context.get(), X509_STORE_CTX_get0_store(&given),
                                      X509_STORE_CTX_get0_cert(&given),
                                      X509_STORE_CTX_get0_untrusted(&given)) != 1) {
    return X509_V_ERR_OUT_OF_MEM;
  }
  X509_STORE_CTX_set_default(context.get(), purpose);
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_depth(parameters, max_chain_depth);
  // The strength that the TLS library wants of keys and hashes.
  X509_VERIFY_PARAM_set_auth_level(
      parameters, X509_VERIFY_PARAM_get_auth_level(X509_STORE_CTX_get0_param(&given)));
  const bool verified = X509_verify_cert(context.get()) == 1;
  const int result = X509_STORE_CTX_get_error(context.get());
  // Trouble inside the library may leave no error behind; that must never look like success.
  return verified || result != X509_V_OK ? result : X509_V_ERR_UNSPECIFIED;
}

std::string to_text(X509_NAME* name) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  // RFC 4514 form; control characters and letters beyond ASCII come out escaped.
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  if (size <= 0) return {};
  return std::string(data, std::min(static_cast<std::size_t>(size), max_distinguished_name));
}

std::string_view bytes_of(const ASN1_STRING& text) {
  return {static_cast<const char*>(static_cast<const void*>(ASN1_STRING_get0_data(&text))),
          static_cast<std::size_t>(ASN1_STRING_length(&text))};
}

void add_name(std::vector<std::string>& names, std::string_view text) {
  if (names.size() >= max_certificate_names) return;
  const auto name = certificate_host_name(text);
  if (name && std::ranges::find(names, *name) == names.end()) names.push_back(*name);
}

/// The CN that stands last is the most specific one (RFC 6125 section 2.3.1).
void add_common_name(std::vector<std::string>& names, X509_NAME* subject) {
  int last = -1;
  for (int i = -1; (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;) last = i;
  if (last < 0) return;
  unsigned char* utf8 = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
  if (size < 0) return;
  const char* text = static_cast<const char*>(static_cast<const void*>(utf8));
  add_name(names, {text, static_cast<std::size_t>(size)});
  OPENSSL_free(utf8);
}

void add_alternative_names(std::vector<std::string>& names, const X509& certificate) {
  auto* list = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
  if (list == nullptr) return;
  for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
    const GENERAL_NAME* entry = sk_GENERAL_NAME_value(list, i);
    if (entry->type == GEN_DNS) add_name(names, bytes_of(*entry->d.dNSName));
  }
  GENERAL_NAMES_free(list);
}

}  // namespace

int judge_client_certificate(X509_STORE_CTX* given, void*) {
  int result = verify_for("ssl_client", *given);
  if (result == X509_V_ERR_INVALID_PURPOSE) result = verify_for("ssl_server", *given);
  X509_STORE_CTX_set_error(given, result);
  return 1;
}

std::optional<std::string> certificate_host_name(std::string_view text) {
  std::string name = to_lower(text);
  std::string_view rest = name;
  if (rest.starts_with("*.")) rest.remove_prefix(2);
  if (rest.empty() || name.size() > 253) return std::nullopt;
  const auto in_label = [](char c) { return is_alnum(c) || c == '-' || c == '_'; };
  char before = '.';
  for (const char c : rest) {
    if (c == '.' ? before == '.' : !in_label(c)) return std::nullopt;
    before = c;
  }
  if (before == '.') return std::nullopt;
  return name;
}

PeerCertificate describe(const X509& certificate) {
  PeerCertificate result;
  X509_NAME* subject = X509_get_subject_name(&certificate);
  add_common_name(result.names, subject);
  add_alternative_names(result.names, certificate);
  result.subject = to_text(subject);
  result.issuer = to_text(X509_get_issuer_name(&certificate));
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  X509_digest(&certificate, EVP_sha256(), digest, &size);
  result.fingerprint = to_hex(std::span(digest, size));
  result.not_after = not_after(certificate);
  return result;
}

TlsFacts facts_of(SSL& connection, Time now) {
  TlsFacts facts;
  facts.version = SSL_get_version(&connection);
  // The registered name, as the tls clause of Received wants it (RFC 8314 section 4.3).
  if (const SSL_CIPHER* cipher = SSL_get_current_cipher(&connection)) {
    facts.cipher = SSL_CIPHER_standard_name(cipher);
  }
  if (const char* name = SSL_get_servername(&connection, TLSEXT_NAMETYPE_host_name)) {
    facts.server_name = certificate_host_name(name).value_or("");
  }
  facts.resumed = SSL_session_reused(&connection) == 1;
  if (SSL_is_server(&connection) == 0) return facts;

  const X509Handle certificate(SSL_get1_peer_certificate(&connection));
  if (!certificate) return facts;
  long verdict = SSL_get_verify_result(&connection);
  // A resumed session brings back the verdict of its first handshake (RFC 8446 section 4.6.1),
  // which may be hours old.
  if (verdict == X509_V_OK && not_after(*certificate) < now) verdict = X509_V_ERR_CERT_HAS_EXPIRED;
  if (verdict == X509_V_OK) {
    facts.certificate = std::make_shared<const PeerCertificate>(describe(*certificate));
  } else {
    facts.certificate_problem = X509_verify_cert_error_string(verdict);
  }
  return facts;
}

}  // namespace postern::net
