// The client by which a message is judged, with what the DNS says of it.
//
// At first it is the one that connected. If the message came by a gateway whose connector has
// Enhanced Filtering, it is the one that the gateway had, as soon as the header section is there:
// the DNS is asked about it while the body still arrives. SPF, DMARC, iprev and the trace then go
// by it; attribution and the replies at RCPT went by the connection, and so does our Received
// field.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "edge/pending.h"
#include "edge/sender_checks.h"
#include "policy/decision.h"
#include "policy/enhanced_filtering.h"

namespace postern::edge {

struct JudgedClient {
  /// HELO of one behind a gateway is what the gateway's Received field tells of it.
  ClientFacts facts;
  std::shared_ptr<Pending<SpfOutcome>> spf;
  std::shared_ptr<Pending<auth::Iprev>> iprev;
};

/// A recipient that was accepted.
struct FilteredRecipient {
  const policy::RcptVerdict* verdict = nullptr;
  std::string_view address;  ///< as EFUsers has addresses
};

/// The connector whose Enhanced Filtering concerns the message, and whether it counts: it does if
/// all recipients have this connector, and EFUsers has all of them. Null: there is none. One that
/// matched only by SenderDomains is none, since it knows nobody: any client could write the fields.
struct Gateway {
  const directory::InboundConnector* connector = nullptr;
  bool for_all_recipients = false;
};
Gateway find_gateway(std::span<const FilteredRecipient> recipients);

}  // namespace postern::edge
