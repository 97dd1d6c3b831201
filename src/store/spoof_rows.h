// The tables of an organization's spoof protection: numbers of the composite authentication that
// differ from their defaults, policies and rules. Few rows, so a change writes all of them anew.
#pragma once

#include "directory/snapshot.h"
#include "store/sqlite.h"

namespace postern::store {

/// A step of the directory's form (directory_rows.cpp). Released, it never changes.
inline constexpr const char* spoof_tables_step = R"sql(
ALTER TABLE organization ADD COLUMN gateway_in_front INTEGER NOT NULL DEFAULT 0;
CREATE TABLE composite_auth_setting (
  organization INTEGER NOT NULL REFERENCES organization ON DELETE CASCADE,
  name TEXT NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (organization, name)
) WITHOUT ROWID;
CREATE TABLE anti_phish_policy (
  organization INTEGER NOT NULL REFERENCES organization ON DELETE CASCADE,
  guid TEXT NOT NULL,
  name TEXT NOT NULL COLLATE NOCASE,
  is_default INTEGER NOT NULL,
  admin_display_name TEXT NOT NULL,
  enable_spoof_intelligence INTEGER NOT NULL,
  honor_dmarc_policy INTEGER NOT NULL,
  authentication_fail_action TEXT NOT NULL,
  dmarc_quarantine_action TEXT NOT NULL,
  dmarc_reject_action TEXT NOT NULL,
  spoof_block_action TEXT NOT NULL,
  when_created INTEGER NOT NULL,
  when_changed INTEGER NOT NULL,
  PRIMARY KEY (organization, name)
) WITHOUT ROWID;
CREATE TABLE anti_phish_rule (
  organization INTEGER NOT NULL REFERENCES organization ON DELETE CASCADE,
  priority INTEGER NOT NULL,
  guid TEXT NOT NULL,
  name TEXT NOT NULL COLLATE NOCASE,
  policy TEXT NOT NULL,
  comments TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  sent_to TEXT NOT NULL,
  recipient_domain_is TEXT NOT NULL,
  except_if_sent_to TEXT NOT NULL,
  except_if_recipient_domain_is TEXT NOT NULL,
  when_changed INTEGER NOT NULL,
  PRIMARY KEY (organization, priority)
) WITHOUT ROWID;
)sql";

// Both throw SqliteError; loading also std::runtime_error naming a row that makes no sense.

/// Of all organizations that are in `snapshot`.
void load_spoof_protection(Database& database, directory::Snapshot& snapshot);
void write_spoof_protection(Database& database, directory::OrganizationId id,
                            const directory::SpoofProtection& protection);

}  // namespace postern::store
