#include "admin/server.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <latch>
#include <sstream>
#include <thread>

#include "admin/failed_logins.h"
#include "admin/http_client.h"
#include "admin/value_json.h"
#include "base/encoding.h"

using namespace postern;
using namespace postern::admin;
namespace fs = std::filesystem;

namespace {

struct TemporaryFolder {
  TemporaryFolder() {
    char name[] = "/tmp/postern-admin-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~TemporaryFolder() { fs::remove_all(path); }
  std::string path;
};

/// A whole administration on a socket and a port of its own.
struct Administration {
  explicit Administration(std::function<void(ServerSettings&)> change = {}) {
    auto opened = store::DirectoryStore::open(folder.path + "/postern.db");
    REQUIRE(opened);
    directory = std::move(*opened);
    store::TraceSettings trace_settings;
    trace_settings.folder = folder.path + "/trace";
    auto opened_trace = store::TraceStore::open(trace_settings);
    REQUIRE(opened_trace);
    trace = std::move(*opened_trace);

    settings.socket_path = folder.path + "/admin.sock";
    settings.address = "127.0.0.1:0";
    settings.token_file = folder.path + "/admin.token";
    settings.hostname = "mx.contoso.com";
    if (change) change(settings);
    auto opened_server = Server::open(Services{*directory, *trace, "mx.contoso.com"}, metrics,
                                      settings, [this] { return trouble; });
    REQUIRE_MESSAGE(opened_server, opened_server.error().message);
    server = std::move(*opened_server);
    server->start();
  }
  ~Administration() { server->stop(); }

  std::unique_ptr<HttpClient> local() const {
    return std::move(*make_http_client({settings.socket_path, "", "", ""}));
  }
  std::unique_ptr<HttpClient> remote() const {
    return std::move(*make_http_client(
        {"", "http://127.0.0.1:" + std::to_string(server->port()), settings.token_file, ""}));
  }
  std::string token() const {
    std::ifstream file(settings.token_file);
    std::string text;
    file >> text;
    return text;
  }

  /// Sends bytes over TCP and reads until the server closes.
  std::string talk(const std::string& bytes) const {
    const int handle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server->port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(handle, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t n = ::send(handle, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) break;
      sent += static_cast<std::size_t>(n);
    }
    ::shutdown(handle, SHUT_WR);
    std::string answer;
    char buffer[4096];
    for (ssize_t n = 0; (n = ::recv(handle, buffer, sizeof buffer, 0)) > 0;) {
      answer.append(buffer, static_cast<std::size_t>(n));
    }
    ::close(handle);
    return answer;
  }

