// Which entries of the directory took part in the decision about a recipient: what the indexes of
// attribution and of the nearest miss give for the facts, and the recipient's policy. Which of
// their members the trace keeps is judged.cpp's matter.
#pragma once

#include <optional>
#include <vector>

#include "directory/snapshot.h"
#include "directory/spoof_protection.h"
#include "policy/attribution.h"
#include "policy/decision.h"

namespace postern::policy {

/// Valid as long as the snapshot.
struct Participants {
  struct Domain {
    const directory::Organization* organization;
    const directory::AcceptedDomain* domain;
  };
  struct Connector {
    const directory::Organization* organization;
    const directory::InboundConnector* connector;
  };

  /// Those of the rest; the recipient's first, if somebody accepts mail for him.
  std::vector<const directory::Organization*> organizations;
  std::vector<Domain> domains;
  std::vector<Connector> connectors;
  /// The recipient's organization's, those that have the client.
  std::vector<const directory::DirectSendException*> exceptions;
  /// The recipient's, with the rule that chose it. Null: nobody's; it is the default.
  const directory::AntiPhishPolicy* policy = nullptr;
  const directory::AntiPhishRule* rule = nullptr;
};

/// `destination`: where the directory leads mail for the forward-path.
Participants find_participants(const RcptFacts& envelope, const AttributionFacts& facts,
                               const directory::Snapshot& directory, const RcptVerdict& verdict,
                               const std::optional<directory::Destination>& destination);

}  // namespace postern::policy
