// A next hop for tests: an LMTP or SMTP server on a loopback port, in a thread of its own, that
// does what a script says, dies where it is told to, and remembers what it has taken.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "delivery/next_hop.h"

namespace postern::delivery {

/// Where a connection ends without a word.
enum class DieAt {
  nowhere,
  connect,
  banner,  ///< after it was sent
  hello,   ///< instead of a reply, as all that follow
  mail,
  rcpt,
  data,
  in_the_body,        ///< once a part of it has come
  final_dot,          ///< the message was taken, and no reply is sent
  after_first_reply,  ///< LMTP: the message was taken, one reply was sent
  final_dot_lost      ///< the message was not taken, and no reply is sent
};

/// How one connection goes.
struct Script {
  DieAt die_at = DieAt::nowhere;
  std::string banner = "220 hop ready\r\n";
  std::string hello = "250-hop\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE\r\n";
  std::string mail = "250 2.1.0 Ok\r\n";
  std::string data = "354 go on\r\n";
  /// Reply to RCPT by forward-path; 250 where there is none.
  std::map<std::string, std::string> rcpt;
  /// Reply after the final dot by forward-path (LMTP) or "" (SMTP); 250 where there is none.
  std::map<std::string, std::string> end;
  /// Replies to other commands by their beginning; 500 where there is none.
  std::map<std::string, std::string> others;
  /// Waits before the reply to the final dot.
  std::function<void()> before_end;
};

struct Taken {
  std::string mail;       ///< the whole command
  std::string recipient;  ///< one record for each
  std::string content;    ///< dots unstuffed
};

class ScriptedServer {
 public:
  explicit ScriptedServer(NextHop::Kind kind);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  NextHop hop() const { return hop_; }
  /// The next connection that has no script yet goes like this; connections beyond the queue
  /// follow the script of `always`.
  void next(Script script);
  void always(Script script);

  std::vector<Taken> taken() const;
  /// How many copies of the message this recipient has.
  std::size_t copies(const std::string& recipient) const;
  std::size_t connections() const { return connections_; }
  /// Commands in the order they came, over all connections.
  std::vector<std::string> commands() const;
  /// Closes the connections that are open, as a server does that is restarted.
  void drop_connections();
  /// Refuses connections from now on.
  void stop_listening();

 private:
  struct Talk;
  void listen_loop();
  void serve(int socket, const Script& script);
  bool serve_message(Talk& talk, const Script& script, const std::string& mail,
                     const std::vector<std::string>& recipients);

  NextHop hop_;
  int listener_ = -1;
  mutable std::mutex mutex_;
  std::deque<Script> scripts_;
  Script always_;
  std::vector<Taken> taken_;
  std::vector<std::string> commands_;
  std::map<int, std::jthread> talks_;
  std::atomic<std::size_t> connections_{0};
  std::atomic<bool> stopping_{false};
  std::jthread thread_;
};

}  // namespace postern::delivery
