// What is odd about a connector: settings that are allowed, and rarely mean what was meant.
//
// Pure, like all of policy: it sees the directory and what is known of the connector's
// certificates, and says the same each time. docs/attribution.md has the list.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "directory/snapshot.h"

namespace postern::policy {

enum class Severity {
  information,  ///< how it works, in case that was not meant
  warning,      ///< mail may be refused, or let in, that nobody thought of
  error         ///< it does nothing
};
/// `Information`, `Warning`, `Error`.
std::string_view to_string(Severity severity);

struct Finding {
  Severity severity = Severity::information;
  std::string finding;  ///< a sentence
  std::string remedy;   ///< a sentence or a cmdlet line; empty: nothing need be done
};

/// A certificate by which a client was attributed to the connector.
struct SeenCertificate {
  std::string name;
  Time not_after;
};

/// So long before its end a certificate is told of.
inline constexpr auto certificate_expiry_warning = std::chrono::days(30);

/// Which clients and mail the connector matches, in words: `Clients at 198.51.100.7 that send in
/// the name of any domain.`
std::string describe_match(const directory::InboundConnector& connector);

/// The gravest first. `organization` is the connector's.
std::vector<Finding> lint_connector(const directory::InboundConnector& connector,
                                    const directory::Organization& organization,
                                    const directory::Snapshot& directory,
                                    const std::optional<SeenCertificate>& seen, Time now);

}  // namespace postern::policy
