// Which entry of the Tenant Allow/Block List counts for a message.
//
// A message has several names (sending_source.h), so several entries may be about it. The one that
// is more exact about the author counts: his address before his domain before `*`. Among those an
// infrastructure that is named counts before `*`. Among those that are as exact in both, Block
// counts before Allow. So a general Block can have an exact exception, and the other way round, and
// what cannot be told apart is blocked.
#pragma once

#include <span>
#include <string_view>

#include "directory/spoof_items.h"
#include "policy/sending_source.h"
#include "policy/signals.h"

namespace postern::policy {

struct SpoofedAuthor {
  std::string_view address;  ///< lower case
  std::string_view domain;   ///< of it
  bool is_own = false;       ///< an accepted domain of the organization
};

struct ListedPair {
  SpoofPair pair = SpoofPair::unlisted;
  /// The entry that counts, valid as long as the list; null: none.
  const directory::SpoofItem* item = nullptr;
};

ListedPair find_listed_pair(const directory::SpoofItems& items, const SpoofedAuthor& author,
                            const SendingSource& source, Time now);

/// Of several authors, one that is blocked is enough to block; all must be allowed to allow.
ListedPair find_listed_pair(const directory::SpoofItems& items,
                            std::span<const SpoofedAuthor> authors, const SendingSource& source,
                            Time now);

}  // namespace postern::policy
