// Which SPF evaluations a transaction calls for: of the reverse-path, and of the HELO name
// (RFC 7208 sections 2.3 and 2.4).
#pragma once

#include <optional>

#include "auth/spf.h"
#include "mail/mailbox.h"

namespace postern::auth {

struct SpfIdentities {
  /// Of a null reverse-path, postmaster at the HELO name. Nothing for an address literal, where the
  /// reverse-path is not known, and for a null one where HELO is no name.
  std::optional<SpfQuery> mail_from;
  /// Nothing where HELO is no name of more than one label, which can have no record (section 2.3),
  /// and with a null reverse-path, for which it is asked already.
  std::optional<SpfQuery> helo;
};

/// `facts` has the client, HELO, receiver and time. `reverse_path` null: not known.
SpfIdentities spf_identities(const SpfQuery& facts, const mail::Mailbox* reverse_path);

// One of them alone, for whoever asks about HELO once for many transactions.
std::optional<SpfQuery> mail_from_query(SpfQuery facts, const mail::Mailbox& reverse_path);
/// For transactions whose reverse-path is not null.
std::optional<SpfQuery> helo_query(SpfQuery facts);

/// An evaluation and what was asked, which the header fields tell too.
struct SpfCheck {
  SpfQuery query;
  SpfEvaluation evaluation;
};

}  // namespace postern::auth