  std::string post(const std::string& target, const std::string& body,
                   const std::string& more_fields = "") const {
    return talk("POST " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" +
                "Authorization: Bearer " + token() + "\r\n" + more_fields +
                "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }

  TemporaryFolder folder;
  std::unique_ptr<store::DirectoryStore> directory;
  std::unique_ptr<store::TraceStore> trace;
  Metrics metrics;
  ServerSettings settings;
  std::optional<std::string> trouble;
  std::unique_ptr<Server> server;
};

constexpr const char* target = "/adminapi/beta/Contoso/InvokeCommand";

std::string cmdlet(const std::string& name, const std::string& parameters = "{}") {
  return R"({"CmdletInput":{"CmdletName":")" + name + R"(","Parameters":)" + parameters + "}}";
}

std::string status(const std::string& answer) {
  return answer.substr(9, 3);
}
std::string body(const std::string& answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "" : answer.substr(end + 4);
}

void make_contoso(HttpClient& client) {
  REQUIRE(client.invoke("", "New-Organization", {{"Name", "Contoso"}}));
  REQUIRE(client.invoke("", "New-AcceptedDomain", {{"Name", "contoso.com"}}));
}

}  // namespace

TEST_CASE("cmdlets run over the socket and over TCP") {
  Administration administration;
  const auto client = administration.local();
  make_contoso(*client);
  CHECK(client->invoke("", "Set-OrganizationConfig", {{"RejectDirectSend", true}}));

  const auto answer = administration.remote()->invoke("Contoso", "Get-OrganizationConfig", {});
  REQUIRE(answer);
  REQUIRE(answer->values.size() == 1);
  const Object& config = *answer->values[0].get<Object>();
  CHECK(*config.find("Identity") == Value("Contoso"));
  CHECK(*config.find("RejectDirectSend") == Value(true));
  CHECK(config.find("WhenCreatedUTC")->get<Time>() != nullptr);

  const auto missing = client->invoke("", "Get-Recipient", {{"Identity", "nobody@contoso.com"}});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message ==
        "The operation couldn't be performed because object 'nobody@contoso.com' couldn't be found "
        "on 'mx.contoso.com'.");
}

TEST_CASE("a change is in the snapshot when the cmdlet returns") {
  Administration administration;
  const auto client = administration.local();
  make_contoso(*client);
  for (const bool wanted : {true, false, true}) {
    REQUIRE(client->invoke("", "Set-OrganizationConfig", {{"RejectDirectSend", wanted}}));
    CHECK(administration.directory->snapshot()->only_organization()->config().reject_direct_send ==
          wanted);
  }
}

TEST_CASE("replies have the original's shape") {
  Administration administration;
  make_contoso(*administration.local());
  const std::string answer = administration.post(
      std::string(target) + "?$select=DomainName,DomainType", cmdlet("Get-AcceptedDomain"));
  CHECK(status(answer) == "200");
  CHECK(answer.contains("\r\nContent-Type: application/json;odata.metadata=minimal;"));
  CHECK(answer.contains("\r\nOData-Version: 4.0\r\n"));
  CHECK(
      body(answer) ==
      R"json({"@odata.context":"http://127.0.0.1/adminapi/beta/Contoso/$metadata#Collection(Exchange.GenericHashTable)",)json"
      R"json("adminapi.warnings@odata.type":"#Collection(String)","@adminapi.warnings":[],)json"
      R"json("value":[{"DomainName":"contoso.com","DomainType":"Authoritative"}]})json");
}

TEST_CASE("errors have the original's shape") {
  Administration administration;
  make_contoso(*administration.local());
  const std::string answer =
      administration.post(target, cmdlet("Get-Recipient", R"({"Identity":"x@contoso.com"})"));
  CHECK(status(answer) == "404");
  CHECK(body(answer).contains(
      R"({"error":{"code":"NotFound","message":"Error executing cmdlet","details":[{"code":"Client",)"
      R"("target":"","message":"Ex6F9304|Microsoft.Exchange.Configuration.Tasks.)"
      R"(ManagementObjectNotFoundException|The operation couldn't be performed because object )"
      R"('x@contoso.com' couldn't be found on 'mx.contoso.com'."}],"innererror":)"));
  CHECK(status(administration.post(target, cmdlet("Get-NoSuchThing"))) == "403");
  CHECK(status(administration.post(target, cmdlet("Get-Recipient", R"({"NoSuch":1})"))) == "400");
  CHECK(status(administration.post("/adminapi/beta/Nobody/InvokeCommand",
                                   cmdlet("Get-OrganizationConfig"))) == "404");
  for (const char* wrong : {"", "{", "[]", "5", R"({"CmdletInput":5})", "\xff\xfe",
                            R"({"CmdletInput":{"CmdletName":7}})",
                            R"({"CmdletInput":{"CmdletName":"Get-Recipient","Parameters":[]}})"}) {
    CAPTURE(wrong);
    CHECK(status(administration.post(target, wrong)) == "400");
  }
}

