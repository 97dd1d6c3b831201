#include "store/directory_rows.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "store/direct_send_exception_rows.h"
#include "store/spoof_item_rows.h"
#include "store/spoof_rows.h"

namespace postern::store {
namespace {

using namespace directory;

// Step n brings version n to n + 1. A step that was released never changes.
constexpr std::array steps = {R"sql(
CREATE TABLE organization (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  guid TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  when_created INTEGER NOT NULL,
  reject_direct_send INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE accepted_domain (
  name TEXT NOT NULL PRIMARY KEY,
  organization INTEGER NOT NULL REFERENCES organization ON DELETE CASCADE,
  type TEXT NOT NULL,
  match_sub_domains INTEGER NOT NULL,
  is_default INTEGER NOT NULL,
  next_hop TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX accepted_domain_of_organization ON accepted_domain (organization);
CREATE TABLE recipient (
  organization INTEGER NOT NULL REFERENCES organization ON DELETE CASCADE,
  address TEXT NOT NULL,
  aliases TEXT NOT NULL,
  PRIMARY KEY (organization, address)
) WITHOUT ROWID;
CREATE TABLE inbound_connector (
  organization INTEGER NOT NULL REFERENCES organization ON DELETE CASCADE,
  guid TEXT NOT NULL,
  name TEXT NOT NULL COLLATE NOCASE,
  type TEXT NOT NULL,
  source TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  sender_domains TEXT NOT NULL,
  sender_ip_addresses TEXT NOT NULL,
  tls_sender_certificate_name TEXT NOT NULL,
  require_tls INTEGER NOT NULL,
  restrict_domains_to_ip_addresses INTEGER NOT NULL,
  restrict_domains_to_certificate INTEGER NOT NULL,
  cloud_services_mail_enabled INTEGER NOT NULL,
  treat_messages_as_internal INTEGER NOT NULL,
  associated_accepted_domains TEXT NOT NULL,
  ef_skip_last_ip INTEGER NOT NULL,
  ef_skip_ips TEXT NOT NULL,
  ef_users TEXT NOT NULL,
  comment TEXT NOT NULL,
  when_created INTEGER NOT NULL,
  when_changed INTEGER NOT NULL,
  PRIMARY KEY (organization, guid)
) WITHOUT ROWID;
CREATE TABLE directory_revision (revision INTEGER NOT NULL);
INSERT INTO directory_revision VALUES (0);
)sql",
                              R"sql(
ALTER TABLE organization ADD COLUMN defer_on_temp_error INTEGER NOT NULL DEFAULT 0;
ALTER TABLE organization ADD COLUMN arc_trusted_sealers TEXT NOT NULL DEFAULT '';
)sql",
                              R"sql(
ALTER TABLE organization ADD COLUMN stamp_exchange_headers INTEGER NOT NULL DEFAULT 0;
)sql",
                              R"sql(
ALTER TABLE organization ADD COLUMN relay_next_hop TEXT NOT NULL DEFAULT '';
ALTER TABLE inbound_connector ADD COLUMN message_rate_limit INTEGER NOT NULL DEFAULT 0;
ALTER TABLE inbound_connector ADD COLUMN recipient_rate_limit INTEGER NOT NULL DEFAULT 0;
)sql", spoof_tables_step,
                              R"sql(
ALTER TABLE organization ADD COLUMN check_header_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE organization ADD COLUMN allow_authenticated INTEGER NOT NULL DEFAULT 0;
)sql", spoof_item_tables_step, R"sql(
ALTER TABLE accepted_domain ADD COLUMN junk_detail TEXT NOT NULL DEFAULT '';
ALTER TABLE organization ADD COLUMN quarantine_digest TEXT NOT NULL DEFAULT 'Off';
ALTER TABLE organization ADD COLUMN quarantine_digest_hour INTEGER NOT NULL DEFAULT 7;
)sql", R"sql(
ALTER TABLE organization ADD COLUMN reject_mode TEXT NOT NULL DEFAULT 'Enforce';
ALTER TABLE organization ADD COLUMN reject_percentage INTEGER NOT NULL DEFAULT 100;
ALTER TABLE organization ADD COLUMN reject_effective_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE organization ADD COLUMN reject_pilot_recipients TEXT NOT NULL DEFAULT '';
ALTER TABLE organization ADD COLUMN return_to_audit_above INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accepted_domain ADD COLUMN reject_direct_send TEXT NOT NULL DEFAULT 'Inherit';
)sql", direct_send_exception_table_step};

