#include "admin/console.h"

#include <algorithm>

#include "admin/cookies.h"
#include "admin/value_json.h"
#include "base/ascii.h"

namespace postern::admin {
namespace {

constexpr std::string_view json_type = "application/json; charset=utf-8";

/// Every cmdlet with the least role that may run it, so that the console offers nothing that would
/// be refused, nor what this posternd does not have.
Object cmdlets_for(const Caller& caller) {
  Object cmdlets;
  for (const Command* command : all_server_commands()) {
    if (command->needs == Needs::installation && caller.organization) continue;
    cmdlets.set(command->spec.name, store::to_string(command->least_role()));
  }
  return cmdlets;
}

Value organization_of(const Services& services, const Caller& caller) {
  if (!caller.organization) return {};
  const auto found =
      services.directory.snapshot()->find_organization(caller.organization->to_string());
  return found == nullptr ? Value() : Value(found->name());
}

std::string describe(const Services& services, const Caller& caller, const WebSession& session) {
  const Object object = {{"Name", caller.name},
                         {"Role", store::to_string(caller.role)},
                         {"Organization", organization_of(services, caller)},
                         {"IsForOne", caller.organization.has_value()},
                         {"Server", services.server_name},
                         {"Csrf", session.csrf},
                         {"IdleMinutes", static_cast<std::int64_t>(WebSessions::idle_time.count())},
                         {"Cmdlets", cmdlets_for(caller)}};
  return to_json(object, JsonStyle::compact);
}

/// Did the browser come by https, to us or to a proxy in front of us?
bool is_secure(const Knock& knock) {
  return knock.is_tls || knock.origin.starts_with("https://");
}

std::string cookie_field(const Knock& knock, std::string_view value) {
  return make_cookie(session_cookie_name(is_secure(knock)), value, is_secure(knock));
}

}  // namespace

const ConsoleFile* find_console_file(std::span<const ConsoleFile> files, std::string_view path) {
  const std::string_view wanted = path == "/" ? "/index.html" : path;
  const auto found = std::ranges::find(files, wanted, &ConsoleFile::path);
  return found == files.end() ? nullptr : &*found;
}

std::string_view content_security_policy() {
  return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
         "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

WebReply answer_file(const ConsoleFile& file, std::string_view if_none_match) {
  WebReply reply{
      .type = std::string(file.type),
      .fields = {{"ETag", std::string(file.etag)},
                 {"Cache-Control",
                  file.is_immutable ? "public, max-age=31536000, immutable" : "no-cache"}}};
  // RFC 9110 section 13.1.2: a list of tags, weak or not, or `*`. None of ours stands in another.
  if (if_none_match.contains(file.etag) || trim(if_none_match) == "*") {
    reply.status = 304;
    return reply;
  }
  reply.body = file.gzip;
  reply.fields.emplace_back("Content-Encoding", "gzip");
  return reply;
}

std::expected<Login, Refusal> answer_login(const Services& services, const Knock& knock,
                                           std::string_view body, const GateSettings& settings,
                                           Time now) {
  const auto parsed = parse_json(body);
  const Object* object = parsed ? parsed->get<Object>() : nullptr;
  const Value* token = object == nullptr ? nullptr : object->find("Token");
  if (token == nullptr || token->get<std::string>() == nullptr)
    return std::unexpected(Refusal{400, "The body must be {\"Token\":\"…\"}."});
  // As it was pasted, perhaps with the end of its line.
  std::string given = *token->get<std::string>();
  std::erase_if(given, [](char c) { return is_wsp(c) || c == '\r' || c == '\n'; });
  const auto found = identify(given, settings, now);
  if (!found) return std::unexpected(Refusal{401, "No such token, or it has expired.", true});

  // A session that the browser still has is over: the cookie is replaced.
  settings.sessions->end(session_cookie(knock.cookie));
  const std::string cookie = settings.sessions->begin(found->credential, now);
  const WebSession* session = settings.sessions->find(cookie, now, true);
  return Login{found->caller.name,
               {.body = describe(services, found->caller, *session),
                .type = std::string(json_type),
                .fields = {{"Set-Cookie", cookie_field(knock, cookie)}}}};
}

WebReply answer_session(const Services& services, const Knock& knock, const Caller& caller,
                        const GateSettings& settings, Time now) {
  if (knock.method == "DELETE") {
    settings.sessions->end(session_cookie(knock.cookie));
    return {.status = 204,
            .type = std::string(json_type),
            .fields = {{"Set-Cookie", cookie_field(knock, "")}}};
  }
  const WebSession* session = find_session(knock.cookie, settings, now, false);
  return {.body = describe(services, caller, *session), .type = std::string(json_type)};
}

}  // namespace postern::admin
