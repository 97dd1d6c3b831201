#include "admin/http_gate.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "admin/cookies.h"
#include "admin/rest.h"
#include "base/ascii.h"
#include "base/cursor.h"
#include "base/encoding.h"
#include "base/ip_address.h"
#include "base/log.h"

namespace postern::admin {
namespace {

constexpr std::size_t token_bytes = 32;
constexpr std::size_t shortest_token = 32;
constexpr std::size_t longest_token = 1000;

/// A file descriptor that is closed at the end.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

std::unexpected<Error> fail_with_errno(std::string_view what, const std::string& path) {
  return fail(fmt::format("Cannot {} {}: {}.", what, path, std::strerror(errno)));
}

Result<std::string> make_token(const std::string& path) {
  const File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0) return fail_with_errno("make the token file", path);
  const std::string token = to_lower(random_hex(token_bytes));
  const std::string line = token + "\n";
  if (::write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
      ::fsync(file.get()) != 0) {
    const auto failure = fail_with_errno("write the token file", path);
    ::unlink(path.c_str());
    return failure;
  }
  return token;
}

bool is_loopback_name(std::string_view host) {
  if (iequals(host, "localhost")) return true;
  const auto address = IpAddress::parse(host);
  return address && address->is_loopback();
}

/// Digests are of one length, so neither the length nor the first difference shows in the time.
bool same_token(std::string_view given, std::string_view token) {
  const std::string a = sha256(given), b = sha256(token);
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

using Answer = std::expected<Caller, Refusal>;

std::unexpected<Refusal> refuse(unsigned status, std::string_view sentence) {
  return std::unexpected(Refusal{status, std::string(sentence)});
}

Answer find_bearer(std::string_view authorization, const GateSettings& settings, Time now) {
  constexpr std::string_view scheme = "Bearer ";
  constexpr std::string_view needed =
      "A valid Bearer token is needed: the content of admin.token, or one that New-ApiToken gave.";
  if (!istarts_with(authorization, scheme)) return refuse(401, needed);
  auto found = identify(trim(authorization.substr(scheme.size())), settings, now);
  if (!found) return std::unexpected(Refusal{401, std::string(needed), true});
  return std::move(found->caller);
}

/// Who that was when the session began, if the token still counts: with the rights of now.
std::optional<Caller> caller_of(const Credential& credential, const GateSettings& settings,
                                Time now) {
  if (!credential.token) {
    if (credential.admin_digest != sha256(settings.token)) return std::nullopt;
    return Caller{.name = "admin.token"};
  }
  const auto token =
      settings.tokens == nullptr ? std::nullopt : settings.tokens->find(*credential.token, now);
  if (!token) return std::nullopt;
  return Caller{.name = token->name, .role = token->role, .organization = token->organization};
}

bool is_read_method(std::string_view method) {
  return method == "GET" || method == "HEAD";
}

Answer find_logged_in(const Knock& knock, const GateSettings& settings, Time now) {
  const WebSession* session = find_session(knock.cookie, settings, now, !knock.is_poll);
  if (session == nullptr) return refuse(401, "Nobody is logged in here, or no longer: log in.");
  if (!is_read_method(knock.method)) {
    if (!is_own_origin(knock)) return refuse(403, "This was not asked by a page of this server.");
    if (!same_token(knock.csrf, session->csrf))
      return refuse(403, "The field X-Postern-Csrf does not belong to this session.");
  }
  return *caller_of(session->credential, settings, now);
}

/// Which methods a path has; nothing: there is no such path.
std::string_view methods_of(const Knock& knock, const GateSettings& settings) {
  if (is_invoke_target(knock.path)) return "POST";
  if (knock.path == "/healthz" || knock.path == "/metrics" || knock.path == "/openapi.json")
    return "GET, HEAD";
  // The socket's callers are known by their uid.
  if (knock.is_local) return {};
  if (knock.path == session_path && settings.sessions != nullptr) return "GET, HEAD, POST, DELETE";
  if (find_console_file(settings.console, knock.path) != nullptr) return "GET, HEAD";
  return {};
}

bool has_method(std::string_view methods, std::string_view method) {
  Cursor in(methods);
  while (!in.at_end()) {
    if (in.take_while([](char c) { return c != ','; }) == method) return true;
    in.take(", ");
  }
  return false;
}

}  // namespace

Result<std::string> load_token(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0 && errno == ENOENT) return make_token(path);
  if (file.get() < 0) return fail_with_errno("read the token file", path);

