// The form in which DKIM hashes a body (RFC 6376 sections 3.4.3 and 3.4.4), made while the body
// arrives, in pieces cut anywhere.
//
// simple drops the empty lines at the end. relaxed first drops blanks at the ends of lines and
// makes every other run of blanks one space, and then does what simple does. So there are two
// stages, and each holds back what may yet turn out to be nothing, as a count or a flag. Octets
// that need no change are passed on without being copied, and the search for the others looks at
// many at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "auth/dkim_result.h"

namespace postern::auth {

/// Takes canonical octets in order.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual void write(std::string_view bytes) = 0;
};

class BodyCanonicalizer {
 public:
  /// `sink` is the caller's and outlives the canonicalizer.
  BodyCanonicalizer(Canonicalization how, ByteSink& sink) : how_(how), sink_(&sink) {}

  /// Lines end with CRLF; a bare CR or LF is an octet like the others.
  void update(std::string_view piece);
  /// The body is complete. After it only destruction.
  void finish();

 private:
  /// What relaxed has not decided at the end of a piece.
  enum class Undecided { nothing, blank, blank_and_cr };

  // First stage, relaxed only.
  bool decide(std::string_view& piece);
  void leave_undecided(std::string_view& piece);
  void reduce_blanks(std::string_view text);
  void gather(std::string_view text);
  void flush();

  // Second stage.
  void pass(std::string_view text);
  void release();

  Canonicalization how_;
  ByteSink* sink_;

  Undecided undecided_ = Undecided::nothing;
  /// What leaves the first stage is gathered here if it comes in short runs.
  std::size_t gathered_ = 0;
  std::array<char, 1024> gather_;

  // Held back by the second stage: line ends, then a CR that may be the beginning of one more.
  std::uint64_t line_ends_ = 0;
  bool has_cr_ = false;
  bool is_empty_ = true;
};

/// A whole body at once: for `postern check` and tests.
std::string canonicalize_body(std::string_view body, Canonicalization how);

}  // namespace postern::auth
