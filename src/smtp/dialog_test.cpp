// Plays the dialogs of tests/dialogs/: SMTP talks as text, which a postmaster can read, write and
// send us. README.md there says how they are written. Each is played with what the client sends
// in whole pieces, cut in two at every place, and a byte at a time: the replies must be the same.
#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <variant>

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

using net::StreamEnd;
using net::StringStream;

/// What the client sends before it listens.
struct FromClient {
  std::string bytes;
};
/// A reply line must start with `text`; three digits alone stand for a whole reply.
struct FromServer {
  std::string text;
  std::size_t line;
};
struct Handshake {
  std::size_t line;
};
using Step = std::variant<FromClient, FromServer, Handshake, StreamEnd>;

struct Dialog {
  SessionSettings settings{.hostname = "mx.postern.test", .limits = {}, .offer_tls = false};
  std::vector<std::function<void(StringStream&, ToyReceiver&)>> preparations;
  std::vector<Step> steps;
  /// The server must close by itself after the last step.
  bool server_closes = false;
  /// The client closes behind its last bytes, so what answers them is looked at only when all is
  /// over.
  bool client_has_closed = false;
  /// Played in whole pieces only.
  bool is_uncut = false;
  /// What the receiver must have been told, if the dialog says anything about that.
  std::vector<std::string> events;
};

/// `\r`, `\n`, `\\` and `\xHH` become what they stand for.
std::string unescape(std::string_view text) {
  std::string bytes;
  Cursor in(text);
  while (!in.at_end()) {
    if (in.take("\\r")) {
      bytes += '\r';
    } else if (in.take("\\n")) {
      bytes += '\n';
    } else if (in.take("\\\\")) {
      bytes += '\\';
    } else if (in.take("\\x")) {
      bytes += static_cast<char>(std::stoi(std::string(in.take_count(2)), nullptr, 16));
    } else {
      bytes += in.take_count(1);
    }
  }
  return bytes;
}

std::string escape(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    if (c == '\r')
      text += "\\r";
    else if (c == '\n')
      text += "\\n";
    else
      text += c;
  }
  return text;
}

/// `550 5.1.1 No such user`
Reply parse_reply(std::string_view text) {
  Reply reply;
  Cursor in(text);
  reply.code = std::stoi(std::string(in.take_count(3)));
  in.take(' ');
  Cursor enhanced = in;
  const std::string_view word = enhanced.take_while([](char c) { return is_digit(c) || c == '.'; });
  if (std::ranges::count(word, '.') == 2 && enhanced.take(' ')) {
    reply.enhanced = word;
    in = enhanced;
  }
  reply.text = in.rest();
  return reply;
}

/// `limit: max_recipients 2`
void set_limit(Limits& limits, std::string_view text) {
  Cursor in(text);
  const std::string_view name = in.take_while([](char c) { return c != ' '; });
  const std::uint64_t value = std::stoull(std::string(in.rest()));
  for (const LimitRow& row : smtp::limits()) {
    if (row.name != name) continue;
    if (const auto* count = std::get_if<Limits::Count Limits::*>(&row.member))
      limits.*(*count) = value;
    else
      limits.*std::get<Limits::Period Limits::*>(row.member) = std::chrono::seconds(value);
    return;
  }
  throw std::runtime_error("no limit has the name " + std::string(name));
}

/// `receiver: refuse rcpt <ann@example.com> 550 5.1.1 No such user` and the like.
void prepare_receiver(ToyReceiver& receiver, std::string_view text) {
  Cursor in(text);
  const auto address = [&] {
    in.take('<');
    std::string inside(in.take_until('>').value());
    in.take(' ');
    return inside;
  };
  if (in.take("refuse mail ")) {
    const std::string sender = address();
    receiver.refused_mail[sender] = parse_reply(in.rest());
  } else if (in.take("refuse rcpt ")) {
    const std::string recipient = address();
    receiver.refused_rcpt[recipient] = parse_reply(in.rest());
  } else if (in.take("refuse content ")) {
    receiver.refused_content = parse_reply(in.rest());
  } else if (in.take("says after the message ")) {
    receiver.final_reply = parse_reply(in.rest());
  } else if (in.take("offers size ")) {
    receiver.offers.max_message_size = std::stoull(std::string(in.rest()));
  } else if (in.take("offers binarymime")) {
    receiver.offers.binary_mime = true;
  } else if (in.take("offers dsn")) {
    receiver.offers.dsn = true;
  } else if (in.take("is broken")) {
    receiver.is_broken = true;
  } else {
    throw std::runtime_error("not understood: receiver: " + std::string(text));
  }
}

