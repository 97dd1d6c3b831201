// Where mail goes next, in the words of the configuration and of `-NextHop`:
//
//   maildir:mail/%d/%u          a folder per recipient; relative paths are under data_directory
//   lmtp:127.0.0.1:24           LMTP (RFC 2033) over TCP; IPv6 as lmtp:[::1]:24
//   lmtp:unix:/run/dovecot/lmtp LMTP over a Unix socket
//   smtp:mail.contoso.com:25    SMTP, for example Exchange Server or Postfix
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace postern::delivery {

struct NextHop {
  enum class Kind { maildir, lmtp, smtp };

  Kind kind = Kind::maildir;
  /// The pattern of a maildir hop (see maildir_path.h), or the Unix socket of an LMTP hop.
  std::string path;
  /// A host name in the form of to_a_label or an address without brackets; empty: `path` counts.
  std::string host;
  std::uint16_t port = 0;

  bool is_unix() const { return kind != Kind::maildir && host.empty(); }
  /// What parse_next_hop reads.
  std::string to_string() const;

  auto operator<=>(const NextHop&) const = default;
};

/// The error is a sentence that names what was expected.
Result<NextHop> parse_next_hop(std::string_view text);

}  // namespace postern::delivery
