// The server's side of an SMTP session: RFC 5321 as a receiving MX speaks it, with PIPELINING
// (RFC 2920), SIZE (1870), 8BITMIME (6152), ENHANCEDSTATUSCODES (2034), STARTTLS (3207), CHUNKING
// and BINARYMIME (3030), SMTPUTF8 (6531) the parameters of DSN (3461) and REQUIRETLS (8689).
//
// It speaks over a Stream and asks a Receiver, so it knows neither sockets nor mail policy:
//
//   co_await run_session(stream, receiver, facts, settings);
//
// What an operator sees of it is in docs/smtp-session.md; how it works, in session_state.h.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <string_view>

#include "mail/reply.h"
#include "net/stream.h"
#include "smtp/limits.h"
#include "smtp/receiver.h"

namespace postern::smtp {

struct SessionSettings {
  /// In the banner, the reply to EHLO and where a session is ended.
  std::string hostname;
  Limits limits;
  /// There is a certificate: STARTTLS can be offered.
  bool offer_tls = false;
};

/// From the banner to the close of the stream. `facts` says who the client is; TLS that has
/// started with the connection is in there already. The references must outlive the call.
awaitable<void> run_session(net::Stream& stream, Receiver& receiver, SessionFacts facts,
                            const SessionSettings& settings);

/// In place of the banner, where there are too many connections for a session to begin.
mail::Reply too_many_connections(std::string_view hostname);
/// The same, where the machine has nothing left for a session to begin with.
mail::Reply out_of_resources(std::string_view hostname);

}  // namespace postern::smtp
