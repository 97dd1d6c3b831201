// Whatever a client sends, and however it is cut: the session ends, its output is a row of
// well-formed replies, never more than one a command, and no command goes without one.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <string>

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/log.h"
#include "net/run.h"
#include "net/string_stream.h"
#include "smtp/session.h"
#include "smtp/toy_receiver.h"

using namespace postern;
using namespace postern::smtp;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  std::string output;
  std::vector<std::string> events;
};

Outcome converse(std::string_view input, std::size_t piece) {
  SessionSettings settings{.hostname = "mx.postern.test", .limits = {}, .offer_tls = false};
  settings.limits.max_text_line = 100;
  settings.limits.max_message_size = 1000;
  settings.limits.max_errors = 100;
  net::StringStream stream;
  stream.feed_in_pieces(input, piece);
  ToyReceiver receiver(stream);
  receiver.offers = Offers{.max_message_size = 0, .binary_mime = true, .dsn = true};
  receiver.refused_rcpt["nobody@contoso.test"] = Reply{550, "5.1.1", "Unknown"};
  receiver.refused_mail["nobody@client.test"] = Reply{550, "5.7.1", "Not you"};
  SessionFacts facts;
  facts.id = "0123456789ABCDEF";
  net::run(run_session(stream, receiver, std::move(facts), settings));
  require(stream.closed());
  return {stream.output(), receiver.events};
}

/// How many replies; aborts if one is malformed (RFC 5321 section 4.2, Greeting and Reply-line).
std::size_t count_replies(std::string_view output) {
  std::size_t replies = 0;
  Cursor in(output);
  while (!in.at_end()) {
    const std::string_view line = in.take_until('\n').value();
    require(line.size() > 4 && line.ends_with('\r'));
    require(line[0] >= '2' && line[0] <= '5' && is_digit(line[1]) && is_digit(line[2]));
    require(line[3] == ' ' || line[3] == '-');
    require(std::ranges::none_of(line.substr(0, line.size() - 1),
                                 [](char c) { return is_ascii(c) && c < ' '; }));
    if (line[3] == ' ') ++replies;
  }
  return replies;
}

bool has_closed(std::string_view output) {
  const std::size_t last = output.rfind("\r\n", output.size() - 3);
  const std::string_view line = output.substr(last == std::string_view::npos ? 0 : last + 2);
  return line.starts_with("221") || line.starts_with("421") ||
         line.starts_with("554 5.5.1 This is an SMTP server");
}

void play(std::string_view input, std::size_t piece) {
  const Outcome whole = converse(input, input.size() + 1);
  const Outcome cut = converse(input, piece);
  require(whole.output == cut.output && whole.events == cut.events);

  // Every reply but the banner and a last 421 answers something that an LF has ended.
  const std::size_t lines = static_cast<std::size_t>(std::ranges::count(input, '\n'));
  const std::size_t replies = count_replies(whole.output);
  require(replies >= 1 && replies <= lines + 2);
  const std::string lower = to_lower(input);
  if (!lower.contains("data") && !lower.contains("bdat") && !has_closed(whole.output))
    require(replies == lines + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static std::once_flag quiet;
  std::call_once(quiet, [] { configure_log(LogLevel::error, LogFormat::logfmt); });
  if (size == 0) return 0;
  const std::string_view input(static_cast<const char*>(static_cast<const void*>(data + 1)),
                               size - 1);
  const std::size_t piece = data[0] % 32u + 1;
  play(input, piece);

  // Once more with every LF made CR LF, which is rare in random bytes.
  std::string lines;
  for (const char c : input) {
    if (c == '\n' && !lines.ends_with('\r')) lines += '\r';
    lines += c;
  }
  play(lines, piece);
  return 0;
}
