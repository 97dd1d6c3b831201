// The directory's tables: their form, and objects as rows of them.
//
// The form has a version; an older database is brought up to date when it is opened, a newer one
// is refused. Lists are texts with an entry a line: nothing is searched for in them here, since all
// searching is done in the Snapshot.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "directory/objects.h"
#include "directory/snapshot.h"
#include "store/sqlite.h"

namespace postern::store {

/// Creates the tables or brings them to the newest form. An error if they are newer than that.
Result<void> prepare_directory_tables(Database& database);

/// Everything. Throws SqliteError, and std::runtime_error naming a row that makes no sense.
directory::Snapshot load_directory(Database& database);

// All of these throw SqliteError. Removing an organization removes its rows everywhere.
directory::OrganizationId insert_organization(Database& database, const directory::Guid& guid,
                                              std::string_view name, Time when_created);
void delete_organization(Database& database, directory::OrganizationId id);
void update_config(Database& database, directory::OrganizationId id,
                   const directory::OrganizationConfig& config);
void update_arc_config(Database& database, directory::OrganizationId id,
                       const directory::ArcConfig& config);
void put_domain(Database& database, directory::OrganizationId id,
                const directory::AcceptedDomain& domain);
void delete_domain(Database& database, std::string_view name);
/// The statement for insert_recipient, to be kept for many.
Statement prepare_recipient_insert(Database& database);
void insert_recipient(Statement& insert, directory::OrganizationId id,
                      const directory::Recipient& recipient);
void delete_recipient(Database& database, directory::OrganizationId id, std::string_view address);
/// The statement for put_connector, to be kept for many.
Statement prepare_connector_put(Database& database);
void put_connector(Statement& put, directory::OrganizationId id,
                   const directory::InboundConnector& connector);
void delete_connector(Database& database, directory::OrganizationId id,
                      const directory::Guid& guid);
void update_revision(Database& database, std::uint64_t revision);

}  // namespace postern::store
