// The two forms in which content leaves us: with dots stuffed for SMTP and LMTP, and with the
// line ends of Unix for a Maildir file. Both take the content in pieces, cut anywhere.
#pragma once

#include <string>
#include <string_view>

namespace postern::delivery {

/// RFC 5321 section 4.5.2, with the guard against smuggling: a CR or LF that is not part of
/// CRLF would be read by some servers as the end of a line, and what follows as a dot or as
/// commands. Our own sessions refuse such content; what is found here is never sent to its end.
class DotStuffer {
 public:
  /// Appends `piece` to `out`, a dot at the start of a line doubled.
  void append(std::string_view piece, std::string& out);
  /// Appends the final dot. False: a bare CR or LF was seen and nothing may be completed.
  bool finish(std::string& out);
  /// A bare CR or LF was seen.
  bool is_spoiled() const { return spoiled_; }

 private:
  char last_ = '\n';  ///< before the first octet a line begins
  bool spoiled_ = false;
};

/// CRLF becomes LF, as every program that reads a Maildir expects; anything else stays.
class UnixLines {
 public:
  void append(std::string_view piece, std::string& out);
  /// A CR that the last piece ended with.
  void finish(std::string& out);

 private:
  bool held_cr_ = false;
};

}  // namespace postern::delivery
