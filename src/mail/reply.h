// One SMTP reply (RFC 5321 section 4.2) with its enhanced status code (RFC 3463, RFC 2034).
#pragma once

#include <string>
#include <string_view>

namespace postern::mail {

struct Reply {
  int code = 250;
  /// `5.7.68`; empty where RFC 2034 section 4 wants none (banner, 354, EHLO).
  std::string enhanced;
  /// The text; a line feed starts a further line of a multi-line reply.
  std::string text;

  bool is_success() const { return code / 100 == 2; }
  bool is_temporary() const { return code / 100 == 4; }
  bool is_permanent() const { return code / 100 == 5; }

  /// As it goes over the wire, each line ended by CRLF. The enhanced code stands on every line.
  std::string to_wire() const;
  /// `550 5.7.68 TenantInboundAttribution; …` on one line, for logs and the trace.
  std::string to_line() const;

  bool operator==(const Reply&) const = default;
};

}  // namespace postern::mail
