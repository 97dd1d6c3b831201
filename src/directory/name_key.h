// The key by which an index knows a name of a connector: a certificate's (`mail.contoso.com`,
// `*.contoso.com`) or a sender domain (`contoso.com`, `*.contoso.com`, `*`).
//
// It is a hash: a wrong candidate is as harmless as one that is disabled, since whoever asks
// compares names anyway, and an index needs no copies of them. A wildcard's key comes from the
// domain below its `*.`, so that one who looks for `mail.contoso.com` asks for `*.contoso.com`
// without writing it down.
//
// Keys of certificate names are of another kind: their upper half comes from the organizational
// domain, so that in a sorted index the names of one domain stand side by side, and one who has
// `mx2.contoso.com` finds `mx1.contoso.com` without looking at the others.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

#include "directory/key_hash.h"
#include "directory/organizational_domain.h"

namespace postern::directory {

class NameKey {
 public:
  /// A name, or a wildcard by its `*.`.
  explicit NameKey(std::string_view name)
      : NameKey(name.starts_with("*.") ? wildcard(name.substr(2)) : NameKey(KeyHash{}(name))) {}
  /// `*.domain`
  static NameKey wildcard(std::string_view domain) { return NameKey(~KeyHash{}(domain)); }

  /// A certificate's name, or a wildcard by its `*.`.
  static NameKey certificate(std::string_view name) {
    return name.starts_with("*.") ? certificate_wildcard(name.substr(2))
                                  : in_domain(name, NameKey(name));
  }
  static NameKey certificate_wildcard(std::string_view domain) {
    return in_domain(domain, wildcard(domain));
  }
  /// What the keys of certificate names of one organizational domain have in common.
  std::uint32_t domain_part() const { return static_cast<std::uint32_t>(hash_ >> 32); }

  auto operator<=>(const NameKey&) const = default;

  struct Hash {
    std::uint64_t operator()(NameKey key) const { return key.hash_; }
  };

 private:
  explicit NameKey(std::uint64_t hash) : hash_(hash) {}
  static NameKey in_domain(std::string_view name, NameKey key) {
    constexpr std::uint64_t lower_half = 0xffff'ffff;
    return NameKey((KeyHash{}(organizational_domain(name)) & ~lower_half) |
                   (key.hash_ & lower_half));
  }

  std::uint64_t hash_;
};

}  // namespace postern::directory
