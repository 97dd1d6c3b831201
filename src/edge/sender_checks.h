// What the DNS can say about a client and its envelope while the session goes on: SPF of both
// identities, and whether the address has a name that leads back to it.
//
// The name in HELO and the reverse name are the client's, so a session asks about them once; only
// the reverse-path is asked about for every message.
#pragma once

#include <memory>
#include <string>

#include "auth/iprev.h"
#include "auth/spf_identities.h"
#include "auth/spf_record_cache.h"
#include "edge/asker.h"
#include "mail/mailbox.h"

namespace postern::edge {

/// Who is asked about: the client that connected, or one behind it.
struct ClientFacts {
  IpAddress address;
  std::string hello;
};

struct HeloCheck {
  auth::SpfCheck spf;
  /// The Received-SPF field that every message gets of it.
  std::string field;
  dns::Asked asked;
};
/// Null: HELO is no name that can be asked about.
using SharedHelo = std::shared_ptr<const HeloCheck>;

struct ClientChecks {
  std::shared_ptr<Pending<SharedHelo>> helo;
  std::shared_ptr<Pending<auth::Iprev>> iprev;
};

struct SpfOutcome {
  // Null as auth::SpfIdentities has nothing.
  std::shared_ptr<const auth::SpfCheck> mail_from;
  SharedHelo helo;

  /// The one that speaks for the transaction: MAIL FROM if there is one. Null: neither.
  const auth::SpfCheck* main() const {
    return mail_from ? mail_from.get() : helo ? &helo->spf : nullptr;
  }
  const auth::SpfEvaluation* main_evaluation() const {
    const auth::SpfCheck* check = main();
    return check != nullptr ? &check->evaluation : nullptr;
  }
};

/// What these functions begin with. The first two outlive everything that is begun.
struct SpfAsking {
  Asker& asker;
  auth::SpfRecordCache& records;
  const std::string& server_name;
  Time now;
};

std::shared_ptr<Pending<SharedHelo>> begin_helo(const SpfAsking& asking, const ClientFacts& client);
// The DNS has failed for now: the next transaction should ask again.
bool has_failed(const Pending<SharedHelo>& helo);
bool has_failed(const Pending<auth::Iprev>& iprev);

/// `asked` gets all answers, also those about HELO.
std::shared_ptr<Pending<SpfOutcome>> begin_spf(const SpfAsking& asking, const ClientFacts& client,
                                               const mail::Mailbox& reverse_path,
                                               std::shared_ptr<Pending<SharedHelo>> helo,
                                               std::shared_ptr<dns::Asked> asked);

/// `asked` gets the answers; null: nobody wants them.
std::shared_ptr<Pending<auth::Iprev>> begin_iprev(Asker& asker, const IpAddress& client,
                                                  std::shared_ptr<dns::Asked> asked = nullptr);

}  // namespace postern::edge