  std::string text(longest_token, '\0');
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  if (size < 0) return fail_with_errno("read the token file", path);
  text.resize(static_cast<std::size_t>(size));
  std::erase_if(text, [](char c) { return is_wsp(c) || c == '\r' || c == '\n'; });
  if (text.size() < shortest_token) {
    return fail(
        fmt::format("The token in {} is shorter than {} characters; remove the file to "
                    "have a new one made.",
                    path, shortest_token));
  }
  struct stat status{};
  if (::fstat(file.get(), &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    log_warning("admin_token_readable", {{"file", path}, {"advice", "chmod 600"}});
  }
  return text;
}

std::string host_name(std::string_view host_field) {
  if (host_field.starts_with('[')) {
    const std::size_t end = host_field.find(']');
    return end == std::string_view::npos ? std::string()
                                         : std::string(host_field.substr(1, end - 1));
  }
  return to_lower(host_field.substr(0, host_field.find(':')));
}

bool is_our_host(std::string_view host_field, const std::vector<std::string>& names) {
  const std::string host = host_name(host_field);
  if (is_loopback_name(host)) return true;
  return std::ranges::any_of(names, [&](const std::string& name) { return iequals(name, host); });
}

std::optional<Identified> identify(std::string_view token, const GateSettings& settings, Time now) {
  if (same_token(token, settings.token)) {
    return Identified{{.name = "admin.token"}, {.admin_digest = sha256(settings.token)}};
  }
  const auto found = settings.tokens == nullptr ? std::nullopt : settings.tokens->find(token, now);
  if (!found) return std::nullopt;
  return Identified{{.name = found->name, .role = found->role, .organization = found->organization},
                    {.token = found->guid}};
}

std::string_view session_cookie_name(bool is_secure) {
  return is_secure ? "__Host-postern" : "postern";
}

std::string_view session_cookie(std::string_view cookie_field) {
  for (const bool is_secure : {true, false}) {
    if (const auto found = find_cookie(cookie_field, session_cookie_name(is_secure))) return *found;
  }
  return {};
}

const WebSession* find_session(std::string_view cookie_field, const GateSettings& settings,
                               Time now, bool is_use) {
  const std::string_view cookie = session_cookie(cookie_field);
  if (cookie.empty() || settings.sessions == nullptr) return nullptr;
  const WebSession* session = settings.sessions->find(cookie, now, is_use);
  if (session == nullptr || caller_of(session->credential, settings, now)) return session;
  settings.sessions->end(cookie);
  return nullptr;
}

bool is_own_origin(const Knock& knock) {
  Cursor in(knock.origin);
  const bool is_https = in.take("https://");
  if (!is_https && (knock.is_tls || !in.take("http://"))) return false;
  return !knock.host.empty() && iequals(in.rest(), knock.host);
}

std::expected<Caller, Refusal> check(const Knock& knock, const GateSettings& settings, Time now) {
  if (!knock.is_local && !is_our_host(knock.host, settings.names)) {
    return refuse(421, "The Host field does not name this server.");
  }
  const std::string_view methods = methods_of(knock, settings);
  if (methods.empty()) return refuse(404, "There is nothing at this path.");
  const bool is_health = knock.path == "/healthz";
  const bool is_metrics = knock.path == "/metrics";
  if (!is_health && knock.is_local && !knock.is_administrator) {
    return refuse(403, "Only root and the user of posternd may use this socket.");
  }
  Caller caller{.name = std::string(knock.peer), .role = store::Role::viewer};
  const bool is_login = knock.path == session_path && knock.method == "POST";
  const bool is_page = find_console_file(settings.console, knock.path) != nullptr;
  const bool is_open = is_health || is_login || is_page || (is_metrics && settings.open_metrics);
  if (knock.is_local) {
    caller.role = store::Role::administrator;
  } else if (is_login && !is_own_origin(knock)) {
    return refuse(403, "The console logs in here; programs send their token with each request.");
  } else if (!is_open) {
    // A session is the cookie's alone: a token in the request has nothing to ask there.
    const bool has_bearer = !knock.authorization.empty() && knock.path != session_path;
    const bool has_cookie = !session_cookie(knock.cookie).empty() || knock.path == session_path;
    auto found = has_bearer || !has_cookie ? find_bearer(knock.authorization, settings, now)
                                           : find_logged_in(knock, settings, now);
    if (!found) return found;
    caller = *std::move(found);
  }
  // They tell of all organizations.
  if (is_metrics && caller.organization) {
    return refuse(403, "The metrics are those of all organizations: this token is for one.");
  }
  if (!has_method(methods, knock.method)) {
    return std::unexpected(Refusal{405, fmt::format("Use {} here.", methods), false, methods});
  }
  return caller;
}

}  // namespace postern::admin
