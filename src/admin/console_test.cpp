#include "admin/console.h"

#include <doctest/doctest.h>

#include "admin/cookies.h"
#include "admin/test_desk.h"
#include "admin/value_json.h"
#include "base/encoding.h"

using namespace postern;
using namespace postern::admin;

namespace {

const Time noon = *parse_iso("2025-01-29T12:00:00Z");

class ConsoleDesk : public TestDesk {
 public:
  std::expected<Login, Refusal> log_in(std::string_view body, bool is_tls = false) {
    return answer_login(services(), knock("POST", is_tls), body, settings, noon);
  }
  Knock knock(std::string_view method, bool is_tls = false) const {
    return {.is_tls = is_tls,
            .method = method,
            .path = session_path,
            .host = "127.0.0.1:8025",
            .cookie = cookie};
  }
  WebReply session(std::string_view method, const Caller& who) {
    return answer_session(services(), knock(method), who, settings, noon);
  }

  WebSessions sessions;
  GateSettings settings = {.token = "secret-secret-secret-secret-secret", .sessions = &sessions};
  std::string cookie;
};

constexpr std::string_view right = R"({"Token":" secret-secret-secret-secret-secret\n"})";

std::string field(const WebReply& reply, std::string_view name) {
  for (const auto& [key, value] : reply.fields)
    if (key == name) return value;
  return {};
}

}  // namespace

TEST_CASE("a file is given once, and then only its tag is compared") {
  const ConsoleFile file{"/assets/a.js", "text/javascript", "\"abc\"", "zipped", true};
  const WebReply first = answer_file(file, "");
  CHECK(first.status == 200);
  CHECK(first.body == "zipped");
  CHECK(first.type == "text/javascript");
  CHECK(field(first, "Content-Encoding") == "gzip");
  CHECK(field(first, "ETag") == "\"abc\"");
  CHECK(field(first, "Cache-Control").contains("immutable"));
  for (const char* tags : {"\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*"}) {
    CAPTURE(tags);
    const WebReply second = answer_file(file, tags);
    CHECK(second.status == 304);
    CHECK(second.body.empty());
    CHECK(field(second, "ETag") == "\"abc\"");
  }
  CHECK(answer_file(file, "\"ab\"").status == 200);
  const ConsoleFile page{"/index.html", "text/html", "\"1\"", "zipped"};
  CHECK(field(answer_file(page, ""), "Cache-Control") == "no-cache");
  CHECK(find_console_file({&page, 1}, "/") == &page);
  CHECK(find_console_file({}, "/") == nullptr);
}

TEST_CASE("the policy lets nothing in from elsewhere, and nothing that stands in the page") {
  const std::string_view policy = content_security_policy();
  CHECK(policy.starts_with("default-src 'none';"));
  CHECK(policy.contains("frame-ancestors 'none'"));
  CHECK_FALSE(policy.contains("unsafe"));
  CHECK_FALSE(policy.contains("http"));
}

TEST_CASE("a login gives a cookie, and tells who that is and what he may do") {
  ConsoleDesk desk;
  const auto login = desk.log_in(right);
  REQUIRE(login);
  CHECK(login->caller == "admin.token");
  const std::string set = field(login->reply, "Set-Cookie");
  CHECK(set.starts_with("postern="));
  CHECK(set.contains("; HttpOnly; SameSite=Strict"));
  CHECK_FALSE(set.contains("Secure"));
  const auto told = parse_json(login->reply.body);
  REQUIRE(told);
  const Object& object = *told->get<Object>();
  CHECK(*object.find("Name") == Value("admin.token"));
  CHECK(*object.find("Role") == Value("administrator"));
  CHECK(object.find("Organization")->is_null());
  const Object& cmdlets = *object.find("Cmdlets")->get<Object>();
  CHECK(*cmdlets.find("Get-OrganizationConfig") == Value("viewer"));
  CHECK(*cmdlets.find("Release-QuarantineMessage") == Value("operator"));
  CHECK(*cmdlets.find("Set-OrganizationConfig") == Value("administrator"));
  CHECK(cmdlets.find("New-Organization") != nullptr);
  CHECK(cmdlets.find("Select-Object") == nullptr);

  desk.cookie = set.substr(0, set.find(';'));
  const WebReply again = desk.session("GET", desk.caller);
  CHECK(*parse_json(again.body)->get<Object>()->find("Csrf") == *object.find("Csrf"));
}

TEST_CASE("over TLS the cookie is for TLS alone") {
  ConsoleDesk desk;
  const auto login = desk.log_in(right, true);
  REQUIRE(login);
  CHECK(field(login->reply, "Set-Cookie").starts_with("__Host-postern="));
  CHECK(field(login->reply, "Set-Cookie").ends_with("; Secure"));
}

TEST_CASE("a wrong token begins nothing") {
  ConsoleDesk desk;
  for (const char* wrong : {"", "{", "[]", "{}", R"({"Token":5})", R"({"Token":null})"}) {
    CAPTURE(wrong);
    const auto login = desk.log_in(wrong);
    REQUIRE_FALSE(login);
    CHECK(login.error().status == 400);
    CHECK_FALSE(login.error().has_failed_login);
  }
  for (const char* wrong :
       {R"({"Token":""})", R"({"Token":"secret-secret-secret-secret-secre"})"}) {
    CAPTURE(wrong);
    const auto login = desk.log_in(wrong);
    REQUIRE_FALSE(login);
    CHECK(login.error().status == 401);
    CHECK(login.error().has_failed_login);
  }
  CHECK(desk.sessions.size() == 0);
}

TEST_CASE("who logs in again or out has no session left behind") {
  ConsoleDesk desk;
  const auto first = desk.log_in(right);
  REQUIRE(first);
  const std::string set = field(first->reply, "Set-Cookie");
  desk.cookie = set.substr(0, set.find(';'));
  const auto second = desk.log_in(right);
  REQUIRE(second);
  CHECK(desk.sessions.size() == 1);
  const std::string again = field(second->reply, "Set-Cookie");
  CHECK(again != set);
  desk.cookie = again.substr(0, again.find(';'));
  const WebReply out = desk.session("DELETE", desk.caller);
  CHECK(out.status == 204);
  CHECK(field(out, "Set-Cookie").contains("Max-Age=0"));
  CHECK(desk.sessions.size() == 0);
}

TEST_CASE("who is for one organization is told which, and of no cmdlet for all") {
  ConsoleDesk desk;
  REQUIRE(desk.call("New-Organization Contoso"));
  const auto contoso = desk.directory->snapshot()->find_organization("Contoso");
  const std::string cookie =
      desk.sessions.begin({.admin_digest = sha256(desk.settings.token)}, noon);
  desk.cookie = "postern=" + cookie;
  const WebReply reply = desk.session(
      "GET", {.name = "Ann", .role = store::Role::viewer, .organization = contoso->guid()});
  const auto told = parse_json(reply.body);
  const Object& object = *told->get<Object>();
  CHECK(*object.find("Organization") == Value("Contoso"));
  CHECK(*object.find("IsForOne") == Value(true));
  CHECK(object.find("Cmdlets")->get<Object>()->find("New-Organization") == nullptr);
}
