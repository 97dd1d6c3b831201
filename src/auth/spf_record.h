// An SPF record as text and as terms (RFC 7208 sections 4.5, 4.6 and 12):
//
//   v=spf1 mx a:mail.contoso.com/28 include:_spf.example.com ip4:192.0.2.0/24 -all
//
// A fault anywhere makes the whole record a permerror (section 4.6), so all of it is parsed
// before a term is looked at. The terms are views on the text.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/spf.h"
#include "base/ip_address.h"

namespace postern::auth {

/// Section 5.
enum class SpfMechanism : std::uint8_t { all, include, a, mx, ptr, ip4, ip6, exists };

struct SpfDirective {
  SpfMechanism mechanism = SpfMechanism::all;
  /// The qualifier: pass, fail, softfail or neutral.
  SpfResult result = SpfResult::pass;
  /// Prefix lengths: both of a and mx, one of ip4 and ip6.
  std::uint8_t length_v4 = 32;
  std::uint8_t length_v6 = 128;
  IpAddress network;             ///< ip4 and ip6, bits beyond the length as written
  std::string_view domain_spec;  ///< empty: the current domain
  std::string_view text;         ///< as written, with its qualifier

  /// Does it cost one of the ten lookups of section 4.6.4?
  bool asks() const;
  /// Is the client in the prefix that has the length of this directive around `address`? For a
  /// and mx, an address of the DNS.
  bool covers(const IpAddress& address, const IpAddress& client) const;
  /// For ip4 and ip6: is it in the network?
  bool has_in_network(const IpAddress& client) const;
};

struct SpfRecord {
  std::vector<SpfDirective> directives;
  std::string_view redirect;  ///< domain-spec; empty: none
  std::string_view exp;       ///< domain-spec; empty: none
};

struct SpfFault {
  std::string_view term;  ///< where it is, as written
  std::string what;       ///< a sentence without a full stop
};

/// Is this TXT record an SPF record (section 4.5): `v=spf1` and then a blank or nothing?
bool is_spf_record(std::string_view text);

/// In octets; RFC 7208 section 3.4 wants at most 450. A longer record is a permerror.
inline constexpr std::size_t max_spf_record = 16 * 1024;

/// `text` must outlive the record.
std::expected<SpfRecord, SpfFault> parse_spf_record(std::string_view text);

/// Canonical: one blank between terms, redirect and exp at the end, no unknown modifiers.
std::string to_text(const SpfRecord& record);

}  // namespace postern::auth
