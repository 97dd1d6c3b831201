// Who is logged in to the web console.
//
// A login shows a token once and gets a cookie and a second secret, the CSRF token: the browser
// sends the cookie by itself, also where a foreign page makes it ask; only the console's own pages
// can read the second one, and every change must name it. Sessions live in memory: after a restart
// people log in again. Kept of the cookie is its SHA-256, by which a session is found, so that
// nothing about it shows in how long that takes.
//
// A session never outlives the token it was begun with: whose it was is asked again at every
// request (http_gate.h).
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"
#include "directory/guid.h"

namespace postern::admin {

/// Which token somebody showed.
struct Credential {
  /// Of an API token; null: that of admin.token.
  std::optional<directory::Guid> token{};
  /// SHA-256 of admin.token, where it was that.
  std::string admin_digest{};

  bool operator==(const Credential&) const = default;
};

struct WebSession {
  Credential credential;
  std::string csrf;
  Time begun{};
  Time used{};
};

/// Of one thread.
class WebSessions {
 public:
  static constexpr auto idle_time = std::chrono::minutes(30);
  static constexpr auto total_time = std::chrono::hours(12);
  /// Of one token; one more ends the one that was not used for longest.
  static constexpr std::size_t max_of_one = 20;
  /// Of all; the same holds.
  static constexpr std::size_t max_sessions = 1000;

  /// The value for the cookie.
  std::string begin(Credential credential, Time now);

  /// Null: there is none, or its time is over. `is_use`: somebody does something; a page that only
  /// looks again by itself does not keep a session alive.
  const WebSession* find(std::string_view cookie, Time now, bool is_use);

  void end(std::string_view cookie);

  std::size_t size() const { return sessions_.size(); }

 private:
  void make_room(const Credential& credential, Time now);

  std::unordered_map<std::string, WebSession> sessions_;  ///< by SHA-256 of the cookie
};

}  // namespace postern::admin
