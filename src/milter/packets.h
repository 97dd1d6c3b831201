// The packets of the milter protocol, between an MTA (Postfix, Sendmail) and us, its filter.
//
// A packet is a length of four octets, most significant first, one octet that says what it is,
// and its data: texts that end with NUL, or octets up to the end.
//
//   00 00 00 0d  'H'  c l i e n t . t e s t 00        what the client said in HELO
//
// No RFC describes it; Sendmail's libmilter is the standard, and Postfix says in
// MILTER_README what it takes of it. Versions 2 to 6 differ in what may be negotiated, not in the
// form of packets.
//
//   FrameReader reader(max_packet);
//   reader.append(bytes);
//   while (auto frame = reader.next(); frame && *frame) use(parse_request(**frame));
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace postern::milter {

struct Frame {
  char code = 0;
  std::string_view data;
};

std::string to_wire(const Frame& frame);

/// Finds the packets in what arrives, wherever it was cut. Keeps at most one unfinished packet.
class FrameReader {
 public:
  /// `max_packet` counts the octets behind the length.
  explicit FrameReader(std::size_t max_packet) : max_packet_(max_packet) {}

  void append(std::string_view bytes);
  /// The next whole packet, a view that holds until the next call; nothing: more must arrive. An
  /// empty or overlong packet is an error for good, since nobody knows where the next one begins.
  Result<std::optional<Frame>> next();
  /// A packet has begun and is not complete.
  bool is_within_packet() const { return used_ < buffer_.size(); }

 private:
  const std::size_t max_packet_;
  std::string buffer_;
  std::size_t used_ = 0;
};

// What the MTA says, as views on the frame.

/// Which macros the MTA shall send before a step of the dialog (SMFIM_CONNECT is 0, SMFIM_HELO 1,
/// SMFIM_ENVFROM 2, SMFIM_ENVRCPT 3, SMFIM_DATA 4, SMFIM_EOM 5, SMFIM_EOH 6), with blanks between.
struct MacroList {
  std::uint32_t step = 0;
  std::string_view names;
  bool operator==(const MacroList&) const = default;
};

/// Both sides say it first: what the MTA offers, and what of it we want. See negotiation.h.
struct Negotiation {
  std::uint32_t version = 0;
  std::uint32_t actions = 0;
  std::uint32_t protocol = 0;
  std::vector<MacroList> macro_lists;
  bool operator==(const Negotiation&) const = default;
};

struct Connect {
  std::string_view host;
  char family = 'U';  ///< `4`, `6`, `L` (Unix socket) or `U` (unknown, without port and address)
  std::uint16_t port = 0;
  std::string_view address;
  bool operator==(const Connect&) const = default;
};

struct Macro {
  std::string_view name;  ///< `i`, `{client_addr}`
  std::string_view value;
  bool operator==(const Macro&) const = default;
};

/// Values that belong to the next packet of the kind `command`.
struct Macros {
  char command = 0;
  std::vector<Macro> macros;
  bool operator==(const Macros&) const = default;
};

struct Hello {
  std::string_view name;
  bool operator==(const Hello&) const = default;
};

/// The path as the client wrote it, then the ESMTP parameters.
struct MailFrom {
  std::vector<std::string_view> arguments;
  bool operator==(const MailFrom&) const = default;
};
struct RcptTo {
  std::vector<std::string_view> arguments;
  bool operator==(const RcptTo&) const = default;
};

struct Data {
  bool operator==(const Data&) const = default;
};
struct Header {
  std::string_view name;
  std::string_view value;  ///< folded lines stand behind LF, without CR
  bool operator==(const Header&) const = default;
};
struct EndOfHeader {
  bool operator==(const EndOfHeader&) const = default;
};
struct Body {
  std::string_view bytes;  ///< lines end with CRLF
  bool operator==(const Body&) const = default;
};
struct EndOfBody {
  std::string_view bytes;  ///< the last of the body, perhaps nothing
  bool operator==(const EndOfBody&) const = default;
};
/// The transaction is over; the connection with the client goes on.
struct Abort {
  bool operator==(const Abort&) const = default;
};
/// The client has gone; another one will be told of in this connection.
struct NextClient {
  bool operator==(const NextClient&) const = default;
};
struct Quit {
  bool operator==(const Quit&) const = default;
};
/// A command that the MTA does not know.
struct UnknownCommand {
  std::string_view line;
  bool operator==(const UnknownCommand&) const = default;
};

using Request = std::variant<Negotiation, Connect, Macros, Hello, MailFrom, RcptTo, Data, Header,
                             EndOfHeader, Body, EndOfBody, Abort, NextClient, Quit, UnknownCommand>;

/// The error says what is wrong with the packet.
Result<Request> parse_request(const Frame& frame);
/// The packet again, for tests.
std::string to_wire(const Request& request);

// What we say.

std::string to_wire(const Negotiation& negotiation);
/// Go on. At the end of the message: it is accepted.
std::string continue_packet();
/// No more of this message, it is accepted as it is.
std::string accept_packet();
/// The MTA says 451 in its own words.
std::string temporary_failure_packet();
/// The MTA says this: `550 5.7.68 …`, lines separated by CRLF.
std::string reply_packet(std::string_view text);
/// At the end of the message: a field at the very top, above the MTA's own Received.
std::string insert_header_packet(std::string_view name, std::string_view value);
/// At the end of the message: takes the `index`th field of this name away, counted from 1.
std::string delete_header_packet(std::string_view name, std::uint32_t index);
/// At the end of the message: the MTA takes it, and keeps it until its administrator has looked.
std::string quarantine_packet(std::string_view reason);

}  // namespace postern::milter
