// What the DNS can say about a client and its envelope while the session goes on: SPF of both
// identities, and whether the address has a name that leads back to it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "auth/iprev.h"
#include "auth/spf_identities.h"
#include "auth/spf_record_cache.h"
#include "edge/asker.h"
#include "mail/mailbox.h"

namespace postern::edge {

struct SpfOutcome {
  // As auth::SpfIdentities has them.
  std::optional<auth::SpfCheck> mail_from;
  std::optional<auth::SpfCheck> helo;

  /// The one that speaks for the transaction: MAIL FROM if there is one. Null: neither.
  const auth::SpfEvaluation* main() const {
    return mail_from ? &mail_from->evaluation : helo ? &helo->evaluation : nullptr;
  }
};

/// Who is asked about: the client that connected, or one behind it.
struct ClientFacts {
  IpAddress address;
  std::string hello;
};

/// `records` outlives the asker. `asked` gets the answers; null: nobody wants them.
std::shared_ptr<Pending<SpfOutcome>> begin_spf(Asker& asker, auth::SpfRecordCache& records,
                                               const ClientFacts& client,
                                               const mail::Mailbox& reverse_path,
                                               const std::string& server_name, Time now,
                                               std::shared_ptr<dns::Asked> asked);

std::shared_ptr<Pending<auth::Iprev>> begin_iprev(Asker& asker, const IpAddress& client,
                                                  std::shared_ptr<dns::Asked> asked = nullptr);

}  // namespace postern::edge
