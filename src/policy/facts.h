// What is known at RCPT about the connection and the envelope: everything that may decide.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"
#include "mail/mailbox.h"

namespace postern::policy {

struct RcptFacts {
  IpAddress client;
  std::string_view hello;
  bool tls = false;
  /// Names of a client certificate with a full chain to a trusted anchor; empty: none. As they
  /// stand there, in any case; what is no host name is ignored.
  std::vector<std::string> certificate_names;
  const mail::Mailbox* reverse_path = nullptr;
  const mail::Mailbox* forward_path = nullptr;
  /// Our own host name (5.7.506).
  std::string_view server_name;
  /// Can mail to domains that nobody here accepts go anywhere: is there a [delivery] relay, or an
  /// MTA that asks us and relays itself?
  bool has_relay = false;
  /// Has the client's address a reverse name? See needs_reverse_name.
  enum class ReverseName { unknown, present, absent, temporary_failure };
  ReverseName reverse_name = ReverseName::unknown;
  /// When RCPT is decided.
  Time time{};
};

}  // namespace postern::policy
