#include "dialog.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace loadgen {
namespace {

constexpr int sender_domains = 24;  // As many as the zone of run.py has.

std::string body_of(std::size_t size) {
  std::string body;
  while (body.size() < size)
    body += "The quarterly figures are attached, please look at them before Monday.\r\n";
  return body;
}

Transaction make_transaction(const Options& options, const std::string& reverse_path,
                             const std::string& message) {
  Transaction transaction;
  transaction.sends = {"MAIL FROM:<" + reverse_path + ">\r\n",
                       "RCPT TO:<" + options.recipient + ">\r\n"};
  if (options.mode == "reject") {
    transaction.items_end = 2;
    transaction.sends.push_back("RSET\r\n");
  } else {
    transaction.items_end = 4;
    transaction.sends.push_back("DATA\r\n");
    transaction.sends.push_back(message + ".\r\n");
  }
  return transaction;
}

std::vector<Transaction> read_corpus(const Options& options) {
  std::vector<Transaction> all;
  const std::filesystem::path list = options.corpus;
  std::ifstream lines(list);
  std::string reverse_path, name;
  while (std::getline(lines, reverse_path, '\t') && std::getline(lines, name)) {
    std::ifstream file(list.parent_path() / name, std::ios::binary);
    const std::string message{std::istreambuf_iterator<char>(file), {}};
    if (!message.ends_with("\r\n") || message.contains("\n.")) fail("cannot send " + name);
    all.push_back(make_transaction(options, reverse_path, message));
  }
  if (all.empty()) fail("no messages in " + options.corpus);
  return all;
}

}  // namespace

void fail(const std::string& what) {
  std::fprintf(stderr, "loadgen: %s\n", what.c_str());
  std::exit(2);
}

std::vector<Transaction> make_transactions(const Options& options) {
  if (!options.corpus.empty()) return read_corpus(options);
  std::vector<Transaction> all;
  for (int n = 0; n < sender_domains; ++n) {
    char domain[64];
    std::snprintf(domain, sizeof domain, options.sender_domain.c_str(),
                  n);  // NOLINT: the format is our own option
    const std::string sender = "person" + std::to_string(n) + "@" + domain;
    all.push_back(make_transaction(
        options, sender,
        "Received: from app.example (app.example [10.1.2.7]) by out.example (Postfix) id "
        "4DEADBEEF;\r\n"
        "\tSun, 22 Nov 2026 09:00:00 +0000\r\nDate: Sun, 22 Nov 2026 09:00:00 +0000\r\nFrom: "
        "Person <" +
            sender + ">\r\nTo: <" + options.recipient + ">\r\nSubject: Figures\r\nMessage-ID: <" +
            std::to_string(n) + "@" + domain +
            ">\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" +
            body_of(1600)));
  }
  return all;
}

Options parse_options(int count, char** arguments) {
  Options options;
  for (int n = 1; n + 1 < count; n += 2) {
    const std::string name = arguments[n], value = arguments[n + 1];
    if (name == "--host")
      options.host = value;
    else if (name == "--port")
      options.port = std::stoi(value);
    else if (name == "--mode")
      options.mode = value;
    else if (name == "--connections")
      options.connections = std::stoul(value);
    else if (name == "--per-connection")
      options.per_connection = std::stoul(value);
    else if (name == "--seconds")
      options.seconds = std::stod(value);
    else if (name == "--count")
      options.count = std::stoul(value);
    else if (name == "--proxy")
      options.proxy = value;
    else if (name == "--sender-domain")
      options.sender_domain = value;
    else if (name == "--recipient")
      options.recipient = value;
    else if (name == "--corpus")
      options.corpus = value;
    else
      fail("unknown option " + name);
  }
  if (count % 2 == 0) fail("every option has a value");
  if (options.port == 0) fail("--port is missing");
  if (options.mode != "reject" && options.mode != "deliver" && options.mode != "idle")
    fail("--mode is reject, deliver or idle");
  return options;
}

}  // namespace loadgen
