// Who may ask the administration's server for what: decided before a body is read.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "admin/caller.h"
#include "base/result.h"
#include "base/time.h"

namespace postern::admin {

/// Reads the token, or makes the file (0600, 32 random bytes as hexadecimal digits). White space
/// around the token is left out; an empty or short one is an error.
Result<std::string> load_token(const std::string& path);

/// The host in a Host field, without its port: `127.0.0.1`, `::1`, `mx.example.com`.
std::string host_name(std::string_view host_field);

/// Loopback names and addresses, and `names`.
bool is_our_host(std::string_view host_field, const std::vector<std::string>& names);

/// Where a request came in, and what it says of itself.
struct Knock {
  bool is_local = false;          ///< over the Unix socket
  bool is_administrator = false;  ///< over the Unix socket: by uid
  std::string_view peer;          ///< `uid 0`, `127.0.0.1`
  std::string_view method;
  std::string_view path;  ///< without the query
  std::string_view host;
  std::string_view authorization;
};

struct GateSettings {
  std::string token;  ///< that of admin.token, which may everything
  std::vector<std::string> names;
  bool open_metrics = false;
  store::ApiTokens* tokens = nullptr;  ///< null: there are no others
};

/// A refusal with its HTTP status: 401, 403, 404, 405, 421 or 429.
struct Refusal {
  unsigned status = 0;
  std::string sentence;
  /// There was a token, and it was wrong.
  bool has_failed_login = false;
};

/// Who is let in. For what is open to everyone: a viewer.
std::expected<Caller, Refusal> check(const Knock& knock, const GateSettings& settings, Time now);

}  // namespace postern::admin
