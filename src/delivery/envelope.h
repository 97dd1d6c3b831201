// The envelope of a message on its way to the next hops, and who is to have it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/ip_address.h"
#include "delivery/introduction.h"
#include "delivery/next_hop.h"
#include "mail/mailbox.h"

namespace postern::delivery {

struct Envelope {
  mail::Mailbox reverse_path;
  IpAddress client;
  std::string session;     ///< for logs
  std::string id;          ///< of the transaction: in the 250, in the names of files, in the trace
  bool smtp_utf8 = false;  ///< the client said SMTPUTF8: hops without it get 5.6.7
  bool eight_bit_mime = false;
  bool require_tls = false;  ///< RFC 8689: hops that do not promise the same get 5.7.30
  // RFC 3461, as sent; for hops that offer DSN, and in notifications of our own.
  std::string ret;
  std::string envelope_id;
  std::optional<std::uint64_t> size;  ///< as the client declared it (RFC 1870)
  /// For hops that want to know whom we speak for; null: mail of our own.
  std::shared_ptr<const Introduction> introduction;

  // For what is kept in quarantine: whose it is, a GUID, and `Incoming` or `Originating`.
  std::string organization;
  std::string direction;

  /// Takes notifications in place of CourierSettings::relay.
  std::optional<NextHop> relay;

  /// Has the client closed its side? Called from any thread while the hand-off lives, so it may
  /// touch nothing but the descriptor (poll(2) with POLLRDHUP). Empty: nobody knows, and the
  /// client counts as present.
  std::function<bool()> client_has_left;
};

struct Recipient {
  mail::Mailbox forward_path;  ///< as the client gave it: what an SMTP or LMTP hop is told
  std::string address;  ///< canonical: lower case, alias and detail resolved: `%u@%d` of Maildir
  std::string detail;
  std::string junk_detail = {};  ///< of junk: `user+junk_detail@…`; empty: as all other mail
  NextHop next_hop;
  // RFC 3461, as sent.
  std::string notify;
  std::string original_recipient;
  bool relayed = false;   ///< at a domain that nobody here accepts
  bool is_junk = false;   ///< this copy goes where `junk_detail` says
  bool wildcard = false;  ///< only `*@domain` matched, so a stranger may have invented the name
};

}  // namespace postern::delivery
