// What the DNS can say about a client and its envelope while the session goes on: SPF of both
// identities, and whether the address has a reverse name.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/spf.h"
#include "edge/asker.h"
#include "mail/mailbox.h"
#include "smtp/receiver.h"

namespace postern::edge {

struct SpfOutcome {
  /// Nothing for the null reverse-path (RFC 7208 section 2.4 then looks at HELO) and for a
  /// reverse-path with an address literal.
  std::optional<auth::SpfEvaluation> mail_from;
  /// Nothing where HELO was no domain name.
  std::optional<auth::SpfEvaluation> helo;

  /// The one that speaks for the transaction: MAIL FROM if there is one. Null: neither.
  const auth::SpfEvaluation* main() const {
    return mail_from ? &*mail_from : helo ? &*helo : nullptr;
  }
};

std::shared_ptr<Pending<SpfOutcome>> begin_spf(Asker& asker, const smtp::SessionFacts& session,
                                               const mail::Mailbox& reverse_path,
                                               const std::string& server_name, Time now);

struct ReverseName {
  dns::Status status = dns::Status::failure;
  std::vector<std::string> names;  ///< as the PTR records say: not validated
};

std::shared_ptr<Pending<ReverseName>> begin_reverse_name(Asker& asker, const IpAddress& client);

}  // namespace postern::edge
