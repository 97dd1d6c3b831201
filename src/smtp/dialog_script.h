// Reads the dialogs of tests/dialogs/; README.md there says how they are written. Only for
// dialog_test.cpp, which plays them.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ascii.h"
#include "base/cursor.h"
#include "net/string_stream.h"
#include "smtp/session.h"
#include "smtp/toy_receiver.h"

namespace postern::smtp {

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
inline std::string unescape(std::string_view text) {
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

/// `550 5.1.1 No such user`
inline Reply parse_reply(std::string_view text) {
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
inline void set_limit(Limits& limits, std::string_view text) {
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
inline void prepare_receiver(ToyReceiver& receiver, std::string_view text) {
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

inline void prepare_client(StringStream& stream, std::string_view text) {
  if (text == "has closed") return stream.set_peer_has_closed(true);
  if (text == "is out of reach") return stream.set_drained(false);
  if (text == "breaks the handshake") return stream.break_tls("The client sent no TLS record.");
  throw std::runtime_error("not understood: client: " + std::string(text));
}

inline void add_client_bytes(Dialog& dialog, const std::string& bytes) {
  if (dialog.steps.empty() || !std::holds_alternative<FromClient>(dialog.steps.back()))
    dialog.steps.emplace_back(FromClient{});
  std::get<FromClient>(dialog.steps.back()).bytes += bytes;
}

inline void add_line(Dialog& dialog, const std::string& text, std::size_t number) {
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

inline Dialog read_dialog(const std::filesystem::path& path) {
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

}  // namespace postern::smtp
