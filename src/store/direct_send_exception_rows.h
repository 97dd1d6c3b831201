// The table of the exceptions of Reject Direct Send.
#pragma once

#include "directory/direct_send_exceptions.h"
#include "directory/snapshot.h"
#include "store/sqlite.h"

namespace postern::store {

/// A step of the directory's form (directory_rows.cpp). Released, it never changes.
inline constexpr const char* direct_send_exception_table_step = R"sql(
CREATE TABLE direct_send_exception (
  organization INTEGER NOT NULL REFERENCES organization ON DELETE CASCADE,
  guid TEXT NOT NULL,
  name TEXT NOT NULL,
  sender_ip_addresses TEXT NOT NULL,
  sender_certificate_name TEXT NOT NULL,
  senders TEXT NOT NULL,
  recipients TEXT NOT NULL,
  expires INTEGER NOT NULL,
  reason TEXT NOT NULL,
  when_created INTEGER NOT NULL,
  when_changed INTEGER NOT NULL,
  PRIMARY KEY (organization, guid)
) WITHOUT ROWID;
)sql";

// All throw SqliteError; loading also std::runtime_error naming a row that makes no sense.

/// Of all organizations that are in `snapshot`.
void load_direct_send_exceptions(Database& database, directory::Snapshot& snapshot);
void put_direct_send_exception(Database& database, directory::OrganizationId id,
                               const directory::DirectSendException& exception);
void delete_direct_send_exception(Database& database, directory::OrganizationId id,
                                  const directory::Guid& guid);

}  // namespace postern::store
