#include "net/tls_context.h"

#include <fmt/format.h>
#include <openssl/err.h>

#include <unordered_map>

#include "base/ascii.h"
#include "net/certificate_report.h"
#include "net/issue_certificate.h"
#include "net/tls_peer.h"

namespace postern::net {

namespace {

// Mozilla's "intermediate" profile: every cipher of TLS 1.3, and forward secrecy with
// authenticated encryption in TLS 1.2. Mail servers that offer none of these would go on in
// clear text, so the list is not narrowed further.
constexpr const char* tls12_ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305";

/// Bytes of certificates that a client may send.
constexpr long max_client_chain = 64 * 1024;
/// How long a session may be resumed, and so how old the verdict on a certificate can be.
constexpr long session_lifetime_seconds = 2 * 60 * 60;
constexpr std::chrono::hours warn_before_expiry = std::chrono::days(14);

std::unexpected<Error> openssl_failure(std::string_view doing) {
  return fail(fmt::format("{}: {}.", doing, take_openssl_error()));
}

SslContextHandle new_ssl_context(const SSL_METHOD* method) {
  SslContextHandle context(SSL_CTX_new(method));
  if (!context) throw std::bad_alloc();
  SSL_CTX* ctx = context.get();
  SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(ctx, tls12_ciphers);
  SSL_CTX_set_dh_auto(ctx, 1);
  // Most peers close without the final alert. SMTP says itself where a message ends, so a
  // connection that is cut is noticed without it.
  SSL_CTX_set_options(
      ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Idle connections keep no buffers; a write that is tried again may come from elsewhere.
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
  return context;
}

Result<StoreHandle> load_anchors(const std::string& client_ca) {
  StoreHandle store(X509_STORE_new());
  if (!store) throw std::bad_alloc();
  if (client_ca == "system") {
    if (X509_STORE_set_default_paths(store.get()) != 1) {
      return openssl_failure("Cannot load the system's trust anchors");
    }
    ERR_clear_error();  // a missing default file is no error, but leaves one behind
    return store;
  }
  const auto text = read_file(client_ca);
  if (!text) return std::unexpected(text.error());
  const auto anchors = read_certificates(*text, client_ca);
  if (!anchors) return std::unexpected(anchors.error());
  for (const X509Handle& anchor : *anchors) X509_STORE_add_cert(store.get(), anchor.get());
  // Who lists an intermediate authority as anchor trusts it, also without its root.
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  return store;
}

Result<void> use_key_pair(SSL_CTX& ctx, const KeyPair& pair, std::string_view name) {
  ERR_clear_error();
  bool fine = SSL_CTX_use_certificate(&ctx, pair.certificate.get()) == 1 &&
              SSL_CTX_use_PrivateKey(&ctx, pair.key.get()) == 1;
  for (const X509Handle& link : pair.chain) {
    fine = fine && SSL_CTX_add1_chain_cert(&ctx, link.get()) == 1;
  }
  if (!fine) return openssl_failure(fmt::format("Cannot use the certificate {}", name));
  return {};
}

/// A server's context for one certificate.
Result<SslContextHandle> server_context(const KeyPair& pair, X509_STORE& anchors,
                                        std::string_view name) {
  SslContextHandle context = new_ssl_context(TLS_server_method());
  SSL_CTX* ctx = context.get();
  const auto used = use_key_pair(*ctx, pair, name);
  if (!used) return std::unexpected(used.error());

  SSL_CTX_set1_verify_cert_store(ctx, &anchors);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(ctx, judge_client_certificate, nullptr);
  SSL_CTX_set_max_cert_list(ctx, max_client_chain);

  // Tickets only: a cache of sessions would be memory that strangers fill. Without a session id
  // context OpenSSL refuses to resume where it has asked for a certificate.
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(ctx, session_lifetime_seconds);
  constexpr unsigned char session_id_context[] = "postern";
  SSL_CTX_set_session_id_context(ctx, session_id_context, sizeof session_id_context - 1);
  return context;
}

}  // namespace

struct TlsContext::Parts {
  bool is_client = false;
  StoreHandle anchors;
  SslContextHandle main;
  std::vector<SslContextHandle> others;
  std::unordered_map<std::string, SSL_CTX*> by_name;
  std::vector<std::string> warnings;

  void warn_of_expiry(const KeyPair& pair, std::string_view file) {
    const Time until = not_after(*pair.certificate);
    if (until < now()) {
      warnings.push_back(fmt::format("The certificate {} expired on {}.", file, format_iso(until)));
    } else if (until < now() + warn_before_expiry) {
      warnings.push_back(fmt::format("The certificate {} expires on {}.", file, format_iso(until)));
    }
  }

  SSL_CTX* find(std::string_view server_name) const {
    const std::string name = to_lower(server_name);
    auto found = by_name.find(name);
    const std::size_t dot = name.find('.');
    if (found == by_name.end() && dot != std::string::npos) {
      found = by_name.find("*" + name.substr(dot));
    }
    return found == by_name.end() ? nullptr : found->second;
  }

