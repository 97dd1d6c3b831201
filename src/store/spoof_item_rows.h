// The table of the Tenant Allow/Block List's spoofed senders.
#pragma once

#include "directory/snapshot.h"
#include "directory/spoof_items.h"
#include "store/sqlite.h"

namespace postern::store {

/// A step of the directory's form (directory_rows.cpp). Released, it never changes.
inline constexpr const char* spoof_item_tables_step = R"sql(
CREATE TABLE spoof_item (
  organization INTEGER NOT NULL REFERENCES organization ON DELETE CASCADE,
  guid TEXT NOT NULL,
  action TEXT NOT NULL,
  type TEXT NOT NULL,
  spoofed_user TEXT NOT NULL,
  sending_infrastructure TEXT NOT NULL,
  expires INTEGER,
  when_created INTEGER NOT NULL,
  when_changed INTEGER NOT NULL,
  PRIMARY KEY (organization, guid)
) WITHOUT ROWID;
)sql";

// All throw SqliteError; loading also std::runtime_error naming a row that makes no sense.

/// Of all organizations that are in `snapshot`.
void load_spoof_items(Database& database, directory::Snapshot& snapshot);
void put_spoof_item(Database& database, directory::OrganizationId id,
                    const directory::SpoofItem& item);
void delete_spoof_item(Database& database, directory::OrganizationId id,
                       const directory::Guid& guid);

}  // namespace postern::store
