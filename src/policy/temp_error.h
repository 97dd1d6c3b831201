// Mail whose authentication the DNS cannot answer just now: judged with what is known, or asked to
// come again (Set-OrganizationConfig -DeferOnTempError)?
//
// Deferring keeps a forger from getting in while the DNS of the forged domain is under attack, and
// costs honest senders a delay as long as their DNS is out of order. So it is off at first, and
// where it is on, only an answer that could change the verdict is waited for.
// docs/authentication.md says the same to administrators.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "auth/dkim_result.h"
#include "auth/dmarc.h"
#include "auth/spf.h"
#include "directory/objects.h"
#include "mail/reply.h"

namespace postern::policy {

struct TempErrorFacts {
  /// Of the MAIL FROM identity; null: none was checked.
  const auth::SpfEvaluation* spf = nullptr;
  std::span<const auth::DkimResult> dkim;
  const auth::DmarcEvaluation* dmarc = nullptr;
  /// A connector knows the client by its certificate or address. Then authentication decides
  /// nothing, and a printer may not come again.
  bool vouched = false;
};

struct Deferral {
  /// 451 4.4.3, as RFC 7208 section 8.6 has it (RFC 3463: no DNS server), without the tail.
  mail::Reply reply;
  /// For the trace: `DeferOnTempError: SPF of bank.test`.
  std::string reason;
};

/// Nothing: the message is judged with what is known. That is so
///  * if DMARC passes, or fails: then no answer that is missing could change it (RFC 9989
///    section 5.3.6; auth/dmarc.h makes it temperror if one could),
///  * without DMARC policy, if the author domain, one above or one below it passes SPF or DKIM.
/// Otherwise what counts is a temperror of DMARC; without DMARC policy one of SPF, and one of a
/// signature of such a domain.
std::optional<Deferral> defer_on_temp_error(const TempErrorFacts& facts,
                                            const directory::OrganizationConfig& config);

}  // namespace postern::policy
