// What the web console asks of the server besides cmdlets: its files, and logging in and out. As
// values: no socket.
//
//   GET    /                      the files, to everybody; they hold no secret
//   POST   /session {"Token":…}   200 and a cookie, or 401
//   GET    /session               who is logged in, and what he may do
//   DELETE /session               204, and the cookie is over
//
// Cmdlets are then run as by any other client (rest.h), with the cookie in place of a token.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/commands.h"
#include "admin/http_gate.h"

namespace postern::admin {

/// A login is a token in a little JSON.
inline constexpr std::size_t max_login_body = 4096;

struct WebReply {
  unsigned status = 200;
  std::string body;
  std::string type;
  std::vector<std::pair<std::string, std::string>> fields{};
};

/// The file, or 304 where the browser has it already.
WebReply answer_file(const ConsoleFile& file, std::string_view if_none_match);

/// For pages: only our own scripts and styles, nothing from elsewhere, in nobody's frame.
std::string_view content_security_policy();

struct Login {
  std::string caller;  ///< for the log
  WebReply reply;
};

/// Begins a session. What else the request says has passed the gate.
std::expected<Login, Refusal> answer_login(const Services& services, const Knock& knock,
                                           std::string_view body, const GateSettings& settings,
                                           Time now);

/// GET or DELETE, by a caller whom the gate let in.
WebReply answer_session(const Services& services, const Knock& knock, const Caller& caller,
                        const GateSettings& settings, Time now);

}  // namespace postern::admin
