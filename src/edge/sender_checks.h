// What the DNS can say about a client and its envelope while the session goes on: SPF of both
// identities, and whether the address has a name that leads back to it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "auth/iprev.h"
#include "auth/spf.h"
#include "edge/asker.h"
#include "mail/mailbox.h"
#include "smtp/receiver.h"

namespace postern::edge {

/// An evaluation and what was asked, which the header fields tell too.
struct SpfCheck {
  auth::SpfQuery query;
  auth::SpfEvaluation evaluation;
};

struct SpfOutcome {
  /// Nothing for the null reverse-path (RFC 7208 section 2.4 then looks at HELO) and for a
  /// reverse-path with an address literal.
  std::optional<SpfCheck> mail_from;
  /// Nothing where HELO was no domain name.
  std::optional<SpfCheck> helo;

  /// The one that speaks for the transaction: MAIL FROM if there is one. Null: neither.
  const auth::SpfEvaluation* main() const {
    return mail_from ? &mail_from->evaluation : helo ? &helo->evaluation : nullptr;
  }
};

std::shared_ptr<Pending<SpfOutcome>> begin_spf(Asker& asker, const smtp::SessionFacts& session,
                                               const mail::Mailbox& reverse_path,
                                               const std::string& server_name, Time now);

std::shared_ptr<Pending<auth::Iprev>> begin_iprev(Asker& asker, const IpAddress& client);

}  // namespace postern::edge