constexpr std::size_t usual_connectors = 16;

std::int64_t number_of(OrganizationId id) {
  return static_cast<std::int64_t>(id);
}
OrganizationId organization_id(const Statement& row, int column) {
  return OrganizationId{static_cast<std::uint32_t>(row.number(column))};
}
std::int64_t number_of(Time time) {
  return time.time_since_epoch().count();
}
Time time_of(std::int64_t number) {
  return Time(std::chrono::microseconds(number));
}

std::string join(const CompactList<IpPrefix>& prefixes) {
  std::string joined;
  for (const IpPrefix& prefix : prefixes) {
    if (!joined.empty()) joined += NameList::separator;
    joined += prefix.to_string();
  }
  return joined;
}

/// Somebody else has written the database.
template <class T>
T known(const std::optional<T>& value, std::string_view what, std::string_view text) {
  if (!value) throw std::runtime_error("the " + std::string(what) + " is " + std::string(text));
  return *value;
}

/// A table's rows in the order of organizations.
class RowsByOrganization {
 public:
  /// The first column is the organization.
  explicit RowsByOrganization(Statement rows) : rows_(std::move(rows)) { next(); }

  /// `use(row)` for the rows of `id`, which come next if there are any: every row belongs to an
  /// organization, as a foreign key.
  template <class Use>
  void for_each_of(OrganizationId id, Use&& use) {
    for (; there_ && organization_id(rows_, 0) == id; next()) use(rows_);
  }

 private:
  void next() { there_ = rows_.step(); }

  Statement rows_;
  bool there_ = false;
};

AcceptedDomain read_domain(const Statement& row) {
  AcceptedDomain domain;
  domain.name = row.text(1);
  domain.type = known(parse_domain_type(row.text(2)), "type of an accepted domain", row.text(2));
  domain.match_sub_domains = row.number(3) != 0;
  domain.is_default = row.number(4) != 0;
  domain.next_hop = row.text(5);
  domain.junk_detail = row.text(6);
  domain.reject_direct_send = known(parse_direct_send_switch(row.text(7)),
                                    "RejectDirectSend of an accepted domain", row.text(7));
  return domain;
}

Recipient read_recipient(const Statement& row) {
  return {std::string(row.text(1)), NameList::from_joined(row.text(2)).to_vector()};
}

constexpr std::string_view connector_columns =
    "organization, guid, name, type, source, enabled, sender_domains, sender_ip_addresses, "
    "tls_sender_certificate_name, require_tls, restrict_domains_to_ip_addresses, "
    "restrict_domains_to_certificate, cloud_services_mail_enabled, treat_messages_as_internal, "
    "associated_accepted_domains, ef_skip_last_ip, ef_skip_ips, ef_users, comment, when_created, "
    "when_changed, message_rate_limit, recipient_rate_limit";

