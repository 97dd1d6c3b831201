// The body hashes that a message's signatures ask for, computed while the body arrives: each
// distinct pair of canonicalization and length once, however many signatures share it, and with
// the same small memory for any body.
//
//   BodyHashes body;
//   DkimVerifier dkim(text, section, body);   // says which hashes it needs
//   body.update(piece);                       // as often as there are pieces
//   body.finish();
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "auth/dkim_body.h"
#include "auth/dkim_result.h"

// OpenSSL's type, without its headers.
struct evp_md_ctx_st;

namespace postern::auth {

/// SHA-256.
using Digest = std::array<std::uint8_t, 32>;

/// SHA-256 of octets that come in pieces.
class Sha256 {
 public:
  Sha256();
  void update(std::string_view bytes);
  /// Once, at the end.
  Digest finish();

  static Digest of(std::string_view bytes);

 private:
  void begin();

  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

class BodyHashes {
 public:
  BodyHashes();
  ~BodyHashes();
  BodyHashes(const BodyHashes&) = delete;
  BodyHashes& operator=(const BodyHashes&) = delete;

  /// Asks for the hash of the canonical body, or with `length` of its first octets only (l=).
  /// Returns what `digest` takes. To be called before the first update.
  std::size_t require(Canonicalization how, std::optional<std::uint64_t> length);

  /// Nothing is required: the body need not be fed at all.
  bool is_empty() const { return wanted_.empty(); }

  void update(std::string_view piece);
  /// The body is complete. Does nothing when called again.
  void finish();
  bool is_finished() const { return is_finished_; }

  // What follows is known after finish().

  /// Nothing: the canonical body is shorter than `length`.
  std::optional<Digest> digest(std::size_t index) const;
  /// How many octets of the canonical body lie beyond `length`; 0 without one.
  std::uint64_t octets_beyond(std::size_t index) const;

 private:
  class Stream;
  struct Wanted {
    Canonicalization how;
    std::optional<std::uint64_t> length;
    Sha256 hash;
    std::uint64_t octets = 0;
    Digest digest{};
  };

  std::vector<Wanted> wanted_;
  std::vector<std::unique_ptr<Stream>> streams_;
  bool is_finished_ = false;
};

}  // namespace postern::auth