  /// OpenSSL asks this when the client's hello has been read. An unknown name is not refused:
  /// few mail servers send the right one, and none of them verifies it.
  static int choose_certificate(SSL* connection, int*, void* self) {
    const char* name = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
    SSL_CTX* context = static_cast<const Parts*>(self)->find(name);
    if (context == nullptr) return SSL_TLSEXT_ERR_NOACK;
    SSL_set_SSL_CTX(connection, context);
    return SSL_TLSEXT_ERR_OK;
  }
};

TlsContext::TlsContext(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
TlsContext::~TlsContext() = default;

const std::vector<std::string>& TlsContext::warnings() const {
  return parts_->warnings;
}
Result<CertificateReport> TlsContext::examine(const std::string& pem) const {
  // As many as a handshake would take.
  if (pem.size() > 2 * max_client_chain) return fail("The certificate and its chain are too long.");
  const auto certificates = read_certificates(pem, "The file");
  if (!certificates) return std::unexpected(certificates.error());
  X509* const certificate = certificates->front().get();

  const X509StackHandle chain(sk_X509_new_null());
  const StoreContextHandle context(X509_STORE_CTX_new());
  if (!chain || !context) throw std::bad_alloc();
  for (std::size_t i = 1; i < certificates->size(); ++i) {
    if (sk_X509_push(chain.get(), (*certificates)[i].get()) == 0) throw std::bad_alloc();
  }
  if (X509_STORE_CTX_init(context.get(), parts_->anchors.get(), certificate, chain.get()) != 1)
    throw std::bad_alloc();
  X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(context.get()),
                                   SSL_CTX_get_security_level(parts_->main.get()));
  judge_client_certificate(context.get(), nullptr);
  const int verdict = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();

  CertificateReport report{.certificate = describe(*certificate)};
  report.trusted = verdict == X509_V_OK;
  if (!report.trusted) report.problem = X509_verify_cert_error_string(verdict);
  return report;
}

bool TlsContext::is_client() const {
  return parts_->is_client;
}

ssl_st* TlsContext::new_connection() const {
  SSL* connection = SSL_new(parts_->main.get());
  if (connection == nullptr) throw std::bad_alloc();
  return connection;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::server(const TlsSettings& settings) {
  auto parts = std::make_unique<Parts>();
  auto anchors = load_anchors(settings.client_ca);
  if (!anchors) return std::unexpected(anchors.error());
  parts->anchors = std::move(*anchors);

  if (settings.files.certificate.empty() && settings.files.private_key.empty()) {
    constexpr std::size_t max_common_name = 64;  // RFC 5280, ub-common-name
    const KeyPair pair =
        issue_certificate({.common_name = settings.hostname.substr(0, max_common_name),
                           .dns_names = {settings.hostname},
                           .valid_until = std::chrono::years(1)},
                          nullptr);
    auto context = server_context(pair, *parts->anchors, "made for " + settings.hostname);
    if (!context) return std::unexpected(context.error());
    parts->main = std::move(*context);
  } else {
    auto pair = load_key_pair(settings.files);
    if (!pair) return std::unexpected(pair.error());
    parts->warn_of_expiry(*pair, settings.files.certificate);
    auto context = server_context(*pair, *parts->anchors, settings.files.certificate);
    if (!context) return std::unexpected(context.error());
    parts->main = std::move(*context);
  }

  for (const TlsSettings::Named& named : settings.sni) {
    auto pair = load_key_pair(named.files);
    if (!pair) return std::unexpected(pair.error());
    parts->warn_of_expiry(*pair, named.files.certificate);
    auto context = server_context(*pair, *parts->anchors, named.files.certificate);
    if (!context) return std::unexpected(context.error());
    for (const std::string& text : named.names) {
      const auto name = certificate_host_name(text);
      if (!name) return fail(fmt::format("\"{}\" in tls.sni is not a host name.", text));
      parts->by_name.emplace(*name, context->get());
    }
    parts->others.push_back(std::move(*context));
  }
  SSL_CTX_set_tlsext_servername_callback(parts->main.get(), Parts::choose_certificate);
  SSL_CTX_set_tlsext_servername_arg(parts->main.get(), parts.get());
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(parts)));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::self_signed(std::string_view hostname) {
  TlsSettings settings;
  settings.hostname = hostname;
  return server(settings);
}

Result<std::shared_ptr<const TlsContext>> TlsContext::client(const KeyFiles& files,
                                                             const std::string& anchors) {
  auto parts = std::make_unique<Parts>();
  parts->is_client = true;
  parts->main = new_ssl_context(TLS_client_method());
  SSL_CTX_set_verify(parts->main.get(), SSL_VERIFY_NONE, nullptr);
  auto store = load_anchors(anchors);
  if (!store) return std::unexpected(store.error());
  parts->anchors = std::move(*store);
  SSL_CTX_set1_verify_cert_store(parts->main.get(), parts->anchors.get());
  SSL_CTX_set_verify_depth(parts->main.get(), max_chain_depth);
  if (SSL_CTX_dane_enable(parts->main.get()) != 1) return openssl_failure("Cannot use DANE");
  if (!files.certificate.empty() || !files.private_key.empty()) {
    const auto pair = load_key_pair(files);
    if (!pair) return std::unexpected(pair.error());
    parts->warn_of_expiry(*pair, files.certificate);
    const auto used = use_key_pair(*parts->main, *pair, files.certificate);
    if (!used) return std::unexpected(used.error());
  }
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(parts)));
}

}  // namespace postern::net
