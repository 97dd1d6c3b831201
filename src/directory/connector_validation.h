// Checks an inbound connector before it enters the directory: every parameter alone, then
// what they mean together and beside the connectors that are there. Errors begin with the
// parameter at fault.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "directory/objects.h"
#include "directory/snapshot.h"

namespace postern::directory {

/// `-Force`: let pass what is rarely meant. What that is, is said by the error without it.
enum class Force { no, yes };

/// Wider prefixes than these need Force.
inline constexpr unsigned widest_v4_prefix = 24;
inline constexpr unsigned widest_v6_prefix = 48;
inline constexpr std::size_t max_comment = 1'000;

/// `contoso.com`, `*.contoso.com`, `*`, or with Exchange's decoration `smtp:*;1`: without it, as
/// A-label. The error does not name the parameter.
Result<std::string> parse_sender_domain(std::string_view text);
/// As Exchange prints it: `smtp:*;1`.
std::string print_sender_domain(std::string_view domain);

/// `mail.contoso.com` or `*.contoso.com` with A-labels; `parameter` is for the error.
Result<std::string> check_certificate_name(std::string_view parameter, std::string_view text);

/// The connector with names in their stored form and without repetitions. `replaced`: the
/// connector as it is now if it is to be changed, or null; what it has already needs no Force.
Result<InboundConnector> check_connector(InboundConnector connector, const Snapshot& directory,
                                         const Organization& organization,
                                         const InboundConnector* replaced, Force force);

}  // namespace postern::directory
