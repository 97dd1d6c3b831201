// The milter protocol as a filter speaks it, versions 2 to 6, with Postfix and Sendmail.
//
// One connection is one SMTP session of the MTA, seldom several one after the other. It speaks
// over a Stream and asks a Receiver, so it knows neither sockets nor mail policy:
//
//   const Ending ending = co_await run_session(stream, receiver, settings);
//
// How it works is in session_state.h; what an administrator sees of it, in docs/milter.md.
//
// It fails closed as far as a filter can: a message is accepted only after the receiver has
// judged it, and whatever is not understood ends the connection. The MTA then does what its
// administrator told it to do without a filter (Postfix: milter_default_action, tempfail).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>

#include "milter/receiver.h"
#include "net/stream.h"

namespace postern::milter {

using boost::asio::awaitable;

struct SessionSettings {
  /// Octets of a packet. MTAs send bodies in pieces of 65,535, and a header field as a whole.
  std::uint64_t max_packet = 512 * 1024;
  /// Between two packets. The MTA is silent while its client sends a message, so this is more than
  /// any MTA lets its client have.
  std::chrono::seconds idle_time{7200};
  /// For the rest of a packet that has begun, and for the MTA to take what we say.
  std::chrono::seconds packet_time{60};
  /// Accepted recipients of one transaction. Beyond: 452 4.5.3.
  std::uint64_t max_recipients = 1000;
};

/// Why a session has ended, for counting.
enum class Ending {
  quit,           ///< the MTA said so
  closed,         ///< the MTA closed the connection, or it broke
  timed_out,      ///< see SessionSettings
  draining,       ///< we are going down, and no message was under way
  not_understood  ///< something that is not the milter protocol, or an MTA we cannot work with
};
std::string_view to_string(Ending ending);

/// Until the connection is closed. The references must outlive the call.
awaitable<Ending> run_session(net::Stream& stream, Receiver& receiver,
                              const SessionSettings& settings);

}  // namespace postern::milter
