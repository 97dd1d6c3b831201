#include "delivery/smtp_client.h"

#include <algorithm>
#include <cassert>
#include <charconv>

#include "base/ascii.h"
#include "delivery/line_endings.h"

namespace postern::delivery {
namespace {

/// Commands of one write. Servers that answer while we still write must not fill both directions
/// of the connection (RFC 2920 section 3.1).
constexpr std::size_t max_pipelined = 100;
/// Content is written in pieces of about this size, at least the whole of a small message.
constexpr std::size_t write_size = 256 * 1024;

std::string address_of_peer(const net::Stream& stream) {
  const auto address = stream.peer_address();
  return address ? address->to_string() : "";
}

std::string with_crlf(std::string command) {
  assert(command.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  return command + "\r\n";
}

/// What is written next: about `write_size` octets, the end of the message with its final dot.
struct Piece {
  std::string bytes;
  bool is_last = false;
  bool spoiled = false;
  bool unreadable = false;
};

Piece next_piece(EditedReader& reader, DotStuffer& stuffer) {
  Piece result;
  std::string buffer;
  while (result.bytes.size() < write_size) {
    const auto piece = reader.next(buffer);
    if (!piece) {
      result.unreadable = true;
      return result;
    }
    if (piece->empty()) {
      result.is_last = true;
      result.spoiled = !stuffer.finish(result.bytes);
      return result;
    }
    // A dot doubled here and there, and the last line.
    constexpr std::size_t usual_growth = 64;
    result.bytes.reserve(result.bytes.size() + piece->size() + usual_growth);
    stuffer.append(*piece, result.bytes);
  }
  result.spoiled = stuffer.is_spoiled();
  return result;
}

}  // namespace

namespace {

std::vector<std::string> words_after(std::string_view line) {
  std::vector<std::string> words;
  while (true) {
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) return words;
    line.remove_prefix(blank + 1);
    std::string word(line.substr(0, line.find(' ')));
    for (char& c : word) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    if (!word.empty()) words.push_back(std::move(word));
  }
}

/// RFC 1870 section 4: a number, or 0 or nothing where no limit is told.
std::optional<std::uint64_t> size_limit(std::string_view text) {
  text = trim(text);
  std::uint64_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc() || end != text.data() + text.size() || limit == 0) return std::nullopt;
  return limit;
}

}  // namespace

Capabilities parse_capabilities(const ServerReply& reply) {
  Capabilities offered;
  // The first line is the server's name.
  for (std::size_t i = 1; i < reply.lines.size(); ++i) {
    const std::string_view line = reply.lines[i];
    const std::string_view keyword = line.substr(0, line.find(' '));
    if (iequals(keyword, "PIPELINING")) offered.pipelining = true;
    if (iequals(keyword, "8BITMIME")) offered.eight_bit_mime = true;
    if (iequals(keyword, "SMTPUTF8")) offered.smtp_utf8 = true;
    if (iequals(keyword, "SIZE")) {
      offered.size = true;
      offered.size_limit = size_limit(line.substr(keyword.size()));
    }
    if (iequals(keyword, "DSN")) offered.dsn = true;
    if (iequals(keyword, "REQUIRETLS")) offered.require_tls = true;
    if (iequals(keyword, "STARTTLS")) offered.start_tls = true;
    if (iequals(keyword, "XCLIENT")) offered.xclient = words_after(line);
  }
  return offered;
}

std::string mail_command(const Envelope& envelope, std::optional<std::uint64_t> size,
                         const Capabilities& offered) {
  std::string command = "MAIL FROM:<" + envelope.reverse_path.text + ">";
  if (size && offered.size) command += " SIZE=" + std::to_string(*size);
  if (envelope.eight_bit_mime && offered.eight_bit_mime) command += " BODY=8BITMIME";
  if (envelope.smtp_utf8 && offered.smtp_utf8) command += " SMTPUTF8";
  if (envelope.require_tls && offered.require_tls) command += " REQUIRETLS";
  if (offered.dsn) {
    if (!envelope.ret.empty()) command += " RET=" + envelope.ret;
    if (!envelope.envelope_id.empty()) command += " ENVID=" + envelope.envelope_id;
  }
  return command;
}

std::string rcpt_command(const HopRecipient& recipient, const Capabilities& offered) {
  std::string command = "RCPT TO:<" + recipient.forward_path + ">";
  if (!offered.dsn) return command;
  if (!recipient.notify.empty()) command += " NOTIFY=" + recipient.notify;
  if (!recipient.original_recipient.empty()) command += " ORCPT=" + recipient.original_recipient;
  return command;
}

bool SmtpClient::Begun::has_recipient() const {
  return mail.is_success() && std::ranges::any_of(recipients, &mail::Reply::is_success);
}

void SmtpClient::set_deadline(Deadline deadline) {
  const auto left = deadline - std::chrono::steady_clock::now();
  stream_->set_deadline(std::max(left, std::chrono::steady_clock::duration::zero()));
}

