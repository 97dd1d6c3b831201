// Reading what an SMTP or LMTP server answers (RFC 5321 section 4.2).
//
//   250-mail.contoso.test
//   250-PIPELINING
//   250 SIZE 10240000
//
// A next hop is our own administrator's server, but it may be broken, compromised or not an
// SMTP server at all: lines, their number and the characters that we repeat to others are bounded.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mail/reply.h"

namespace postern::delivery {

/// RFC 5321 section 4.5.3.1.5 has 512; some servers explain at length.
inline constexpr std::size_t max_reply_line = 2048;
inline constexpr std::size_t max_reply_lines = 128;

struct ServerReply {
  int code = 0;
  /// The texts after the code and its separator, as they came.
  std::vector<std::string> lines;

  /// For our client and our logs: printable ASCII in lines that fit into a reply of ours, with an
  /// enhanced status code of the same class as `code` (`x.0.0` if the server gave none).
  mail::Reply to_reply() const;
};

class ReplyParser {
 public:
  enum class Status { needs_more, complete, malformed };

  /// Consumes bytes up to the end of a reply, which reply() then holds until the next call. After
  /// `malformed` nothing more can be understood.
  Status feed(std::string_view& bytes);
  const ServerReply& reply() const { return reply_; }
  /// Has part of a reply come?
  bool in_reply() const { return !line_.empty() || !(complete_ || reply_.lines.empty()); }

 private:
  std::optional<Status> take_line();

  ServerReply reply_;
  std::string line_;
  bool complete_ = false;
};

}  // namespace postern::delivery
