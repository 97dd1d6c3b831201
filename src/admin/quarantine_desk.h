// The quarantine, and the mail that leaves it, as the cmdlets use them.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/result.h"
#include "delivery/quarantine_folder.h"
#include "directory/snapshot.h"
#include "store/quarantine_rows.h"

namespace postern::admin {

struct QuarantineDesk {
  store::QuarantineRows& rows;
  delivery::QuarantineFolder& folder;
  /// Hands a message to the next hop of one recipient and waits for the answer. An error: it went
  /// nowhere, or nobody knows.
  std::function<Result<delivery::RecipientOutcome>(delivery::Envelope envelope,
                                                   const std::string& forward_path,
                                                   std::string content, delivery::Edit edit)>
      deliver;
  /// Digests to all recipients of an organization who were not told yet, or to one of them (empty:
  /// all); how many went out.
  std::function<Result<std::size_t>(const directory::Organization& organization,
                                    const std::string& recipient)>
      send_digests;
};

}  // namespace postern::admin