HopTrouble SmtpClient::broken(std::string what) {
  broken_ = true;
  return {.what = std::move(what), .heard = false};
}

HopTrouble SmtpClient::ended() {
  switch (stream_->end()) {
    case net::StreamEnd::open:
    case net::StreamEnd::failed:
      return broken("broke the connection");
    case net::StreamEnd::closed:
      return broken("closed the connection");
    case net::StreamEnd::timed_out:
      return broken("did not answer in time");
    case net::StreamEnd::interrupted: {
      HopTrouble trouble = broken("was given up, as this server is going down");
      trouble.is_ours = true;
      return trouble;
    }
  }
  std::abort();
}

/// Afterwards parser_.reply() is the next reply.
awaitable<std::optional<HopTrouble>> SmtpClient::read_reply() {
  std::string earlier = std::exchange(pending_, {});
  std::string_view bytes = earlier;
  for (;;) {
    const ReplyParser::Status status = parser_.feed(bytes);
    if (status == ReplyParser::Status::malformed)
      co_return broken("sent something that is no SMTP reply");
    if (status == ReplyParser::Status::complete) break;
    bytes = co_await stream_->read();
    if (bytes.empty()) co_return ended();
  }
  pending_ = bytes;
  // RFC 5321 section 3.8: 421 may be said at any time, and the server closes after it.
  if (parser_.reply().code == 421) co_return broken("said " + parser_.reply().to_reply().to_line());
  co_return std::nullopt;
}

/// Writes the commands and reads a reply for each.
awaitable<HopResult<std::vector<mail::Reply>>> SmtpClient::exchange(
    std::vector<std::string> commands, Deadline deadline) {
  set_deadline(deadline);
  std::vector<mail::Reply> replies;
  const std::size_t at_once = capabilities_.pipelining ? max_pipelined : 1;
  while (replies.size() < commands.size()) {
    const std::size_t end = std::min(replies.size() + at_once, commands.size());
    std::string lines;
    for (std::size_t i = replies.size(); i < end; ++i) lines += commands[i];
    bool written = co_await stream_->write(lines);
    std::optional<HopTrouble> trouble;
    if (!written) trouble = ended();
    while (!trouble && replies.size() < end) {
      trouble = co_await read_reply();
      if (!trouble) replies.push_back(parser_.reply().to_reply());
    }
    if (trouble) {
      trouble->heard = !replies.empty();
      co_return std::unexpected(*trouble);
    }
  }
  co_return replies;
}

awaitable<HopResult<mail::Reply>> SmtpClient::command(std::string line, Deadline deadline) {
  std::vector<std::string> commands{with_crlf(std::move(line))};
  auto replies = co_await exchange(std::move(commands), deadline);
  if (!replies) co_return std::unexpected(replies.error());
  co_return std::move(replies->front());
}

SmtpClient::SmtpClient(std::unique_ptr<net::Stream> stream, Dialect dialect)
    : stream_(std::move(stream)), dialect_(dialect), address_(address_of_peer(*stream_)) {}

awaitable<std::optional<HopTrouble>> SmtpClient::greet(std::string own_name, Deadline deadline) {
  set_deadline(deadline);
  if (auto trouble = co_await read_reply()) co_return trouble;
  if (parser_.reply().code != 220)
    co_return broken("greeted with " + parser_.reply().to_reply().to_line());
  co_return co_await hello(std::move(own_name), deadline);
}

awaitable<std::optional<HopTrouble>> SmtpClient::hello(std::string own_name, Deadline deadline) {
  const std::string_view verb = dialect_ == Dialect::lmtp ? "LHLO " : "EHLO ";
  auto reply = co_await command(std::string(verb) + own_name, deadline);
  if (!reply) co_return reply.error();
  if (reply->is_success()) {
    capabilities_ = parse_capabilities(parser_.reply());
    co_return std::nullopt;
  }
  // RFC 5321 section 3.2: an older server says that it does not know the command.
  if (dialect_ == Dialect::smtp && reply->is_permanent()) {
    reply = co_await command("HELO " + own_name, deadline);
    if (!reply) co_return reply.error();
  }
  if (!reply->is_success()) co_return broken("answered our greeting with " + reply->to_line());
  co_return std::nullopt;
}

awaitable<std::optional<HopTrouble>> SmtpClient::start_tls(std::string own_name,
                                                           Deadline deadline) {
  auto reply = co_await command("STARTTLS", deadline);
  if (!reply) co_return reply.error();
  if (reply->code != 220) {
    co_return HopTrouble{.what = "answered STARTTLS with " + reply->to_line(), .heard = true};
  }
  // What comes before the handshake was said by nobody we could know, and would be taken for an
  // answer to what we say under TLS.
  if (!pending_.empty()) co_return broken("sent something ahead of the TLS handshake");
  set_deadline(deadline);
  auto facts = co_await stream_->start_tls();
  if (!facts) {
    std::string why = facts.error().message;
    if (why.ends_with('.')) why.pop_back();  // The sentence goes on, or ends elsewhere.
    co_return broken("cannot be spoken to under TLS: " + why);
  }
  tls_version_ = facts->version;
  // RFC 3207 section 4.2: what was offered before counts no more.
  capabilities_ = {};
  co_return co_await hello(std::move(own_name), deadline);
}

