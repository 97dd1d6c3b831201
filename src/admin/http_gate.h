// Who may ask the administration's server for what: decided before a body is read.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "admin/caller.h"
#include "admin/console_files.h"
#include "admin/web_sessions.h"
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

/// Where the console logs in (POST), asks who it is (GET) and logs out (DELETE).
inline constexpr std::string_view session_path = "/session";

/// Where a request came in, and what it says of itself.
struct Knock {
  bool is_local = false;  ///< over the Unix socket
  bool is_tls = false;
  bool is_administrator = false;  ///< over the Unix socket: by uid
  std::string_view peer;          ///< `uid 0`, `127.0.0.1`
  std::string_view method;
  std::string_view path;  ///< without the query
  std::string_view host;
  std::string_view authorization;
  std::string_view cookie;
  std::string_view origin;
  std::string_view csrf;  ///< X-Postern-Csrf
  bool is_poll = false;   ///< X-Postern-Poll: a page looks again by itself
};

struct GateSettings {
  std::string token;  ///< that of admin.token, which may everything
  std::vector<std::string> names;
  bool open_metrics = false;
  store::ApiTokens* tokens = nullptr;  ///< null: there are no others
  std::span<const ConsoleFile> console{};
  WebSessions* sessions = nullptr;  ///< null: nobody can log in
};

/// A refusal with its HTTP status: 400, 401, 403, 404, 405, 411, 413, 421 or 429.
struct Refusal {
  unsigned status = 0;
  std::string sentence;
  /// There was a token, and it was wrong.
  bool has_failed_login = false;
  /// Of 405: the methods that there are.
  std::string_view allow{};
};

struct Identified {
  Caller caller;
  Credential credential;
};

/// Whose token it is; nothing for a wrong one.
std::optional<Identified> identify(std::string_view token, const GateSettings& settings, Time now);

/// The session that a Cookie field names, while its token still counts; else null.
const WebSession* find_session(std::string_view cookie_field, const GateSettings& settings,
                               Time now, bool is_use);

/// `__Host-postern` where the browser came by https, else `postern`: the first is not taken from
/// whoever can write cookies for a part of our name.
std::string_view session_cookie_name(bool is_secure);
/// The value of either; empty: there is none.
std::string_view session_cookie(std::string_view cookie_field);

/// Does a page of ours ask? The Origin field must be there, and name the host that is asked.
bool is_own_origin(const Knock& knock);

/// Who is let in. For what is open to everyone, the console's files and the login among it: a
/// viewer. Who has only a cookie must have our own Origin and the CSRF token for a change.
std::expected<Caller, Refusal> check(const Knock& knock, const GateSettings& settings, Time now);

}  // namespace postern::admin