TEST_CASE("pages are linked where the request asks for pages") {
  Administration administration;
  const auto client = administration.local();
  make_contoso(*client);
  for (const char* name : {"a", "b", "c"}) {
    REQUIRE(client->invoke("", "New-Recipient", {{"Name", std::string(name) + "@contoso.com"}}));
  }
  const std::string first =
      body(administration.post(std::string(target) + "?$select=Name", cmdlet("Get-Recipient"),
                               "Prefer: odata.maxpagesize=2\r\n"));
  CHECK(first.contains(R"("value":[{"Name":"a@contoso.com"},{"Name":"b@contoso.com"}])"));
  const std::string begin = R"("@odata.nextLink":"http://127.0.0.1)";
  const std::size_t at = first.find(begin);
  REQUIRE(at != std::string::npos);
  const std::string link =
      first.substr(at + begin.size(), first.find('"', at + begin.size()) - at - begin.size());
  const std::string second =
      body(administration.post(link, cmdlet("Get-Recipient"), "Prefer: odata.maxpagesize=2\r\n"));
  CHECK(second.contains(R"("value":[{"Name":"c@contoso.com"}])"));
  CHECK_FALSE(second.contains("nextLink"));
}

TEST_CASE("who has no token changes nothing and is told so") {
  Administration administration;
  make_contoso(*administration.local());
  const std::string request = cmdlet("Set-OrganizationConfig", R"({"RejectDirectSend":true})");
  const std::string answer =
      administration.talk("POST " + std::string(target) +
                          " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer wrong\r\n"
                          "Content-Length: " +
                          std::to_string(request.size()) + "\r\n\r\n" + request);
  CHECK(status(answer) == "401");
  CHECK(answer.contains("\r\nWWW-Authenticate: Bearer"));
  CHECK_FALSE(
      administration.directory->snapshot()->only_organization()->config().reject_direct_send);
  CHECK(status(administration.talk("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n")) ==
        "421");
  CHECK(status(administration.talk("GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n")) == "404");
}

