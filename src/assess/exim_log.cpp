// Lines of Exim's main log:
//
//   2026-11-02 08:00:01 1tA7bc-000001-2x <= printer@contoso.com H=printer.contoso.test (printer)
//       [198.51.100.7] P=esmtps X=TLS1.3:… S=812 id=1@printer for ann@contoso.com
//   2026-11-02 08:00:02 1tA7bc-000001-2x => ann <ann@contoso.com> R=local T=lmtp
//   2026-11-02 08:00:02 1tA7bc-000001-2x Completed
//
// A= says that the client logged in, which vouches as a connector does. The subject (T=) stands in
// quotes, so that nothing in it is taken for a field.
#include <fmt/format.h>

#include "assess/mail_log.h"
#include "base/cursor.h"

namespace postern::assess {
namespace {

constexpr bool is_word(char c) {
  return c != ' ';
}

/// `2026-11-02 08:00:01`, perhaps with decimals, a zone and `[4711]` behind it.
std::optional<Time> take_time(Cursor& in) {
  const std::string_view date = in.take_while(is_word);
  if (date.size() != 10 || !in.take(' ')) return std::nullopt;
  const std::string_view clock = in.take_while(is_word);
  std::string text = fmt::format("{}T{}", date, clock);
  if (!in.take(' ')) return std::nullopt;
  if (in.peek() == '+' || in.peek() == '-') {
    const std::string_view zone = in.take_while(is_word);
    if (zone.size() != 5 || !in.take(' ')) return std::nullopt;
    text += fmt::format("{}:{}", zone.substr(0, 3), zone.substr(3));
  }
  if (in.take('[') && (!in.take_until(']') || !in.take(' '))) return std::nullopt;
  return parse_iso(text);
}

/// `1tA7bc-000001-2x`, since Exim 4.97 with longer parts.
bool is_message_id(std::string_view word) {
  std::size_t dashes = 0;
  for (const char c : word) {
    if (c == '-') {
      ++dashes;
    } else if (!is_alnum(c)) {
      return false;
    }
  }
  return dashes == 2 && word.size() >= 16 && word.size() <= 32;
}

/// One word, with the quotes of `T="…"` and their escapes as part of it.
std::string_view take_field(Cursor& in) {
  const std::string_view rest = in.rest();
  bool quoted = false;
  std::size_t end = 0;
  for (; end < rest.size() && (quoted || rest[end] != ' '); ++end) {
    if (rest[end] == '\\') {
      ++end;
    } else if (rest[end] == '"') {
      quoted = !quoted;
    }
  }
  return in.take_count(std::min(end, rest.size()));
}

/// Behind `H=`: `name (helo) [198.51.100.7]:4711`, with or without name and helo.
void take_host(Cursor& in, Observation& seen) {
  if (in.peek() != '(' && in.peek() != '[') {
    seen.client_name = in.take_while(is_word);
    in.take(' ');
  }
  if (in.take('(')) {
    if (const auto hello = in.take_until(')')) seen.hello = *hello;
    in.take(' ');
  }
  if (in.take('[')) {
    if (const auto address = in.take_until(']')) seen.client = IpAddress::parse(*address);
  }
  in.take_while(is_word);
}

void read_arrival(Cursor in, Observation& seen) {
  const std::string_view sender = take_field(in);
  seen.sender = sender == "<>" ? "" : sender;
  seen.has_reverse_path = true;
  seen.tells_client = seen.tells_attribution = true;
  while (in.take(' ')) {
    if (in.take("H=")) {
      take_host(in, seen);
      continue;
    }
    const std::string_view field = take_field(in);
    if (field.starts_with("A=")) seen.is_attributed = true;
    if (field.starts_with("X=")) seen.with_tls = true;
    if (field == "for") {
      while (in.take(' ')) add_recipient(seen, take_field(in));
    }
  }
  if (seen.client && seen.client->is_loopback()) seen.client.reset();
}

class EximLog final : public MailLogReader {
 public:
  explicit EximLog(Take take) : messages_(std::move(take)) {}

  bool read(std::string_view text) override {
    Cursor in(text);
    const auto time = take_time(in);
    if (!time) return false;
    const std::string_view id = in.take_while(is_word);
    if (!is_message_id(id) || !in.take(' ')) return true;
    if (in.take("<= ")) {
      Observation& seen = messages_.begin(id);
      seen.id = id;
      seen.time = time;
      read_arrival(in, seen);
    } else if (in.take("=> ") || in.take("-> ")) {
      if (Observation* seen = messages_.find(id)) add_delivery(*seen, in);
    } else if (in.rest() == "Completed") {
      messages_.end(id);
    }
    return true;
  }

  void finish() override { messages_.end_all(); }

 private:
  /// `ann@contoso.com R=…`, `ann <ann@contoso.com> R=…`: the address before aliases, which `for`
  /// has named already if the log has it (log_selector = +received_recipients).
  static void add_delivery(Observation& seen, Cursor in) {
    std::string_view address = take_field(in);
    if (in.take(" <")) {
      if (const auto original = in.take_until('>')) address = *original;
    }
    if (address.contains('@')) add_recipient(seen, address);
  }

  MessagesUnderWay messages_;
};

}  // namespace

std::unique_ptr<MailLogReader> read_exim_log(MailLogReader::Take take) {
  return std::make_unique<EximLog>(std::move(take));
}

}  // namespace postern::assess
