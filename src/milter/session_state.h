// What a milter session remembers between two packets, and its steps.
//
//   start     -> idle        OPTNEG                              [on_negotiation]
//   idle      -> connected   CONNECT                             [on_connect]
//   connected -> envelope    MAIL that the receiver accepts      [on_mail]
//   envelope  -> header      the first HEADER, or EOH            [on_header, on_end_of_header]
//   header    -> body        EOH                                 [on_end_of_header]
//   body      -> connected   EOB, answered with the verdict      [on_end_of_body]
//   all       -> connected   ABORT, MAIL, HELO, CONNECT          [end_transaction]
//   all       -> idle        QUIT_NC                             [on_next_client]
//
// An MTA sends content only for recipients that were accepted. If one does otherwise, the
// content is passed over, and the message deferred at its end, where the first reply is possible.
//
// Replies are collected and sent when no whole packet is left to obey.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "milter/fields.h"
#include "milter/macros.h"
#include "milter/negotiation.h"
#include "milter/packets.h"
#include "milter/session.h"

namespace postern::milter {

class Session {
 public:
  /// All three outlive the session.
  Session(net::Stream& stream, Receiver& receiver, const SessionSettings& settings);

  awaitable<void> converse();
  void on_exception(const char* what);
  awaitable<void> flush();
  Ending ending() const { return ending_.value_or(Ending::closed); }

 private:
  enum class State { start, idle, connected, envelope, header, body };

  // session.cpp: the conversation
  awaitable<void> receive();
  void on_stream_end();
  awaitable<void> obey(const Request& request);
  void say(std::string packet) { output_ += packet; }
  void say(std::string_view verb, const mail::Reply& reply);
  void end_transaction();
  void give_up(const std::string& problem);

  // envelope.cpp
  void on_negotiation(const Negotiation& offer);
  void on_connect(const Connect& connect);
  void on_hello(const Hello& hello);
  awaitable<void> on_mail(const MailFrom& mail);
  awaitable<void> on_rcpt(const RcptTo& rcpt);
  void on_next_client();

  // content.cpp
  awaitable<void> begin_content();
  awaitable<void> write(std::string_view bytes);
  awaitable<void> on_header(const Header& header);
  awaitable<void> on_end_of_header();
  awaitable<void> on_body(const Body& body);
  awaitable<void> on_end_of_body(const EndOfBody& end);

  net::Stream& stream_;
  Receiver& receiver_;
  const SessionSettings& settings_;

  FrameReader reader_;
  std::string output_;
  bool packet_has_begun_ = false;
  std::optional<Ending> ending_;
  /// The server is going down; we end as soon as no message is under way.
  bool draining_ = false;

  State state_ = State::start;
  Agreement agreement_;
  MacroTable macros_;
  smtp::SessionFacts facts_;
  bool client_is_known_ = false;

  std::unique_ptr<smtp::Transaction> transaction_;
  std::uint64_t recipients_ = 0;
  std::optional<Fields> fields_;
  /// Told at the end of the message; nothing of the content is wanted any more.
  std::optional<mail::Reply> content_refusal_;
};

}  // namespace postern::milter
