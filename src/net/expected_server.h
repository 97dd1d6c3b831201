// Whom a client wants to find at the other end of TLS.
//
//   nobody   encrypt with whoever answers (opportunistic TLS, RFC 7435)
//   name     a chain to a trusted anchor, and one of the names (RFC 9525)
//   dane     what the DNS says of the server, validated by DNSSEC (RFC 6698, RFC 7672)
//
// A server that is somebody else ends the handshake, before a byte of ours is sent.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace postern::net {

/// RFC 6698 section 2.1, by its numbers. Only records of answers that DNSSEC has validated may
/// get here.
struct TlsaRecord {
  std::uint8_t usage = 0;
  std::uint8_t selector = 0;
  std::uint8_t matching = 0;
  std::string data;

  auto operator<=>(const TlsaRecord&) const = default;
};

/// Can this record authenticate a mail server? RFC 7672 section 3.1: usages DANE-TA(2) and
/// DANE-EE(3); the PKIX usages 0 and 1 are not for SMTP. What is unknown does not count.
constexpr bool is_usable(const TlsaRecord& record) {
  return (record.usage == 2 || record.usage == 3) && record.selector <= 1 && record.matching <= 2;
}

struct ExpectedServer {
  enum class Check { nobody, name, dane };

  Check check = Check::nobody;
  std::string server_name;  ///< SNI; empty: none
  /// name: a certificate for one of these counts; an IP address is looked for as such.
  /// dane: the first is the TLSA base domain; names count for usage 2 only (RFC 7672 section 3.2).
  std::vector<std::string> names;
  std::vector<TlsaRecord> tlsa;
};

}  // namespace postern::net
