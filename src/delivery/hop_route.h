// From the name of a server to the addresses that are tried, in order.
//
//   smtp:mail.contoso.com:25          A and AAAA
//   smtp:mx:contoso.com               MX, then A and AAAA of each host (RFC 5321 section 5.1)
//   smtp:mail.contoso.com:25?tls=dane and _25._tcp.mail.contoso.com TLSA (RFC 7672)
//
// A pure function of the answers so far, as in auth/: what is missing comes back as questions.
// Names without MX and DANE are looked up by the system instead (hop_opener.cpp), so that
// /etc/hosts counts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "delivery/next_hop.h"
#include "dns/answer.h"
#include "net/endpoint.h"
#include "net/expected_server.h"

namespace postern::delivery {

// Of what a domain may make us do.
inline constexpr std::size_t max_mail_exchanges = 10;   ///< hosts, those preferred first
inline constexpr std::size_t max_route_addresses = 16;  ///< of all hosts together
inline constexpr std::size_t max_tlsa_records = 20;     ///< of one host

/// Where to connect, and what to insist on there.
struct HopAddress {
  net::Endpoint endpoint;
  std::string name;  ///< of the host; empty: it was given by its address
  TlsPolicy tls = TlsPolicy::none;
  std::shared_ptr<const net::ExpectedServer> expected;

  /// `mail.contoso.com [192.0.2.1]:25`, for logs.
  std::string to_string() const;
};

using HopRoute = std::vector<HopAddress>;

/// Are DNS answers, rather than the system, asked for this server?
bool needs_dns(const HopServer& server);

/// Only for servers that need the DNS. `own_name`: if it is among the MX records, only hosts
/// that are preferred to us are left, and if there are none, mail would come back to us (RFC 5321
/// section 5.1). `seed` orders hosts of equal preference. The error is a sentence.
dns::Asking<Result<HopRoute>> find_route(const HopServer& server, std::string_view own_name,
                                         std::uint64_t seed, const dns::AnswerSet& answers);

/// For addresses that the system has found.
HopRoute route_to(const HopServer& server, const std::vector<IpAddress>& addresses);

/// From rdata; what is too short is left out.
std::vector<net::TlsaRecord> read_tlsa(const dns::Answer& answer);

}  // namespace postern::delivery
