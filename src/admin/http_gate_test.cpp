#include "admin/http_gate.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace postern;
using namespace postern::admin;

namespace {

constexpr std::string_view invoke = "/adminapi/beta/Contoso/InvokeCommand";
const GateSettings settings = {.token = "secret-secret-secret-secret-secret",
                               .names = {"mx.contoso.com"}};

const Time today = *parse_iso("2025-01-29T12:00:00Z");

Knock knock(std::string_view method, std::string_view path) {
  return {.peer = "192.0.2.1",
          .method = method,
          .path = path,
          .host = "127.0.0.1:8025",
          .authorization = "Bearer secret-secret-secret-secret-secret"};
}

unsigned status(const Knock& knock, const GateSettings& gate = settings) {
  const auto caller = check(knock, gate, today);
  return caller ? 200 : caller.error().status;
}

}  // namespace

TEST_CASE("the token opens, and nothing like it") {
  CHECK(status(knock("POST", invoke)) == 200);
  for (const char* wrong :
       {"", "Bearer", "Bearer ", "Bearer secret", "bearer secret-secret-secret-secret-secre",
        "Basic secret-secret-secret-secret-secret", "Bearer secret-secret-secret-secret-secret2",
        "secret-secret-secret-secret-secret"}) {
    CAPTURE(wrong);
    Knock k = knock("POST", invoke);
    k.authorization = wrong;
    CHECK(status(k) == 401);
  }
  Knock lower = knock("POST", invoke);
  lower.authorization = "bearer  secret-secret-secret-secret-secret ";
  CHECK(status(lower) == 200);
}

TEST_CASE("only our own names are answered to") {
  for (const char* host : {"127.0.0.1", "127.8.9.10:8025", "localhost", "LOCALHOST:1", "[::1]:8025",
                           "mx.contoso.com", "MX.Contoso.com:8025"}) {
    CAPTURE(host);
    Knock k = knock("POST", invoke);
    k.host = host;
    CHECK(status(k) == 200);
  }
  for (const char* host : {"", "evil.example", "127.0.0.1.evil.example", "192.0.2.1", "[::2]",
                           "mx.contoso.com.evil.example", "[::1"}) {
    CAPTURE(host);
    Knock k = knock("POST", invoke);
    k.host = host;
    CHECK(status(k) == 421);
  }
}

TEST_CASE("over the socket the uid counts, not the token") {
  Knock k = knock("POST", invoke);
  k.is_local = true;
  k.authorization = "";
  k.host = "anything";
  CHECK(status(k) == 403);
  k.is_administrator = true;
  CHECK(status(k) == 200);
  k.is_administrator = false;
  k.authorization = "Bearer secret-secret-secret-secret-secret";
  CHECK(status(k) == 403);
}

TEST_CASE("paths and methods") {
  CHECK(status(knock("GET", "/healthz")) == 200);
  CHECK(status(knock("HEAD", "/metrics")) == 200);
  CHECK(status(knock("POST", "/healthz")) == 405);
  CHECK(status(knock("GET", invoke)) == 405);
  CHECK(status(knock("DELETE", invoke)) == 405);
  CHECK(status(knock("POST", "/adminapi/beta/a%20b/invokecommand")) == 200);
  for (const char* path : {"/", "", "/nowhere", "/adminapi/v1.0/Contoso/InvokeCommand",
                           "/adminapi/beta/InvokeCommand", "/adminapi/beta/Contoso/InvokeCommand/x",
                           "/healthz/", "/adminapi/beta/%zz/InvokeCommand", "http://x/healthz"}) {
    CAPTURE(path);
    CHECK(status(knock("GET", path)) == 404);
  }
}

TEST_CASE("health is for everybody, metrics only where that was chosen") {
  Knock health = knock("GET", "/healthz");
  health.authorization = "";
  CHECK(status(health) == 200);
  Knock metrics = knock("GET", "/metrics");
  metrics.authorization = "";
  CHECK(status(metrics) == 401);
  GateSettings open = settings;
  open.open_metrics = true;
  CHECK(status(metrics, open) == 200);
  Knock command = knock("POST", invoke);
  command.authorization = "";
  CHECK(status(command, open) == 401);
}

TEST_CASE("who is let in is known by name, with the role and organization of the token") {
  char folder[] = "/tmp/postern-gate-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  const auto tokens = *store::ApiTokens::open(std::string(folder) + "/tokens.db");
  const auto contoso = directory::Guid::parse("f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
  const auto made =
      tokens->add({.name = "Ann", .role = store::Role::operator_, .organization = contoso}, today);
  GateSettings gate = settings;
  gate.tokens = tokens.get();

  Knock k = knock("POST", invoke);
  CHECK(check(k, gate, today)->name == "admin.token");
  CHECK(check(k, gate, today)->role == store::Role::administrator);

  const std::string ann = "Bearer " + made->secret;
  k.authorization = ann;
  const auto caller = check(k, gate, today);
  REQUIRE(caller);
  CHECK(caller->name == "Ann");
  CHECK(caller->role == store::Role::operator_);
  CHECK(caller->organization == contoso);

  Knock metrics = knock("GET", "/metrics");
  metrics.authorization = ann;
  CHECK(status(metrics, gate) == 403);

  REQUIRE(tokens->remove("Ann"));
  CHECK(check(k, gate, today).error().has_failed_login);
  k.authorization = "";
  CHECK_FALSE(check(k, gate, today).error().has_failed_login);
  k.is_local = k.is_administrator = true;
  CHECK(check(k, gate, today)->name == "192.0.2.1");
  std::filesystem::remove_all(folder);
}

TEST_CASE("a token is made once, for its owner's eyes") {
  char folder[] = "/tmp/postern-token-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  const std::string path = std::string(folder) + "/admin.token";
  const auto made = load_token(path);
  REQUIRE(made);
  CHECK(made->size() == 64);
  struct stat file{};
  REQUIRE(::stat(path.c_str(), &file) == 0);
  CHECK((file.st_mode & 07777) == 0600);
  CHECK(load_token(path).value() == *made);

  std::ofstream(path) << "  0123456789012345678901234567890123456789 \n";
  CHECK(load_token(path).value() == "0123456789012345678901234567890123456789");
  std::ofstream(path) << "short\n";
  CHECK(load_token(path).error().message.contains("shorter than 32"));
  std::filesystem::remove_all(folder);
  CHECK(load_token(path).error().message.contains(path));
}
