// Lines of Postfix's log:
//
//   Nov  2 08:00:01 mx postfix/smtpd[71]: 4RzX: client=printer.contoso.test[198.51.100.7]
//   Nov  2 08:00:01 mx postfix/qmgr[5]: 4RzX: from=<printer@contoso.com>, size=1, nrcpt=1 (…)
//   Nov  2 08:00:01 mx postfix/lmtp[9]: 4RzX: to=<ann@contoso.com>, relay=…, status=sent (…)
//   Nov  2 08:00:01 mx postfix/qmgr[5]: 4RzX: removed
//
// Mail that comes from loopback is what a content filter gives back: it has been seen before. A
// login (sasl_username) vouches as a connector does.
#include <fmt/format.h>

#include <algorithm>

#include "assess/mail_log.h"
#include "assess/record_time.h"
#include "base/cursor.h"

namespace postern::assess {
namespace {

/// Processes whose connection is known to be under TLS.
constexpr std::size_t max_processes = 10'000;

struct Line {
  Time time;
  std::string_view daemon;   ///< `smtpd`
  std::string_view process;  ///< `71`
  std::string_view text;
};

std::optional<Time> take_time(Cursor& in, Time reference) {
  std::string_view rest = in.rest();
  if (const auto time = take_log_time(rest, reference)) {
    in = Cursor(rest);
    return time;
  }
  return parse_record_time(in.take_while([](char c) { return c != ' '; }));
}

std::optional<Line> parse_line(std::string_view text, Time reference) {
  const auto is_word = [](char c) { return c != ' '; };
  Cursor in(text);
  const auto time = take_time(in, reference);
  if (!time || !in.take(' ') || in.take_while(is_word).empty() || !in.take(' '))
    return std::nullopt;
  const std::string_view program =
      in.take_while([](char c) { return c != '[' && c != ' ' && c != ':'; });
  if (!program.starts_with("postfix") || !in.take('[')) return std::nullopt;
  const auto process = in.take_until(']');
  if (!process || !in.take(": ")) return std::nullopt;
  return Line{*time, program.substr(program.rfind('/') + 1), *process, in.rest()};
}

struct Peer {
  std::string_view name;
  std::optional<IpAddress> address;
};

/// `printer.contoso.test[198.51.100.7]`, `unknown[IPv6:…]` never.
Peer take_peer(Cursor& in) {
  Peer peer;
  peer.name = in.take_while([](char c) { return c != '[' && c != ',' && c != ' '; });
  if (peer.name == "unknown") peer.name = {};
  if (in.take('[')) {
    if (const auto address = in.take_until(']')) peer.address = IpAddress::parse(*address);
  }
  return peer;
}

/// Behind `to=<`: up to the closing bracket; a quoted local part may hold one.
std::string_view take_path(Cursor& in) {
  const std::string_view rest = in.rest();
  bool quoted = false;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '\\') {
      ++i;
    } else if (rest[i] == '"') {
      quoted = !quoted;
    } else if (rest[i] == '>' && !quoted) {
      in.take_count(i + 1);
      return rest.substr(0, i);
    }
  }
  return {};
}

class PostfixLog final : public MailLogReader {
 public:
  PostfixLog(Take take, Time reference) : messages_(std::move(take)), reference_(reference) {}

  bool read(std::string_view text) override {
    const auto line = parse_line(text, reference_);
    if (!line) return false;
    if (line->daemon == "smtpd" && note_connection(*line)) return true;
    Cursor in(line->text);
    const std::string_view queue_id = in.take_while(is_alnum);
    if (queue_id.empty() || !in.take(": ")) return true;
    if (line->daemon == "smtpd") {
      if (in.take("client=")) begin(*line, queue_id, in);
    } else if (Observation* seen = messages_.find(queue_id)) {
      add(*seen, queue_id, in);
    }
    return true;
  }

  void finish() override { messages_.end_all(); }

 private:
  /// True: the line is about a connection, not about a message.
  bool note_connection(const Line& line) {
    const std::string process(line.process);
    if (line.text.starts_with("connect from ") || line.text.starts_with("disconnect from ")) {
      with_tls_.erase(process);
      return true;
    }
    if (!line.text.contains("TLS connection established from ")) return false;
    if (with_tls_.size() < max_processes) with_tls_[process] = true;
    return true;
  }

  void begin(const Line& line, std::string_view queue_id, Cursor in) {
    const Peer peer = take_peer(in);
    Observation& seen = messages_.begin(queue_id);
    seen.id = fmt::format("{} {}", queue_id, format_iso(line.time));
    seen.time = line.time;
    seen.tells_client = true;
    if (peer.address && !peer.address->is_loopback()) {
      seen.client = peer.address;
      seen.client_name = peer.name;
    }
    seen.tells_attribution = true;
    seen.is_attributed = in.rest().contains("sasl_username=");
    seen.with_tls = with_tls_.contains(std::string(line.process));
  }

  void add(Observation& seen, std::string_view queue_id, Cursor in) {
    if (in.take("from=<")) {
      seen.sender = take_path(in);
      seen.has_reverse_path = true;
    } else if (in.take("to=<")) {
      std::string_view recipient = take_path(in);
      // Before aliases: what RCPT said.
      if (in.take(", orig_to=<")) recipient = take_path(in);
      add_recipient(seen, recipient);
    } else if (in.rest() == "removed") {
      messages_.end(queue_id);
    }
  }

  MessagesUnderWay messages_;
  const Time reference_;
  std::unordered_map<std::string, bool> with_tls_;
};

}  // namespace

std::unique_ptr<MailLogReader> read_postfix_log(MailLogReader::Take take, Time reference) {
  return std::make_unique<PostfixLog>(std::move(take), reference);
}

}  // namespace postern::assess
