#include "delivery/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace postern::delivery {

/// A socket of the server's side, read by lines.
struct ScriptedServer::Talk {
  int socket;
  std::string buffer;

  bool send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t count = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  bool receive() {
    char bytes[65536];
    const ssize_t count = ::recv(socket, bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    buffer.append(bytes, static_cast<std::size_t>(count));
    return true;
  }

  /// The next line with its CRLF; empty: the client has gone.
  std::string line() {
    for (;;) {
      const std::size_t end = buffer.find("\r\n");
      if (end != std::string::npos) {
        std::string text = buffer.substr(0, end + 2);
        buffer.erase(0, end + 2);
        return text;
      }
      if (!receive()) return {};
    }
  }
};

namespace {

std::string between_brackets(const std::string& command) {
  const std::size_t open = command.find('<');
  return command.substr(open + 1, command.find('>') - open - 1);
}

std::string reply_of(const std::map<std::string, std::string>& replies, const std::string& key) {
  const auto found = replies.find(key);
  return found == replies.end() ? "250 2.0.0 Ok\r\n" : found->second;
}

}  // namespace

ScriptedServer::ScriptedServer(NextHop::Kind kind) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, generic, &size) != 0) {
    throw std::runtime_error("cannot listen on loopback");
  }
  hop_ = {.kind = kind,
          .path = "",
          .servers = {{.host = "127.0.0.1", .port = ntohs(address.sin_port)}}};
  thread_ = std::jthread([this] { listen_loop(); });
}

ScriptedServer::~ScriptedServer() {
  stop_listening();
  thread_.join();
  drop_connections();
  for (auto& [socket, thread] : talks_) {
    thread.join();
    ::close(socket);
  }
  ::close(listener_);
}

void ScriptedServer::stop_listening() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
}

void ScriptedServer::drop_connections() {
  const std::lock_guard lock(mutex_);
  for (auto& [socket, thread] : talks_) ::shutdown(socket, SHUT_RDWR);
}

void ScriptedServer::next(Script script) {
  const std::lock_guard lock(mutex_);
  scripts_.push_back(std::move(script));
}

void ScriptedServer::always(Script script) {
  const std::lock_guard lock(mutex_);
  always_ = std::move(script);
}

std::vector<Taken> ScriptedServer::taken() const {
  const std::lock_guard lock(mutex_);
  return taken_;
}

std::size_t ScriptedServer::copies(const std::string& recipient) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::ranges::count_if(taken_, [&](const Taken& one) { return one.recipient == recipient; }));
}

std::vector<std::string> ScriptedServer::commands() const {
  const std::lock_guard lock(mutex_);
  return commands_;
}

void ScriptedServer::listen_loop() {
  while (!stopping_) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    ++connections_;
    const std::lock_guard lock(mutex_);
    Script script = always_;
    if (!scripts_.empty()) {
      script = std::move(scripts_.front());
      scripts_.pop_front();
    }
    // The descriptor stays open until the thread is joined, so that it names this connection only.
    talks_.emplace(socket, std::jthread([this, socket, script = std::move(script)] {
                     serve(socket, script);
                     ::shutdown(socket, SHUT_RDWR);
                   }));
  }
}

void ScriptedServer::serve(int socket, const Script& script) {
  Talk talk{.socket = socket, .buffer = ""};
  if (script.die_at == DieAt::connect || !talk.send(script.banner) ||
      script.die_at == DieAt::banner)
    return;
  std::string mail;
  std::vector<std::string> recipients;
  for (;;) {
    const std::string command = talk.line();
    if (command.empty()) return;
    {
      const std::lock_guard lock(mutex_);
      commands_.push_back(command);
    }
    const std::string verb = command.substr(0, 4);
    std::string reply = "250 2.0.0 Ok\r\n";
    if (verb == "EHLO" || verb == "LHLO" || verb == "HELO") {
      if (script.die_at == DieAt::hello) return;
      reply = script.hello;
    } else if (verb == "MAIL") {
      if (script.die_at == DieAt::mail) return;
      reply = mail.empty() ? script.mail : "503 5.5.1 Nested MAIL\r\n";
      if (reply.starts_with("250")) mail = command;
    } else if (verb == "RCPT") {
      if (script.die_at == DieAt::rcpt) return;
      reply = mail.empty() ? "503 5.5.1 MAIL first\r\n"
                           : reply_of(script.rcpt, between_brackets(command));
      if (reply.starts_with("250")) recipients.push_back(between_brackets(command));
    } else if (verb == "DATA") {
      if (script.die_at == DieAt::data) return;
      reply = recipients.empty() ? "503 5.5.1 RCPT first\r\n" : script.data;
      if (reply.starts_with("354")) {
        if (!talk.send(reply) || !serve_message(talk, script, mail, recipients)) return;
        mail.clear();
        recipients.clear();
        continue;
      }
    } else if (verb == "RSET") {
      mail.clear();
      recipients.clear();
    } else if (verb == "QUIT") {
      talk.send("221 2.0.0 Bye\r\n");
      return;
    } else {
      const auto known = std::ranges::find_if(
          script.others, [&](const auto& other) { return command.starts_with(other.first); });
      reply = known == script.others.end() ? "500 5.5.1 What?\r\n" : known->second;
    }
    if (!talk.send(reply)) return;
  }
}

/// False: the connection has ended.
bool ScriptedServer::serve_message(Talk& talk, const Script& script, const std::string& mail,
                                   const std::vector<std::string>& recipients) {
  if (script.die_at == DieAt::in_the_body) {
    while (talk.buffer.empty() && talk.receive()) {
    }
    return false;
  }
  std::string content;
  for (;;) {
    std::string line = talk.line();
    if (line.empty()) return false;
    if (line == ".\r\n") break;
    if (line.starts_with('.')) line.erase(0, 1);
    content += line;
  }
  if (script.die_at == DieAt::final_dot_lost) return false;
  const bool lmtp = hop_.kind == NextHop::Kind::lmtp;
  {
    const std::lock_guard lock(mutex_);
    for (const std::string& recipient : recipients) {
      if (!reply_of(script.end, lmtp ? recipient : "").starts_with("2")) continue;
      taken_.push_back({.mail = mail, .recipient = recipient, .content = content});
    }
  }
  if (script.before_end) script.before_end();
  if (script.die_at == DieAt::final_dot) return false;
  if (!lmtp) return talk.send(reply_of(script.end, ""));
  for (const std::string& recipient : recipients) {
    if (!talk.send(reply_of(script.end, recipient))) return false;
    if (script.die_at == DieAt::after_first_reply) return false;
  }
  return true;
}

}  // namespace postern::delivery