InboundConnector read_connector(const Statement& row) {
  InboundConnector connector;
  connector.guid = known(Guid::parse(row.text(1)), "GUID of a connector", row.text(1));
  connector.name = row.text(2);
  connector.type = known(parse_connector_type(row.text(3)), "type of a connector", row.text(3));
  connector.source =
      known(parse_connector_source(row.text(4)), "source of a connector", row.text(4));
  connector.enabled = row.number(5) != 0;
  connector.sender_domains = NameList::from_joined(row.text(6));
  std::vector<IpPrefix> prefixes;
  const std::string_view joined = row.text(7);
  for (auto at = NameList::Iterator(joined); at != NameList::Iterator(); ++at) {
    prefixes.push_back(known(IpPrefix::parse(*at), "sender address of a connector", *at));
  }
  connector.sender_ip_addresses = prefixes;
  connector.tls_sender_certificate_name = row.text(8);
  connector.require_tls = row.number(9) != 0;
  connector.restrict_domains_to_ip_addresses = row.number(10) != 0;
  connector.restrict_domains_to_certificate = row.number(11) != 0;
  connector.cloud_services_mail_enabled = row.number(12) != 0;
  connector.treat_messages_as_internal = row.number(13) != 0;
  connector.associated_accepted_domains = NameList::from_joined(row.text(14));
  connector.ef_skip_last_ip = row.number(15) != 0;
  connector.ef_skip_ips = NameList::from_joined(row.text(16));
  connector.ef_users = NameList::from_joined(row.text(17));
  connector.comment = row.text(18);
  connector.when_created = time_of(row.number(19));
  connector.when_changed = time_of(row.number(20));
  connector.message_rate_limit = static_cast<std::uint32_t>(row.number(21));
  connector.recipient_rate_limit = static_cast<std::uint32_t>(row.number(22));
  return connector;
}

}  // namespace

Result<void> prepare_directory_tables(Database& database) {
  try {
    // Other parts of the program keep tables in the same file, each with a version of its own.
    SqliteTransaction transaction(database);
    database.execute(
        "CREATE TABLE IF NOT EXISTS schema_version (part TEXT PRIMARY KEY, version INTEGER NOT "
        "NULL)");
    auto select = database.prepare("SELECT version FROM schema_version WHERE part = 'directory'");
    const std::int64_t version = select.step() ? select.number(0) : 0;
    select.reset();
    const auto newest = static_cast<std::int64_t>(steps.size());
    if (version > newest) {
      return fail(
          "The database was written by a newer version of this program: its directory has "
          "version " +
          std::to_string(version) + ", and this program knows up to " + std::to_string(newest) +
          ".");
    }
    for (auto step = version; step < newest; ++step) {
      database.execute(steps[static_cast<std::size_t>(step)]);
    }
    database.prepare("INSERT OR REPLACE INTO schema_version VALUES ('directory', ?)")
        .bind(1, newest)
        .run();
    transaction.commit();
    return {};
  } catch (const SqliteError& error) {
    return fail(std::string("Cannot prepare the directory in the database: ") + error.what());
  }
}

