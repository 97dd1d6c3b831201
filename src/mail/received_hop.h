// What a Received field of somebody else says about the client that its writer had.
//
// RFC 5321 section 4.4 has a grammar for the field, and hardly any server keeps to it. So this
// reads the shapes that are in use, by where each puts the address that *connected*:
//
//     from helo (ptr [192.0.2.1]) by …            Postfix, Sendmail, Google, Proofpoint, Mimecast,
//     from helo ([192.0.2.1]) by …                Barracuda
//     from ptr ([192.0.2.1] helo=helo) by …       Exim
//     from [192.0.2.1] (helo=helo) by …           Exim, of a client without a name
//     from helo (192.0.2.1) by …                  Exchange
//     from ptr (HELO helo) (192.0.2.1) by …       qmail
//     by … with LMTP …                            within one system: no client
//     (qmail 7 invoked from network); …
//
// Everything else in the field may be what the client claims: its HELO name can be an address
// literal, can look like a comment, can hold ` by `. Hence the rule of this reader: a field that
// could be read in two ways is not read at all. Who must know the client is better off without an
// answer than with one that the client chose.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "base/time.h"

namespace postern::mail {

/// Octets of the field's body. Honest ones have less than 1000.
inline constexpr std::size_t max_received_field = 4096;

struct ReceivedHop {
  /// Nothing: the field names no client, the message was handed over within the system.
  std::optional<IpAddress> client;
  std::string helo;          ///< what the client called itself; empty: not said
  std::string reverse_name;  ///< what the DNS calls the client; empty: not said
  std::string by;            ///< the writer, as it calls itself; empty for qmail's inner fields
  std::string protocol;      ///< behind `with`: `ESMTPS`, `Microsoft SMTP Server`; may be empty
  /// Nothing: no date behind a semicolon.
  std::optional<Time> time;

  bool operator==(const ReceivedHop&) const = default;
};

/// `body` as it stands behind the colon, with its folds. Nothing: it is no such field, names a
/// client without its address, or can be read in two ways.
std::optional<ReceivedHop> parse_received_hop(std::string_view body);

}  // namespace postern::mail
