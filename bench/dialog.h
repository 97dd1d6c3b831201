// What the load generator's clients say, and its command line.
#pragma once

#include <string>
#include <vector>

namespace loadgen {

struct Options {
  std::string host = "127.0.0.1";
  int port = 0;
  std::string mode;
  std::size_t connections = 20;
  std::size_t per_connection = 10;
  double seconds = 2;
  std::size_t count = 0;  ///< transactions after which it ends, if the time is not over; 0: any number
  std::string proxy;  ///< first three bytes of client addresses told by PROXY v1: `192.0.2.`
  std::string sender_domain = "sender%02d.test";
  std::string recipient = "ann@contoso.test";
  std::string corpus;  ///< file that lists messages to send instead of those made here
};

/// Ends the program: a benchmark that measures something else than it says is worse than none.
[[noreturn]] void fail(const std::string& what);

Options parse_options(int count, char** arguments);

/// What one client says in one transaction, a reply awaited after each; the last reply that
/// comes before `items_end` is the one that is counted.
struct Transaction {
  std::vector<std::string> sends;
  std::size_t items_end = 0;
};

/// One for each message of `--corpus`, else one for each sender domain of run.py's zone. A line of
/// a corpus is `reverse-path TAB file`, the file beside it a message with CRLF and no leading dots.
std::vector<Transaction> make_transactions(const Options& options);

}  // namespace loadgen