Snapshot load_directory(Database& database) {
  Snapshot snapshot;
  auto revision = database.prepare("SELECT revision FROM directory_revision");
  if (revision.step()) snapshot.set_revision(static_cast<std::uint64_t>(revision.number(0)));

  // One organization after the other, so that what belongs together stands together in memory.
  auto organization = database.prepare(
      "SELECT id, guid, name, when_created, reject_direct_send, defer_on_temp_error, "
      "arc_trusted_sealers, stamp_exchange_headers, relay_next_hop, gateway_in_front, "
      "check_header_from, allow_authenticated, quarantine_digest, quarantine_digest_hour, "
      "reject_mode, reject_percentage, reject_effective_from, reject_pilot_recipients, "
      "return_to_audit_above FROM organization ORDER BY id");
  RowsByOrganization domains(database.prepare(
      "SELECT organization, name, type, match_sub_domains, is_default, next_hop, "
      "junk_detail, reject_direct_send FROM accepted_domain ORDER BY organization"));
  RowsByOrganization recipients(database.prepare(
      "SELECT organization, address, aliases FROM recipient ORDER BY organization"));
  RowsByOrganization connectors(database.prepare("SELECT " + std::string(connector_columns) +
                                                 " FROM inbound_connector ORDER BY organization"));
  while (organization.step()) {
    const OrganizationId id = organization_id(organization, 0);
    snapshot.put_organization(
        id,
        known(Guid::parse(organization.text(1)), "GUID of an organization", organization.text(1)),
        std::string(organization.text(2)), time_of(organization.number(3)));
    snapshot.set_config(
        id, {.reject_direct_send = organization.number(4) != 0,
             .reject_direct_send_check_header_from = organization.number(10) != 0,
             .reject_direct_send_allow_authenticated = organization.number(11) != 0,
             .defer_on_temp_error = organization.number(5) != 0,
             .stamp_exchange_headers = organization.number(7) != 0,
             .gateway_in_front = organization.number(9) != 0,
             .reject_direct_send_mode = known(parse_enforcement_mode(organization.text(14)),
                                              "RejectDirectSendMode", organization.text(14)),
             .reject_direct_send_percentage = static_cast<std::uint8_t>(organization.number(15)),
             .relay_next_hop = organization.text(8),
             .reject_direct_send_effective_from = time_of(organization.number(16)),
             .reject_direct_send_pilot_recipients = NameList::from_joined(organization.text(17)),
             .reject_direct_send_return_to_audit_above =
                 static_cast<std::uint32_t>(organization.number(18)),
             .quarantine_digest = known(parse_digest_interval(organization.text(12)),
                                        "digest of an organization", organization.text(12)),
             .quarantine_digest_hour = static_cast<std::uint8_t>(organization.number(13))});
    if (auto sealers = NameList::from_joined(organization.text(6)); !sealers.empty()) {
      snapshot.set_arc_config(id, {.trusted_sealers = std::move(sealers)});
    }
    domains.for_each_of(id,
                        [&](const Statement& row) { snapshot.put_domain(id, read_domain(row)); });
    recipients.for_each_of(
        id, [&](const Statement& row) { snapshot.put_recipient(id, read_recipient(row)); });
    std::vector<InboundConnector> its_connectors;
    its_connectors.reserve(usual_connectors);
    connectors.for_each_of(
        id, [&](const Statement& row) { its_connectors.push_back(read_connector(row)); });
    snapshot.put_connectors(id, std::move(its_connectors));
  }
  load_spoof_protection(database, snapshot);
  load_spoof_items(database, snapshot);
  load_direct_send_exceptions(database, snapshot);
  return snapshot;
}

OrganizationId insert_organization(Database& database, const Guid& guid, std::string_view name,
                                   Time when_created) {
  database.prepare("INSERT INTO organization (guid, name, when_created) VALUES (?, ?, ?)")
      .bind(1, guid.to_string())
      .bind(2, name)
      .bind(3, number_of(when_created))
      .run();
  return OrganizationId{static_cast<std::uint32_t>(database.last_insert_id())};
}

void delete_organization(Database& database, OrganizationId id) {
  database.prepare("DELETE FROM organization WHERE id = ?").bind(1, number_of(id)).run();
}

void update_config(Database& database, OrganizationId id, const OrganizationConfig& config) {
  database
      .prepare(
          "UPDATE organization SET reject_direct_send = ?, defer_on_temp_error = ?, "
          "stamp_exchange_headers = ?, relay_next_hop = ?, gateway_in_front = ?, "
          "check_header_from = ?, allow_authenticated = ?, quarantine_digest = ?, "
          "quarantine_digest_hour = ?, reject_mode = ?, reject_percentage = ?, "
          "reject_effective_from = ?, reject_pilot_recipients = ?, return_to_audit_above = ? "
          "WHERE id = ?")
      .bind(1, std::int64_t{config.reject_direct_send})
      .bind(2, std::int64_t{config.defer_on_temp_error})
      .bind(3, std::int64_t{config.stamp_exchange_headers})
      .bind(4, config.relay_next_hop.view())
      .bind(5, std::int64_t{config.gateway_in_front})
      .bind(6, std::int64_t{config.reject_direct_send_check_header_from})
      .bind(7, std::int64_t{config.reject_direct_send_allow_authenticated})
      .bind(8, to_string(config.quarantine_digest))
      .bind(9, std::int64_t{config.quarantine_digest_hour})
      .bind(10, to_string(config.reject_direct_send_mode))
      .bind(11, std::int64_t{config.reject_direct_send_percentage})
      .bind(12, number_of(config.reject_direct_send_effective_from))
      .bind(13, config.reject_direct_send_pilot_recipients.joined())
      .bind(14, std::int64_t{config.reject_direct_send_return_to_audit_above})
      .bind(15, number_of(id))
      .run();
}

