// The delivery status notifications (RFC 3464) that tell a sender which recipients a next hop has
// refused for good, after others have taken the message; and, where NOTIFY=SUCCESS asked for it
// (RFC 3461) and the next hop cannot tell, which have got it.
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

/// Does this NOTIFY (RFC 3461 section 4.1) want to hear of it? Empty: of failures.
bool wants_failures(std::string_view notify);
bool wants_successes(std::string_view notify);

/// The whole message with CRLF, without trace fields. `recipients`: all of them refused, or all
/// delivered; towards an SMTP hop, that is relayed. `header`: the beginning of their message; what
/// stands after its header section is not quoted.
std::string make_dsn(const DsnFacts& facts, const Envelope& envelope,
                     std::span<const RecipientOutcome> recipients, std::string_view header);

/// Does the DSN need SMTPUTF8?
bool is_international_dsn(std::string_view dsn);

}  // namespace postern::delivery