void prepare_client(StringStream& stream, std::string_view text) {
  if (text == "has closed") return stream.set_peer_has_closed(true);
  if (text == "is out of reach") return stream.set_drained(false);
  if (text == "breaks the handshake") return stream.break_tls("The client sent no TLS record.");
  throw std::runtime_error("not understood: client: " + std::string(text));
}

void add_client_bytes(Dialog& dialog, const std::string& bytes) {
  if (dialog.steps.empty() || !std::holds_alternative<FromClient>(dialog.steps.back()))
    dialog.steps.emplace_back(FromClient{});
  std::get<FromClient>(dialog.steps.back()).bytes += bytes;
}

void add_line(Dialog& dialog, const std::string& text, std::size_t number) {
  Cursor in(text);
  if (in.at_end() || in.take('#')) return;
  if (in.take("C: ")) return add_client_bytes(dialog, std::string(in.rest()) + "\r\n");
  if (in.take("C~ ")) return add_client_bytes(dialog, unescape(in.rest()));
  if (text == "C:") return add_client_bytes(dialog, "\r\n");
  if (in.take("S: "))
    return void(dialog.steps.emplace_back(FromServer{std::string(in.rest()), number}));
  if (in.take("R: ")) return dialog.events.push_back(unescape(in.rest()));
  if (text == "TLS") return void(dialog.steps.emplace_back(Handshake{number}));
  if (text == "TIMEOUT") return void(dialog.steps.emplace_back(StreamEnd::timed_out));
  if (text == "SHUTDOWN") return void(dialog.steps.emplace_back(StreamEnd::interrupted));
  if (text == "CLOSED") return void(dialog.server_closes = true);
  if (text == "uncut") return void(dialog.is_uncut = true);
  if (text == "tls: offered") return void(dialog.settings.offer_tls = true);
  if (in.take("limit: ")) return set_limit(dialog.settings.limits, in.rest());
  if (in.take("receiver: ")) {
    const std::string rest(in.rest());
    return void(dialog.preparations.emplace_back(
        [rest](StringStream&, ToyReceiver& receiver) { prepare_receiver(receiver, rest); }));
  }
  if (in.take("client: ")) {
    const std::string rest(in.rest());
    if (rest == "has closed") dialog.client_has_closed = true;
    return void(dialog.preparations.emplace_back(
        [rest](StringStream& stream, ToyReceiver&) { prepare_client(stream, rest); }));
  }
  throw std::runtime_error("not understood: " + text);
}

Dialog read_dialog(const std::filesystem::path& path) {
  Dialog dialog;
  std::ifstream file(path);
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    try {
      add_line(dialog, line, number);
    } catch (const std::exception& trouble) {
      throw std::runtime_error(path.string() + ":" + std::to_string(number) + ": " +
                               trouble.what());
    }
  }
  return dialog;
}

/// How the bytes of one turn of the client are delivered.
using Cut = std::function<void(StringStream&, std::string_view)>;

class Player {
 public:
  Player(const Dialog& dialog, const Cut& cut) : dialog_(dialog), receiver_(stream_) {
    SessionFacts facts;
    facts.id = "0123456789ABCDEF";
    facts.client = IpAddress::parse("192.0.2.1").value();
    stream_.offer_tls(net::TlsFacts{.version = "TLSv1.3"});
    for (const auto& prepare : dialog.preparations) prepare(stream_, receiver_);
    turns_left_ = std::ranges::count_if(
        dialog.steps, [](const Step& step) { return std::holds_alternative<FromClient>(step); });
    for (const Step& step : dialog.steps) feed(step, cut);
    stream_.feed_action([this] { expect_silence(); });
    net::run(run_session(stream_, receiver_, facts, dialog.settings));
    finish();
  }

  const std::vector<std::string>& complaints() const { return complaints_; }
  const std::string& output() const { return stream_.output(); }

