// The key by which an index knows a name of a connector: a certificate's (`mail.contoso.com`,
// `*.contoso.com`) or a sender domain (`contoso.com`, `*.contoso.com`, `*`).
//
// It is a hash: a wrong candidate is as harmless as one that is disabled, since whoever asks
// compares names anyway, and an index needs no copies of them. A wildcard's key comes from the
// domain below its `*.`, so that one who looks for `mail.contoso.com` asks for `*.contoso.com`
// without writing it down.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

#include "directory/key_hash.h"

namespace postern::directory {

class NameKey {
 public:
  /// A name, or a wildcard by its `*.`.
  explicit NameKey(std::string_view name)
      : NameKey(name.starts_with("*.") ? wildcard(name.substr(2)) : NameKey(KeyHash{}(name))) {}
  /// `*.domain`
  static NameKey wildcard(std::string_view domain) { return NameKey(~KeyHash{}(domain)); }

  auto operator<=>(const NameKey&) const = default;

  struct Hash {
    std::uint64_t operator()(NameKey key) const { return key.hash_; }
  };

 private:
  explicit NameKey(std::uint64_t hash) : hash_(hash) {}

  std::uint64_t hash_;
};

}  // namespace postern::directory
