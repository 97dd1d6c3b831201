// One message as a record of another system tells it: a row of a message trace, a file with header
// fields, a few lines of a log. What the record does not tell is absent, never guessed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"

namespace postern::assess {

enum class Direction { unknown, inbound, outbound, internal };

struct Observation {
  /// What makes rows of one message one; empty: every row is a message.
  std::string id;
  std::optional<Time> time;
  std::optional<IpAddress> client;
  /// Does the record tell clients at all? Then a message without one came from inside.
  bool tells_client = false;
  std::string client_name;  ///< from the PTR record
  std::string hello;
  /// The reverse-path where `has_reverse_path`, else the sender as the record calls it; empty:
  /// null.
  std::string sender;
  bool has_reverse_path = false;
  std::string author;  ///< of the From field; empty: not told
  std::vector<std::string> recipients;
  Direction direction = Direction::unknown;
  /// Does the record tell of connectors (or logins), and did one vouch?
  bool tells_attribution = false;
  bool is_attributed = false;
  std::optional<bool> spf;  ///< passes; nothing: not told
  std::optional<bool> dkim;
  std::string dkim_domain;  ///< that signed; empty: `dkim` is about the sender's own already
  std::optional<bool> dmarc;
  std::optional<bool> composite;
  bool with_tls = false;
};

}  // namespace postern::assess
