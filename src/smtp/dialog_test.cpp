// Plays the dialogs of tests/dialogs/: SMTP talks as text, which a postmaster can read, write and
// send us. README.md there says how they are written. Each is played with what the client sends
// in whole pieces, cut in two at every place, and a byte at a time: the replies must be the same.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "base/log.h"
#include "net/run.h"
#include "smtp/dialog_script.h"

using namespace postern;
using namespace postern::smtp;

namespace {

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