awaitable<std::optional<HopTrouble>> SmtpClient::introduce(const Introduction& introduction,
                                                           std::string own_name,
                                                           Deadline deadline) {
  if (!capabilities_.xclient) {
    co_return HopTrouble{.what = "does not offer XCLIENT, which xclient=yes asks for",
                         .heard = true};
  }
  auto commands = xclient_commands(introduction, *capabilities_.xclient);
  for (std::string& line : commands) {
    auto reply = co_await command(std::move(line), deadline);
    if (!reply) co_return reply.error();
    if (!reply->is_success()) co_return broken("answered XCLIENT with " + reply->to_line());
  }
  // The hop takes the session for a new one, and for the client's.
  transaction_is_open_ = false;
  co_return co_await hello(hello_name(introduction, own_name), deadline);
}

awaitable<HopResult<SmtpClient::Begun>> SmtpClient::begin(std::string mail_command,
                                                          std::vector<std::string> rcpt_commands,
                                                          Then then, Deadline deadline) {
  std::vector<std::string> commands;
  const bool reset = std::exchange(transaction_is_open_, true);
  if (reset) commands.emplace_back("RSET\r\n");
  commands.push_back(with_crlf(std::move(mail_command)));
  const std::size_t recipients = rcpt_commands.size();
  for (std::string& command : rcpt_commands) commands.push_back(with_crlf(std::move(command)));
  if (then == Then::data) commands.emplace_back("DATA\r\n");

  auto replies = co_await exchange(std::move(commands), deadline);
  if (!replies) co_return std::unexpected(replies.error());
  Begun begun;
  auto next = replies->begin() + (reset ? 1 : 0);
  begun.mail = std::move(*next++);
  for (std::size_t i = 0; i < recipients; ++i) begun.recipients.push_back(std::move(*next++));
  if (then == Then::data) begun.data = std::move(*next);
  accepted_ =
      static_cast<std::size_t>(std::ranges::count_if(begun.recipients, &mail::Reply::is_success));
  // RFC 2920 section 3.1: a server may say 354 although it has no recipient. What would follow
  // is undefined for LMTP, so the connection ends here.
  if (begun.data.code == 354 && !begun.has_recipient()) broken("wanted content for nobody");
  co_return begun;
}

awaitable<HopResult<mail::Reply>> SmtpClient::add_recipient(std::string rcpt_command,
                                                            Deadline deadline) {
  auto reply = co_await command(std::move(rcpt_command), deadline);
  if (reply && reply->is_success()) ++accepted_;
  co_return reply;
}

awaitable<HopResult<mail::Reply>> SmtpClient::data(Deadline deadline) {
  return command("DATA", deadline);
}

awaitable<SmtpClient::Sent> SmtpClient::send_content(
    const Content& content, const Edit& edit, net::BlockingPool& pool, Deadline deadline,
    std::chrono::steady_clock::duration limit_after) {
  Sent sent;
  EditedReader reader(content, edit);
  DotStuffer stuffer;
  set_deadline(deadline);
  for (bool is_last = false; !is_last;) {
    std::optional<Piece> piece;
    if (content.is_in_memory()) {
      piece = next_piece(reader, stuffer);
    } else {
      auto read = [&reader, &stuffer] { return next_piece(reader, stuffer); };
      piece = co_await pool.run(std::move(read));
    }
    if (!piece || piece->unreadable || piece->spoiled) {
      // Closing without the final dot is the one way to leave a message that has begun.
      sent.spoiled = piece && piece->spoiled;
      sent.trouble = broken("was not sent the whole message: it cannot be read from the spool");
      sent.trouble->is_ours = true;
      co_return sent;
    }
    is_last = piece->is_last;
    const bool written = co_await stream_->write(piece->bytes);
    if (!written) {
      sent.trouble = ended();
      co_return sent;
    }
  }

  stream_->set_deadline(limit_after);
  const std::size_t wanted = dialect_ == Dialect::lmtp ? accepted_ : 1;
  while (sent.replies.size() < wanted) {
    sent.trouble = co_await read_reply();
    if (sent.trouble) co_return sent;
    sent.replies.push_back(parser_.reply().to_reply());
    if (sent.replies.back().code / 100 == 3) {
      sent.replies.pop_back();
      sent.trouble = broken("answered the message with " + parser_.reply().to_reply().to_line());
      co_return sent;
    }
  }
  transaction_is_open_ = false;
  accepted_ = 0;
  co_return sent;
}

awaitable<void> SmtpClient::quit() {
  constexpr auto patience = std::chrono::seconds(5);
  stream_->set_deadline(patience);
  if (!broken_) co_await stream_->write("QUIT\r\n");
  co_await stream_->close();
}

}  // namespace postern::delivery
