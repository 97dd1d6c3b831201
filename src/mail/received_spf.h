// The Received-SPF field (RFC 7208 section 9.1): what SPF said, with what it looked at.
#pragma once

#include <string>

#include "base/ip_address.h"

namespace postern::mail {

struct ReceivedSpf {
  std::string result;   ///< `pass`, `fail`, …
  std::string comment;  ///< for people: who says what about whom
  IpAddress client;
  std::string envelope_from;
  std::string helo;
  std::string receiver;
  std::string identity;   ///< `mailfrom` or `helo`
  std::string mechanism;  ///< empty: none matched
  std::string problem;    ///< for temperror and permerror
};

/// The whole field, folded, ended by CRLF. All values may hold whatever a stranger sent.
std::string to_received_spf_field(const ReceivedSpf& spf);

}  // namespace postern::mail