void update_arc_config(Database& database, OrganizationId id, const ArcConfig& config) {
  database.prepare("UPDATE organization SET arc_trusted_sealers = ? WHERE id = ?")
      .bind(1, config.trusted_sealers.joined())
      .bind(2, number_of(id))
      .run();
}

void put_domain(Database& database, OrganizationId id, const AcceptedDomain& domain) {
  database
      .prepare(
          "INSERT OR REPLACE INTO accepted_domain "
          "(name, organization, type, match_sub_domains, is_default, next_hop, junk_detail, "
          "reject_direct_send) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(1, domain.name)
      .bind(2, number_of(id))
      .bind(3, to_string(domain.type))
      .bind(4, std::int64_t{domain.match_sub_domains})
      .bind(5, std::int64_t{domain.is_default})
      .bind(6, domain.next_hop)
      .bind(7, domain.junk_detail)
      .bind(8, to_string(domain.reject_direct_send))
      .run();
}

void delete_domain(Database& database, std::string_view name) {
  database.prepare("DELETE FROM accepted_domain WHERE name = ?").bind(1, name).run();
}

Statement prepare_recipient_insert(Database& database) {
  return database.prepare(
      "INSERT INTO recipient (organization, address, aliases) VALUES (?, ?, ?)");
}

void insert_recipient(Statement& insert, OrganizationId id, const Recipient& recipient) {
  insert.bind(1, number_of(id))
      .bind(2, recipient.address)
      .bind(3, NameList(recipient.aliases).joined())
      .run();
}

void delete_recipient(Database& database, OrganizationId id, std::string_view address) {
  database.prepare("DELETE FROM recipient WHERE organization = ? AND address = ?")
      .bind(1, number_of(id))
      .bind(2, address)
      .run();
}

Statement prepare_connector_put(Database& database) {
  const auto values = std::ranges::count(connector_columns, ',') + 1;
  std::string sql =
      "INSERT OR REPLACE INTO inbound_connector (" + std::string(connector_columns) + ") VALUES (?";
  for (auto i = values; i > 1; --i) sql += ", ?";
  return database.prepare(sql + ")");
}

void put_connector(Statement& row, OrganizationId id, const InboundConnector& connector) {
  row.bind(1, number_of(id));
  row.bind(2, connector.guid.to_string());
  row.bind(3, connector.name.view());
  row.bind(4, to_string(connector.type));
  row.bind(5, to_string(connector.source));
  row.bind(6, std::int64_t{connector.enabled});
  row.bind(7, connector.sender_domains.joined());
  row.bind(8, join(connector.sender_ip_addresses));
  row.bind(9, connector.tls_sender_certificate_name.view());
  row.bind(10, std::int64_t{connector.require_tls});
  row.bind(11, std::int64_t{connector.restrict_domains_to_ip_addresses});
  row.bind(12, std::int64_t{connector.restrict_domains_to_certificate});
  row.bind(13, std::int64_t{connector.cloud_services_mail_enabled});
  row.bind(14, std::int64_t{connector.treat_messages_as_internal});
  row.bind(15, connector.associated_accepted_domains.joined());
  row.bind(16, std::int64_t{connector.ef_skip_last_ip});
  row.bind(17, connector.ef_skip_ips.joined());
  row.bind(18, connector.ef_users.joined());
  row.bind(19, connector.comment.view());
  row.bind(20, number_of(connector.when_created));
  row.bind(21, number_of(connector.when_changed));
  row.bind(22, std::int64_t{connector.message_rate_limit});
  row.bind(23, std::int64_t{connector.recipient_rate_limit});
  row.run();
}

void delete_connector(Database& database, OrganizationId id, const Guid& guid) {
  database.prepare("DELETE FROM inbound_connector WHERE organization = ? AND guid = ?")
      .bind(1, number_of(id))
      .bind(2, guid.to_string())
      .run();
}

void update_revision(Database& database, std::uint64_t revision) {
  database.prepare("UPDATE directory_revision SET revision = ?")
      .bind(1, static_cast<std::int64_t>(revision))
      .run();
}

}  // namespace postern::store