TEST_CASE("what is too large or no HTTP is refused with a reply") {
  Administration administration([](ServerSettings& settings) { settings.max_body = 1000; });
  CHECK(status(administration.post(target, std::string(2000, 'x'))) == "413");
  // The reply is read although most of the body was never taken.
  CHECK(status(administration.post(target, std::string(3'000'000, 'x'))) == "413");
  CHECK(status(administration.talk("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " +
                                   std::string(20'000, 'x') + "\r\n\r\n")) == "431");
  CHECK(status(administration.talk("EHLO client.example\r\n")) == "400");
  CHECK(administration.talk("").empty());
}

TEST_CASE("health and metrics") {
  Administration administration([](ServerSettings& settings) { settings.open_metrics = true; });
  const std::string ask = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  CHECK(status(administration.talk(ask)) == "200");
  const std::string metrics =
      administration.talk("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  CHECK(status(metrics) == "200");
  CHECK(metrics.contains("\npostern_admin_requests_total{status=\"2xx\"} 1\n"));
}

TEST_CASE("one connection serves many requests, and ends after the last it may") {
  Administration administration([](ServerSettings& settings) { settings.max_requests = 3; });
  std::string many;
  for (int i = 0; i < 5; ++i) many += "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::string answer = administration.talk(many);
  std::size_t count = 0;
  for (std::size_t at = 0; (at = answer.find("HTTP/1.1 200", at)) != std::string::npos; ++at)
    ++count;
  CHECK(count == 3);
  // The client notices that its connection was closed, and makes another.
  const auto client = administration.local();
  for (int i = 0; i < 8; ++i) CHECK(client->invoke("", "Get-Organization", {}));
}

TEST_CASE("the socket is for its owner, and a stale one is replaced") {
  Administration administration;
  struct stat file{};
  REQUIRE(::stat(administration.settings.socket_path.c_str(), &file) == 0);
  CHECK((file.st_mode & 07777) == 0660);

  Metrics metrics;
  const auto second = Server::open(Services{*administration.directory, *administration.trace, ""},
                                   metrics, administration.settings, {});
  REQUIRE_FALSE(second);
  CHECK(second.error().message.contains("Another posternd listens on"));

  administration.server->stop();
  CHECK_FALSE(fs::exists(administration.settings.socket_path));
  const int stale = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, administration.settings.socket_path.c_str(),
               sizeof address.sun_path - 1);
  REQUIRE(::bind(stale, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::close(stale);
  CHECK(Server::open(Services{*administration.directory, *administration.trace, ""}, metrics,
                     administration.settings, {}));
}

TEST_CASE("settings that make no sense are told") {
  Administration administration;
  Metrics metrics;
  const auto problem = [&](auto change) {
    ServerSettings settings = administration.settings;
    settings.socket_path.clear();
    change(settings);
    const auto server = Server::open(Services{*administration.directory, *administration.trace, ""},
                                     metrics, settings, {});
    return server ? std::string() : server.error().message;
  };
  CHECK(problem([](auto& s) { s.address = "0.0.0.0:0"; }).contains("is not a loopback address"));
  CHECK(problem([](auto& s) { s.address = "nowhere"; }).contains("[admin] address: nowhere"));
  CHECK(problem([](auto& s) { s.address = "127.0.0.1:99999"; }).contains("[admin] address"));
  CHECK(problem([](auto& s) { s.certificate = "/nonexistent.pem"; }).contains("/nonexistent.pem"));
  CHECK(problem([&](auto& s) {
          s.token_file = "/nonexistent/token";
        }).contains("/nonexistent/token"));
  CHECK(problem([&](auto& s) {
          s.address = "127.0.0.1:" + std::to_string(administration.server->port());
        }).contains("cannot listen on"));
  CHECK(problem([&](auto& s) { s.socket_path = s.token_file; }).contains("is no socket"));
}

TEST_CASE("a reload takes a new token and keeps the old one after a mistake") {
  Administration administration;
  const auto ask = [&](const std::string& token) {
    return status(
        administration.talk("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                            "Authorization: Bearer " +
                            token + "\r\n\r\n"));
  };
  const std::string old_token = administration.token();
  CHECK(ask(old_token) == "200");
  const std::string new_token(40, 'n');
  std::ofstream(administration.settings.token_file) << new_token;
  CHECK(ask(new_token) == "401");
  CHECK(administration.server->reload(administration.settings));
  CHECK(ask(new_token) == "200");
  CHECK(ask(old_token) == "401");
  std::ofstream(administration.settings.token_file) << "short";
  CHECK_FALSE(administration.server->reload(administration.settings));
  CHECK(ask(new_token) == "200");
}

TEST_CASE("TLS protects the port where a certificate is given") {
  TemporaryFolder folder;
  const std::string certificate = folder.path + "/cert.pem", key = folder.path + "/key.pem";
  const std::string make =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
      "-subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout " +
      key + " -out " + certificate + " 2>/dev/null";
  REQUIRE(std::system(make.c_str()) == 0);
  Administration administration([&](ServerSettings& settings) {
    settings.certificate = certificate;
    settings.private_key = key;
  });
  const std::string url = "https://localhost:" + std::to_string(administration.server->port());
  const auto client = make_http_client({"", url, administration.settings.token_file, certificate});
  REQUIRE(client);
  CHECK((*client)->invoke("", "New-Organization", {{"Name", "Contoso"}}));
  CHECK((*client)->invoke("", "Get-Organization", {}));
  // The system does not know this authority.
  const auto distrustful = make_http_client({"", url, administration.settings.token_file, ""});
  REQUIRE(distrustful);
  CHECK_FALSE((*distrustful)->invoke("", "Get-Organization", {}));
}

TEST_CASE("many clients at once, and the end among them") {
  Administration administration;
  make_contoso(*administration.local());
  std::latch started(4);
  std::vector<std::jthread> clients;
  std::atomic<int> answered = 0;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&, i] {
      const auto client = administration.local();
      started.count_down();
      for (int n = 0; n < 20; ++n) {
        const std::string name = "u" + std::to_string(i * 100 + n) + "@contoso.com";
        if (client->invoke("", "New-Recipient", {{"Name", name}})) ++answered;
      }
    });
  }
  started.wait();
  clients.clear();
  CHECK(answered == 80);
  CHECK(administration.directory->snapshot()->only_organization()->recipient_count() == 80);
}

// ---------------------------------------------------------------------- the web console

namespace {

constexpr ConsoleFile console[] = {
    {"/index.html", "text/html; charset=utf-8", "\"tag\"", "zipped"}};

struct Console : Administration {
  Console() : Administration([](ServerSettings& settings) { settings.console = ::console; }) {}

  std::string ask(const std::string& method, const std::string& path,
                  const std::string& fields = "", const std::string& content = "") const {
    return talk(
        method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + fields +
        (content.empty() ? "" : "Content-Length: " + std::to_string(content.size()) + "\r\n") +
        "\r\n" + content);
  }
  std::string log_in(const std::string& secret) const {
    return ask("POST", "/session", "Origin: http://localhost\r\n",
               R"({"Token":")" + secret + "\"}");
  }
};

std::string between(const std::string& text, const std::string& begin, char end) {
  const std::size_t at = text.find(begin);
  REQUIRE(at != std::string::npos);
  return text.substr(at + begin.size(), text.find(end, at + begin.size()) - at - begin.size());
}

}  // namespace

TEST_CASE("the console is served with what keeps other pages out") {
  Console administration;
  const std::string page = administration.ask("GET", "/");
  CHECK(status(page) == "200");
  CHECK(body(page) == "zipped");
  for (const char* field :
       {"Content-Type: text/html; charset=utf-8", "Content-Encoding: gzip", "ETag: \"tag\"",
        "X-Content-Type-Options: nosniff", "X-Frame-Options: DENY", "Referrer-Policy: no-referrer",
        "Content-Security-Policy: default-src 'none'; script-src 'self';"}) {
    CAPTURE(field);
    CHECK(page.contains("\r\n" + std::string(field)));
  }
  const std::string known = administration.ask("GET", "/", "If-None-Match: \"tag\"\r\n");
  CHECK(status(known) == "304");
  CHECK_FALSE(known.contains("Content-Length"));
  CHECK(body(administration.ask("HEAD", "/")).empty());
  CHECK(status(administration.ask("GET", "/nothing.html")) == "404");
}

TEST_CASE("who logs in runs cmdlets with the cookie until he logs out") {
  Console administration;
  make_contoso(*administration.local());
  const std::string login = administration.log_in(administration.token());
  REQUIRE(status(login) == "200");
  const std::string cookie =
      "Cookie: postern=" + between(login, "Set-Cookie: postern=", ';') + "\r\n";
  const std::string origin = "Origin: http://localhost\r\n";
  const std::string csrf = "X-Postern-Csrf: " + between(login, "\"Csrf\":\"", '"') + "\r\n";
  const std::string change = cmdlet("Set-OrganizationConfig", R"({"RejectDirectSend":true})");

  CHECK(status(administration.ask("GET", "/session", cookie)) == "200");
  CHECK(status(administration.ask("POST", target, cookie + origin, change)) == "403");
  CHECK(status(administration.ask("POST", target, cookie + csrf, change)) == "403");
  CHECK_FALSE(
      administration.directory->snapshot()->only_organization()->config().reject_direct_send);
  CHECK(status(administration.ask("POST", target, cookie + origin + csrf, change)) == "200");
  CHECK(administration.directory->snapshot()->only_organization()->config().reject_direct_send);

  CHECK(status(administration.ask("DELETE", "/session", cookie + origin + csrf)) == "204");
  CHECK(status(administration.ask("POST", target, cookie + origin + csrf, change)) == "401");
  CHECK(status(administration.ask("GET", "/session", cookie)) == "401");
}

TEST_CASE("logins that fail are counted, and their bodies are small") {
  Console administration;
  CHECK(status(administration.ask("POST", "/session", "", R"({"Token":"x"})")) == "403");
  CHECK(status(administration.ask("POST", "/session", "Origin: http://localhost\r\n",
                                  std::string(5000, 'x'))) == "413");
  CHECK(status(administration.ask("POST", "/session",
                                  "Origin: http://localhost\r\nTransfer-Encoding: chunked\r\n")) ==
        "411");
  for (int i = 0; i < FailedLogins::max_failures; ++i)
    CHECK(status(administration.log_in("wrong")) == "401");
  const std::string blocked = administration.log_in(administration.token());
  CHECK(status(blocked) == "429");
  CHECK(blocked.contains("\r\nRetry-After: 60"));
}
