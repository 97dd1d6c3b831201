// The form in which DKIM hashes a body (RFC 6376 sections 3.4.3 and 3.4.4), made while the body
// arrives, in pieces cut anywhere.
//
// simple drops the empty lines at the end. relaxed also drops blanks at the ends of lines and
// makes every other run of blanks one space. Neither can know that a line is the last before it
// has seen the end; so what may yet turn out to be nothing is held back, as a count. Everything
// else is passed on without being copied: in ordinary text no octet needs to change, and looking
// for those that do goes many octets at a time.
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
  void update_simple(std::string_view piece);
  void update_relaxed(std::string_view piece);
  const char* step_relaxed(const char* at, const char* end);
  void hold_line_ends(std::string_view& run);
  void release();
  void emit(std::string_view bytes);
  void flush();

  Canonicalization how_;
  ByteSink* sink_;

  // What is held back, in the order in which it stands in the body: line ends, then a gap, then
  // a CR that may be the beginning of a line end.
  std::uint64_t line_ends_ = 0;
  bool has_gap_ = false;
  bool has_cr_ = false;
  bool is_empty_ = true;

  // Short runs are gathered here, so that the sink is not called for every word.
  std::size_t gathered_ = 0;
  std::array<char, 1024> gather_;
};

/// A whole body at once: for `postern check` and tests.
std::string canonicalize_body(std::string_view body, Canonicalization how);

}  // namespace postern::auth
