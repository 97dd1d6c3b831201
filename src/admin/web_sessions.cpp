#include "admin/web_sessions.h"

#include "base/ascii.h"
#include "base/encoding.h"

namespace postern::admin {
namespace {

constexpr std::size_t secret_bytes = 32;

bool is_over(const WebSession& session, Time now) {
  return now - session.used >= WebSessions::idle_time ||
         now - session.begun >= WebSessions::total_time;
}

}  // namespace

void WebSessions::make_room(const Credential& credential, Time now) {
  std::erase_if(sessions_, [now](const auto& one) { return is_over(one.second, now); });
  auto oldest = sessions_.end(), oldest_own = sessions_.end();
  std::size_t own = 0;
  for (auto one = sessions_.begin(); one != sessions_.end(); ++one) {
    const auto is_older = [&](auto than) {
      return than == sessions_.end() || one->second.used < than->second.used;
    };
    if (is_older(oldest)) oldest = one;
    if (one->second.credential != credential) continue;
    ++own;
    if (is_older(oldest_own)) oldest_own = one;
  }
  if (own >= max_of_one) {
    sessions_.erase(oldest_own);
  } else if (sessions_.size() >= max_sessions) {
    sessions_.erase(oldest);
  }
}

std::string WebSessions::begin(Credential credential, Time now) {
  make_room(credential, now);
  std::string cookie = to_lower(random_hex(secret_bytes));
  sessions_.emplace(sha256(cookie), WebSession{.credential = std::move(credential),
                                               .csrf = to_lower(random_hex(secret_bytes)),
                                               .begun = now,
                                               .used = now});
  return cookie;
}

const WebSession* WebSessions::find(std::string_view cookie, Time now, bool is_use) {
  const auto found = sessions_.find(sha256(cookie));
  if (found == sessions_.end()) return nullptr;
  if (is_over(found->second, now)) {
    sessions_.erase(found);
    return nullptr;
  }
  if (is_use) found->second.used = now;
  return &found->second;
}

void WebSessions::end(std::string_view cookie) {
  sessions_.erase(sha256(cookie));
}

}  // namespace postern::admin
