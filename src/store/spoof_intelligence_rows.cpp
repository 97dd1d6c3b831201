#include "store/spoof_intelligence_rows.h"

#include <cstring>

namespace postern::store {
namespace {

using directory::OrganizationId;
using directory::SpoofType;
using policy::DayNumber;

constexpr const char* tables = R"sql(
CREATE TABLE IF NOT EXISTS secret (low INTEGER NOT NULL, high INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS spoof_count (
  organization INTEGER NOT NULL,
  day INTEGER NOT NULL,
  type INTEGER NOT NULL,
  spoofed_user TEXT NOT NULL,
  sending_infrastructure TEXT NOT NULL,
  outcome INTEGER NOT NULL,
  by_list INTEGER NOT NULL,
  result INTEGER NOT NULL,
  reason INTEGER NOT NULL,
  author_domain TEXT NOT NULL,
  true_sender TEXT NOT NULL,
  spf TEXT NOT NULL,
  dkim TEXT NOT NULL,
  dmarc TEXT NOT NULL,
  count INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  PRIMARY KEY (organization, day, type, spoofed_user, sending_infrastructure, outcome, by_list,
               result, reason)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS spoof_count_of_day ON spoof_count (day);
CREATE INDEX IF NOT EXISTS spoof_count_of_pair
  ON spoof_count (organization, type, spoofed_user, sending_infrastructure);
CREATE TABLE IF NOT EXISTS sighting (
  kind INTEGER NOT NULL,
  key INTEGER NOT NULL,
  bits INTEGER NOT NULL,
  weight_thousandths INTEGER NOT NULL,
  day INTEGER NOT NULL,
  disputed_day INTEGER NOT NULL,
  PRIMARY KEY (kind, key)
) WITHOUT ROWID;
)sql";

constexpr const char* count_columns =
    "organization, day, type, spoofed_user, sending_infrastructure, outcome, by_list, result, "
    "reason, author_domain, true_sender, spf, dkim, dmarc, count, last_seen";

constexpr const char* add_up =
    " ON CONFLICT DO UPDATE SET count = count + excluded.count, last_seen = max(last_seen, "
    "excluded.last_seen), author_domain = excluded.author_domain, true_sender = "
    "excluded.true_sender, spf = excluded.spf, dkim = excluded.dkim, dmarc = excluded.dmarc";

std::int64_t number_of(OrganizationId id) {
  return static_cast<std::int64_t>(id);
}
template <class Enum>
std::int64_t code_of(Enum value) {
  return static_cast<std::int64_t>(value);
}
template <class Enum>
Enum enum_of(std::int64_t code) {
  return static_cast<Enum>(code);
}

SpoofCount read_count(const Statement& row) {
  SpoofCount count;
  SpoofSighting& last = count.last;
  last.pair.organization = OrganizationId{static_cast<std::uint32_t>(row.number(0))};
  last.pair.type = enum_of<SpoofType>(row.number(2));
  last.pair.spoofed_user = row.text(3);
  last.pair.sending_infrastructure = row.text(4);
  last.outcome = enum_of<SpoofOutcome>(row.number(5));
  last.by_list = row.number(6) != 0;
  last.result = enum_of<policy::CompositeResult>(row.number(7));
  last.reason = static_cast<int>(row.number(8));
  last.author_domain = row.text(9);
  last.true_sender = row.text(10);
  last.spf = row.text(11);
  last.dkim = row.text(12);
  last.dmarc = row.text(13);
  count.count = static_cast<std::uint64_t>(row.number(14));
  last.at = Time(std::chrono::microseconds(row.number(15)));
  return count;
}

}  // namespace

void prepare_spoof_tables(Database& database) {
  database.execute(tables);
}

KeyedHash::Key load_hash_key(Database& database) {
  auto select = database.prepare("SELECT low, high FROM secret");
  if (select.step()) {
    return {static_cast<std::uint64_t>(select.number(0)),
            static_cast<std::uint64_t>(select.number(1))};
  }
  const KeyedHash::Key key = KeyedHash::random_key();
  database.prepare("INSERT INTO secret VALUES (?, ?)")
      .bind(1, static_cast<std::int64_t>(key.low))
      .bind(2, static_cast<std::int64_t>(key.high))
      .run();
  return key;
}

void load_pairs(
    Database& database,
    const std::function<void(const policy::SpoofPairName&, std::uint32_t, DayNumber)>& use) {
  auto rows = database.prepare(
      "SELECT organization, type, spoofed_user, sending_infrastructure, count(DISTINCT day) AS "
      "days, max(day) FROM spoof_count WHERE spoofed_user != '' GROUP BY organization, type, "
      "spoofed_user, sending_infrastructure ORDER BY days DESC, max(last_seen)");
  while (rows.step()) {
    use({.organization = OrganizationId{static_cast<std::uint32_t>(rows.number(0))},
         .type = enum_of<SpoofType>(rows.number(1)),
         .spoofed_user = std::string(rows.text(2)),
         .sending_infrastructure = std::string(rows.text(3))},
        static_cast<std::uint32_t>(rows.number(4)), static_cast<DayNumber>(rows.number(5)));
  }
}

Statement prepare_count_add(Database& database) {
  return database.prepare(std::string("INSERT INTO spoof_count (") + count_columns +
                          ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" + add_up);
}

void add_count(Statement& add, const SpoofCount& count) {
  const SpoofSighting& last = count.last;
  add.bind(1, number_of(last.pair.organization))
      .bind(2, std::int64_t{policy::day_number(last.at)})
      .bind(3, code_of(last.pair.type))
      .bind(4, last.pair.spoofed_user)
      .bind(5, last.pair.sending_infrastructure)
      .bind(6, code_of(last.outcome))
      .bind(7, std::int64_t{last.by_list})
      .bind(8, code_of(last.result))
      .bind(9, std::int64_t{last.reason})
      .bind(10, last.author_domain)
      .bind(11, last.true_sender)
      .bind(12, last.spf)
      .bind(13, last.dkim)
      .bind(14, last.dmarc)
      .bind(15, static_cast<std::int64_t>(count.count))
      .bind(16, last.at.time_since_epoch().count())
      .run();
}

void forget_pair(Database& database, const policy::SpoofPairName& pair) {
  const auto bind_pair = [&pair](Statement statement) {
    statement.bind(1, number_of(pair.organization))
        .bind(2, code_of(pair.type))
        .bind(3, pair.spoofed_user)
        .bind(4, pair.sending_infrastructure)
        .run();
  };
  constexpr const char* of_pair =
      " FROM spoof_count WHERE organization = ? AND type = ? AND spoofed_user = ? AND "
      "sending_infrastructure = ?";
  bind_pair(database.prepare(std::string("INSERT INTO spoof_count (") + count_columns +
                             ") SELECT organization, day, type, '', '', outcome, by_list, result, "
                             "reason, '', '', '', '', '', count, last_seen" +
                             of_pair + add_up));
  bind_pair(database.prepare(std::string("DELETE") + of_pair));
}

void drop_old_counts(Database& database, DayNumber first_day, std::size_t max_rows) {
  database.prepare("DELETE FROM spoof_count WHERE day < ?").bind(1, std::int64_t{first_day}).run();
  for (;;) {
    auto select = database.prepare("SELECT count(*), min(day) FROM spoof_count");
    if (!select.step() || select.number(0) <= static_cast<std::int64_t>(max_rows)) return;
    const std::int64_t oldest = select.number(1);
    select.reset();
    database.prepare("DELETE FROM spoof_count WHERE day = ?").bind(1, oldest).run();
  }
}

std::vector<SpoofCount> find_counts(Database& database, const SpoofQuery& query) {
  std::vector<SpoofCount> found;
  auto rows = database.prepare(
      std::string("SELECT ") + count_columns +
      " FROM spoof_count WHERE organization = ? AND day BETWEEN ? AND ? ORDER BY day DESC, "
      "last_seen DESC LIMIT ?");
  rows.bind(1, number_of(query.organization))
      .bind(2, std::int64_t{policy::day_number(query.start)})
      .bind(3, std::int64_t{policy::day_number(query.end)})
      .bind(4, std::int64_t{SpoofQuery::most_rows});
  while (rows.step()) found.push_back(read_count(rows));
  return found;
}

void load_sightings(Database& database, SightingKind kind,
                    const std::function<void(const policy::Sighting&)>& use) {
  auto rows = database.prepare(
      "SELECT key, bits, weight_thousandths, day, disputed_day FROM sighting WHERE kind = ?");
  rows.bind(1, code_of(kind));
  while (rows.step()) {
    use({.key = static_cast<std::uint64_t>(rows.number(0)),
         .bits = static_cast<std::uint64_t>(rows.number(1)),
         .weight = static_cast<float>(rows.number(2)) / 1000,
         .day = static_cast<DayNumber>(rows.number(3)),
         .disputed_day = static_cast<DayNumber>(rows.number(4))});
  }
}

Statement prepare_sighting_put(Database& database) {
  return database.prepare("INSERT OR REPLACE INTO sighting VALUES (?, ?, ?, ?, ?, ?)");
}

void put_sighting(Statement& put, SightingKind kind, const policy::Sighting& sighting) {
  put.bind(1, code_of(kind))
      .bind(2, static_cast<std::int64_t>(sighting.key))
      .bind(3, static_cast<std::int64_t>(sighting.bits))
      .bind(4, static_cast<std::int64_t>(sighting.weight * 1000))
      .bind(5, std::int64_t{sighting.day})
      .bind(6, std::int64_t{sighting.disputed_day})
      .run();
}

void delete_sighting(Database& database, SightingKind kind, std::uint64_t key) {
  database.prepare("DELETE FROM sighting WHERE kind = ? AND key = ?")
      .bind(1, code_of(kind))
      .bind(2, static_cast<std::int64_t>(key))
      .run();
}

void drop_old_sightings(Database& database, DayNumber first_day) {
  database.prepare("DELETE FROM sighting WHERE day < ?").bind(1, std::int64_t{first_day}).run();
}

}  // namespace postern::store
