// What an SMTP session remembers between two commands, and its steps.
//
// A session moves between these states, and only like this:
//
//   greeting -> ready       EHLO or HELO                          [on_hello]
//   ready    -> mail        MAIL that the receiver accepts        [on_mail]
//   mail     -> rcpt        the first RCPT that it accepts        [on_rcpt]
//   rcpt     -> ready       DATA, when the final dot was answered [on_data]
//   rcpt     -> chunks      BDAT without LAST                     [on_bdat]
//   rcpt, chunks -> ready   BDAT LAST                             [on_bdat]
//   mail, rcpt, chunks -> ready   RSET, EHLO, HELO                [end_transaction]
//   all      -> greeting    STARTTLS                              [on_starttls]
//   all      -> closing     QUIT; a limit; the stream has ended   [hang_up, on_stream_end]
//
// What holds in each state:
//   greeting  facts_.hello is empty.
//   ready     transaction_ is null.
//   mail      transaction_ is set; recipients_ is 0.
//   rcpt      transaction_ is set; recipients_ is not 0.
//   chunks    chunks_ is set. Either transaction_ is set too and takes content, or
//             chunks_->refusal says why it does not any more.
//   closing   No command is obeyed any more; what was said is sent and the stream is closed.
//
// Every command is answered once, by say() or by what calls it; replies are collected and sent
// when no whole command is left to obey (RFC 2920 section 3.2). A session that waits holds no
// buffer: what read() returns is a view, and only an unfinished line is kept.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "smtp/command.h"
#include "smtp/command_buffer.h"
#include "smtp/session.h"
#include "smtp/text_check.h"

namespace postern::smtp {

class Session {
 public:
  /// All four outlive the session.
  Session(net::Stream& stream, Receiver& receiver, SessionFacts& facts,
          const SessionSettings& settings);

  /// From the banner to the last reply.
  awaitable<void> converse();
  /// Something in here or behind the receiver has thrown: the client is told to come again.
  void on_exception(const char* what);
  awaitable<bool> flush();

 private:
  using Clock = std::chrono::steady_clock;
  enum class State { greeting, ready, mail, rcpt, chunks, closing };

  /// A message that comes by BDAT, between two chunks.
  struct Chunks {
    TextCheck check;
    Clock::time_point deadline;
    std::uint64_t received = 0;
    std::optional<Reply> refusal;
  };

  // session.cpp: the conversation
  awaitable<void> receive_command();
  awaitable<void> obey(CommandLine line);
  void say(std::string_view verb, const Reply& reply);
  void refuse(Verb verb, const Reply& reply);
  void decline(std::string_view verb, const Reply& reply);
  void hang_up(std::string_view verb, const Reply& reply);
  bool has_spent_refusals(Verb verb);
  void on_stream_end();
  void end_transaction();
  void log_ending(std::string_view event, std::string_view detail) const;

  // hello.cpp, mail.cpp, rcpt.cpp, data.cpp, bdat.cpp, starttls.cpp, other_commands.cpp
  void on_hello(const Command& command);
  void accept_offers(const Offers& offers);
  awaitable<void> on_mail(std::string_view argument);
  awaitable<void> on_rcpt(std::string_view argument);
  awaitable<void> on_data(std::string_view argument);
  awaitable<void> on_bdat(std::string_view argument);
  awaitable<void> on_starttls(std::string_view argument);
  void on_rset(std::string_view argument);
  void on_quit(std::string_view argument);
  void on_vrfy(std::string_view argument);
  void on_help();

  // data.cpp: content, also for bdat.cpp
  awaitable<void> receive_message();
  awaitable<std::string_view> read_content(Clock::time_point deadline);
  void take_content(std::string_view arrived, std::size_t used);
  void answer_out_of_order(Verb verb);
  std::optional<Reply> judge_text(const TextCheck& check) const;
  Reply too_large() const;
  awaitable<void> finish_message(std::string_view verb);

  // bdat.cpp
  awaitable<void> begin_chunks();
  awaitable<bool> receive_chunk(std::uint64_t size, Clock::time_point deadline);
  void judge_chunks();
  void refuse_chunks(const Reply& reply);

  net::Stream& stream_;
  Receiver& receiver_;
  const SessionSettings& settings_;
  const Limits& limits_;
  SessionFacts& facts_;
  const Clock::time_point ends_;
  Offers offers_;

  CommandBuffer input_;
  std::string output_;
  State state_ = State::greeting;
  /// The server is going down; we close at the next command.
  bool draining_ = false;

  std::unique_ptr<Transaction> transaction_;
  std::optional<Chunks> chunks_;
  std::uint64_t recipients_ = 0;
  BodyType body_ = BodyType::seven_bit;
  bool smtp_utf8_ = false;
  /// The last MAIL, or every RCPT since, was refused. A client that pipelines has sent what
  /// follows before it could know, so that is out of order without being an error.
  bool mail_refused_ = false;
  bool recipient_refused_ = false;

  std::uint64_t errors_ = 0;
  std::uint64_t refusals_ = 0;
  std::uint64_t transactions_ = 0;
  std::uint64_t commands_without_progress_ = 0;
};

}  // namespace postern::smtp