 private:
  void feed(const Step& step, const Cut& cut) {
    if (const auto* client = std::get_if<FromClient>(&step)) {
      --turns_left_;
      stream_.feed_action([this] { expect_silence(); });
      cut(stream_, client->bytes);
    } else if (const auto* end = std::get_if<StreamEnd>(&step)) {
      stream_.feed_action([this] { expect_silence(); });
      stream_.feed_end(*end);
    } else {
      // Looked at when the session wants to read again, or when it has ended.
      awaited_.push_back(&step);
      const bool is_last_turn = turns_left_ == 0;
      if (!dialog_.client_has_closed || !is_last_turn)
        stream_.feed_action([this] { check_next(); });
    }
  }

  void check_next() {
    if (checked_ == awaited_.size()) return;
    const Step& step = *awaited_[checked_++];
    if (const auto* handshake = std::get_if<Handshake>(&step)) {
      if (!stream_.tls_started()) complain(handshake->line, "TLS has not started");
      return;
    }
    const auto& expected = std::get<FromServer>(step);
    unread_ += stream_.take_output();
    const bool is_whole_reply =
        expected.text.size() == 3 && std::ranges::all_of(expected.text, is_digit);
    for (;;) {
      const std::size_t end = unread_.find("\r\n");
      if (end == std::string::npos)
        return complain(expected.line, "expected " + expected.text + ", got nothing");
      const std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 2);
      if (!line.starts_with(expected.text))
        return complain(expected.line, "expected " + expected.text + ", got " + line);
      if (!is_whole_reply || line.substr(3, 1) != "-") return;
    }
  }

  void expect_silence() {
    unread_ += stream_.take_output();
    if (!unread_.empty()) complain(0, "the server said more than expected: " + unread_);
    unread_.clear();
  }

  void finish() {
    if (dialog_.server_closes || dialog_.client_has_closed) {
      while (checked_ < awaited_.size()) check_next();
      expect_silence();
      if (dialog_.server_closes && stream_.exhausted()) complain(0, "the server did not close");
    } else if (!stream_.exhausted()) {
      complain(0, "the server closed too early, after: " + stream_.output());
    }
    if (!stream_.closed()) complain(0, "the stream was left open");
    if (!dialog_.events.empty() && receiver_.events != dialog_.events)
      for (const std::string& event : receiver_.events) complain(0, "receiver: " + escape(event));
  }

  void complain(std::size_t line, const std::string& sentence) {
    complaints_.push_back("line " + std::to_string(line) + ": " + sentence);
  }

  const Dialog& dialog_;
  StringStream stream_;
  ToyReceiver receiver_;
  std::vector<const Step*> awaited_;
  std::size_t checked_ = 0;
  std::ptrdiff_t turns_left_ = 0;
  std::string unread_;
  std::vector<std::string> complaints_;
};

std::vector<std::filesystem::path> dialog_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(POSTERN_SOURCE_DIR "/tests/dialogs"))
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

std::size_t longest_turn(const Dialog& dialog) {
  std::size_t longest = 0;
  for (const Step& step : dialog.steps)
    if (const auto* client = std::get_if<FromClient>(&step))
      longest = std::max(longest, client->bytes.size());
  return longest;
}

}  // namespace

TEST_CASE("dialogs") {
  configure_log(LogLevel::error, LogFormat::logfmt);
  const auto files = dialog_files();
  CHECK(files.size() >= 40);
  for (const auto& path : files) {
    const Dialog dialog = read_dialog(path);
    bool is_right = true;
    const auto play = [&](const std::string& how, const Cut& cut) {
      const Player player(dialog, cut);
      is_right = player.complaints().empty();
      for (const std::string& complaint : player.complaints())
        FAIL_CHECK(path.filename().string() << ", " << how << ": " << complaint);
      return player.output();
    };
    const std::string output =
        play("whole", [](StringStream& stream, std::string_view bytes) { stream.feed(bytes); });
    if (dialog.is_uncut || !is_right) continue;

    CHECK(output == play("byte by byte", [](StringStream& stream, std::string_view bytes) {
            stream.feed_in_pieces(bytes, 1);
          }));
    for (std::size_t at = 1; at < longest_turn(dialog) && is_right; ++at)
      CHECK(output == play("cut at " + std::to_string(at),
                           [at](StringStream& stream, std::string_view bytes) {
                             stream.feed(bytes.substr(0, at));
                             stream.feed(bytes.substr(std::min(at, bytes.size())));
                           }));
  }
}
