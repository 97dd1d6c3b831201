#include "admin/http_gate.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "admin/rest.h"
#include "base/ascii.h"
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

std::expected<Caller, Refusal> find_bearer(std::string_view authorization,
                                           const GateSettings& settings, Time now) {
  constexpr std::string_view scheme = "Bearer ";
  constexpr std::string_view needed =
      "A valid Bearer token is needed: the content of admin.token, or one that New-ApiToken gave.";
  if (!istarts_with(authorization, scheme))
    return std::unexpected(Refusal{401, std::string(needed)});
  const std::string_view given = trim(authorization.substr(scheme.size()));
  if (same_token(given, settings.token)) return Caller{.name = "admin.token"};
  const auto token = settings.tokens == nullptr ? std::nullopt : settings.tokens->find(given, now);
  if (!token) return std::unexpected(Refusal{401, std::string(needed), true});
  return Caller{.name = token->name, .role = token->role, .organization = token->organization};
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

std::expected<Caller, Refusal> check(const Knock& knock, const GateSettings& settings, Time now) {
  const auto refuse = [](unsigned status, std::string sentence) {
    return std::unexpected(Refusal{status, std::move(sentence)});
  };
  if (!knock.is_local && !is_our_host(knock.host, settings.names)) {
    return refuse(421, "The Host field does not name this server.");
  }
  const bool is_health = knock.path == "/healthz";
  const bool is_metrics = knock.path == "/metrics";
  const bool is_invoke = is_invoke_target(knock.path);
  if (!is_health && !is_metrics && !is_invoke && knock.path != "/openapi.json") {
    return refuse(404, "There is nothing at this path.");
  }
  if (!is_health && knock.is_local && !knock.is_administrator) {
    return refuse(403, "Only root and the user of posternd may use this socket.");
  }
  Caller caller{.name = std::string(knock.peer), .role = store::Role::viewer};
  const bool is_open = is_health || (is_metrics && settings.open_metrics);
  if (knock.is_local) {
    caller.role = store::Role::administrator;
  } else if (!is_open) {
    auto bearer = find_bearer(knock.authorization, settings, now);
    if (!bearer) return std::unexpected(bearer.error());
    caller = *std::move(bearer);
  }
  // They tell of all organizations.
  if (is_metrics && caller.organization) {
    return refuse(403, "The metrics are those of all organizations: this token is for one.");
  }
  const bool is_read = knock.method == "GET" || knock.method == "HEAD";
  if (is_invoke ? knock.method != "POST" : !is_read) {
    return refuse(405, is_invoke ? "Use POST here." : "Use GET here.");
  }
  return caller;
}

}  // namespace postern::admin
