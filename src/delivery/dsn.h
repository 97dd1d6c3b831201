// The delivery status notification (RFC 3464) that tells a sender which recipients a next hop
// has refused for good, after others have taken the message.
//
// It goes from the null reverse-path to the message's reverse-path, so nothing ever answers it;
// a message that came from the null reverse-path gets none (RFC 5321 section 6.1).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/time.h"
#include "delivery/envelope.h"
#include "delivery/outcome.h"

namespace postern::delivery {

/// Octets of the message's header section that the DSN quotes.
inline constexpr std::size_t max_quoted_header = 32 * 1024;

struct DsnFacts {
  std::string_view host_name;  ///< Reporting-MTA, From
  std::string_view id;         ///< of the DSN: Message-ID and MIME boundary, a UUID
  Time time;
};

/// The whole message with CRLF, without trace fields. `header`: the beginning of the message that
/// was refused; what stands after its header section is not quoted.
std::string make_dsn(const DsnFacts& facts, const Envelope& envelope,
                     std::span<const RecipientOutcome> refused, std::string_view header);

/// Does the DSN need SMTPUTF8?
bool is_international_dsn(std::string_view dsn);

}  // namespace postern::delivery
