// Signs that a message which nothing vouches for comes from its author domain's own machines.
//
// Many small domains have no DMARC, and some neither SPF nor DKIM. Their mail is told from a
// forger's by where it comes from. Every sign is a comparison of names or addresses that the
// DNS gave, and has a weight that the administrator sees and sets (Set-CompositeAuthConfig); what a
// message gets is the sum of the weights of the signs it has. There is nothing else in it.
//
// Whoever runs a network writes its reverse names as he likes. So a reverse name counts only where
// it is confirmed: where the name's own addresses, which only its domain can set, have the
// client's.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "auth/author_hosts.h"
#include "auth/iprev.h"
#include "auth/public_suffix_list.h"
#include "base/ip_address.h"
#include "directory/spoof_protection.h"

namespace postern::policy {

struct ImplicitFacts {
  IpAddress client;
  const auth::Iprev* iprev = nullptr;        ///< null: not known
  const auth::AuthorHosts* hosts = nullptr;  ///< of the author domain; null: not known
  std::string_view author_domain;            ///< A-label
  /// By DMARC's tree walk; the author domain itself where no record tells.
  std::string_view organizational_domain;
  /// Says the same of other names; null: they are only the same if they are equal.
  const auth::PublicSuffixList* suffixes = nullptr;
};

/// One kind of sign.
struct ImplicitSignal {
  std::string_view name;
  bool (*is_there)(const ImplicitFacts& facts);
  std::int64_t directory::CompositeAuthConfig::* weight;
  int pass_reason;       ///< of compauth, where it is the heaviest sign of a pass
  int soft_pass_reason;  ///< and of a softpass
};
extern const std::array<ImplicitSignal, 6> implicit_signals;

struct ImplicitFinding {
  /// Bit n: implicit_signals[n] is there.
  std::uint8_t present = 0;
  /// The sum of the weights.
  std::int64_t weight = 0;
  /// Of those that are there; the first of several. Null: none weighs anything.
  const ImplicitSignal* heaviest = nullptr;
};

ImplicitFinding find_implicit_signals(const ImplicitFacts& facts,
                                      const directory::CompositeAuthConfig& config);

/// `SiblingName 50, Subnet 40`; empty: none.
std::string to_text(const ImplicitFinding& finding, const directory::CompositeAuthConfig& config);

}  // namespace postern::policy
