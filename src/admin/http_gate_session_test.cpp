// The gate for those who come with the console's cookie.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "admin/http_gate.h"
#include "base/encoding.h"

using namespace postern;
using namespace postern::admin;

namespace {

constexpr std::string_view invoke = "/adminapi/beta/Contoso/InvokeCommand";
const Time noon = *parse_iso("2025-01-29T12:00:00Z");
constexpr ConsoleFile files[] = {{"/index.html", "text/html", "\"1\"", "zip"},
                                 {"/assets/a.js", "text/javascript", "\"2\"", "zip", true}};

/// A gate with somebody logged in by admin.token.
struct LoggedIn {
  LoggedIn() {
    cookie = "postern=" + sessions.begin({.admin_digest = sha256(settings.token)}, noon);
    csrf = find_session(cookie, settings, noon, true)->csrf;
  }
  Knock knock(std::string_view method, std::string_view path) const {
    return {.peer = "192.0.2.1",
            .method = method,
            .path = path,
            .host = "127.0.0.1:8025",
            .cookie = cookie,
            .origin = "http://127.0.0.1:8025",
            .csrf = csrf};
  }
  unsigned status(const Knock& knock, Time time = noon) const {
    const auto caller = check(knock, settings, time);
    return caller ? 200 : caller.error().status;
  }

  WebSessions sessions;
  GateSettings settings = {.token = "secret-secret-secret-secret-secret",
                           .names = {"mx.contoso.com"},
                           .console = files,
                           .sessions = &sessions};
  std::string cookie, csrf;
};

}  // namespace

TEST_CASE("the console's files and the login are for everybody, the session is not") {
  LoggedIn gate;
  for (const char* path : {"/", "/index.html", "/assets/a.js"}) {
    CAPTURE(path);
    Knock k = gate.knock("GET", path);
    k.cookie = k.csrf = k.origin = "";
    CHECK(gate.status(k) == 200);
    k.method = "POST";
    CHECK(gate.status(k) == 405);
  }
  CHECK(gate.status(gate.knock("GET", "/assets/b.js")) == 404);
  CHECK(gate.status(gate.knock("GET", "/assets/../index.html")) == 404);
  Knock login = gate.knock("POST", session_path);
  login.cookie = login.csrf = "";
  CHECK(gate.status(login) == 200);
  login.method = "GET";
  CHECK(gate.status(login) == 401);
  CHECK(gate.status(gate.knock("GET", session_path)) == 200);
  CHECK(gate.status(gate.knock("PUT", session_path)) == 405);
}

TEST_CASE("a token opens no session page, and over the socket there is none") {
  LoggedIn gate;
  Knock k = gate.knock("GET", session_path);
  k.cookie = "";
  k.authorization = "Bearer secret-secret-secret-secret-secret";
  CHECK(gate.status(k) == 401);
  k.is_local = k.is_administrator = true;
  CHECK(gate.status(k) == 404);
  k.path = "/";
  CHECK(gate.status(k) == 404);
}

TEST_CASE(
    "a cmdlet runs with the cookie, our own Origin and the CSRF token, and not without one of "
    "them") {
  LoggedIn gate;
  const auto caller = check(gate.knock("POST", invoke), gate.settings, noon);
  REQUIRE(caller);
  CHECK(caller->name == "admin.token");
  CHECK(caller->role == store::Role::administrator);

  Knock k = gate.knock("POST", invoke);
  k.csrf = "";
  CHECK(gate.status(k) == 403);
  k.csrf = "0000000000000000000000000000000000000000000000000000000000000000";
  CHECK(gate.status(k) == 403);

  for (const char* origin :
       {"", "null", "http://evil.example", "http://127.0.0.1:8026", "http://127.0.0.1",
        "http://127.0.0.1:8025.evil.example", "ftp://127.0.0.1:8025", "http://127.0.0.1:8025/"}) {
    CAPTURE(origin);
    Knock foreign = gate.knock("POST", invoke);
    foreign.origin = origin;
    CHECK(gate.status(foreign) == 403);
    foreign.path = session_path;
    CHECK(gate.status(foreign) == 403);
    foreign.method = "DELETE";
    CHECK(gate.status(foreign) == 403);
  }

  Knock wrong = gate.knock("POST", invoke);
  wrong.cookie = "postern=0000000000000000000000000000000000000000000000000000000000000000";
  CHECK(gate.status(wrong) == 401);
  CHECK_FALSE(check(wrong, gate.settings, noon).error().has_failed_login);
}

TEST_CASE("over TLS a page of the same name without TLS is not ours") {
  LoggedIn gate;
  Knock k = gate.knock("POST", invoke);
  k.is_tls = true;
  CHECK(gate.status(k) == 403);
  k.origin = "https://127.0.0.1:8025";
  CHECK(gate.status(k) == 200);
  // A proxy in front may speak TLS for us.
  k.is_tls = false;
  CHECK(gate.status(k) == 200);
}

TEST_CASE("the cookie that only this very host can have set counts before the other") {
  CHECK(session_cookie("postern=a; __Host-postern=b") == "b");
  CHECK(session_cookie("postern=a") == "a");
  CHECK(session_cookie("other=a") == "");
}

TEST_CASE("a session ends with its time and with its token") {
  LoggedIn gate;
  CHECK(gate.status(gate.knock("POST", invoke), noon + WebSessions::idle_time) == 401);
  CHECK(gate.sessions.size() == 0);

  LoggedIn other;
  other.settings.token = "another-another-another-another-another";
  CHECK(other.status(other.knock("POST", invoke)) == 401);
  CHECK(other.sessions.size() == 0);
}

TEST_CASE("a session has the rights that its token has now") {
  char folder[] = "/tmp/postern-gate-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  const auto tokens = *store::ApiTokens::open(std::string(folder) + "/tokens.db");
  const auto contoso = directory::Guid::parse("f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
  const auto made = tokens->add({.name = "Ann",
                                 .role = store::Role::operator_,
                                 .organization = contoso,
                                 .expires = noon + std::chrono::minutes(10)},
                                noon);
  REQUIRE(made);
  LoggedIn gate;
  gate.settings.tokens = tokens.get();
  const auto found = identify(made->secret, gate.settings, noon);
  REQUIRE(found);
  gate.cookie = "postern=" + gate.sessions.begin(found->credential, noon);
  gate.csrf = find_session(gate.cookie, gate.settings, noon, true)->csrf;

  const auto caller = check(gate.knock("POST", invoke), gate.settings, noon);
  REQUIRE(caller);
  CHECK(caller->name == "Ann");
  CHECK(caller->role == store::Role::operator_);
  CHECK(caller->organization == contoso);
  CHECK(gate.status(gate.knock("GET", "/metrics")) == 403);
  CHECK(gate.status(gate.knock("POST", invoke), noon + std::chrono::minutes(10)) == 401);

  gate.cookie = "postern=" + gate.sessions.begin(found->credential, noon);
  gate.csrf = find_session(gate.cookie, gate.settings, noon, true)->csrf;
  REQUIRE(tokens->remove("Ann"));
  CHECK(gate.status(gate.knock("POST", invoke)) == 401);
  std::filesystem::remove_all(folder);
}
