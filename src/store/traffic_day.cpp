#include "store/traffic_day.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <limits>

#include "store/spoof_intelligence_rows.h"
#include "store/trace_packing.h"

namespace postern::store {
namespace {

constexpr auto no_limit = std::numeric_limits<std::uint64_t>::max();

constexpr std::int64_t schema_version = 1;
constexpr const char* schema = R"sql(
CREATE TABLE secret (low INTEGER NOT NULL, high INTEGER NOT NULL);
CREATE TABLE traffic (
  id INTEGER PRIMARY KEY, hour INTEGER NOT NULL, kind INTEGER NOT NULL, detail INTEGER NOT NULL,
  organization TEXT NOT NULL, source TEXT NOT NULL, ptr_domain TEXT NOT NULL, hello TEXT NOT NULL,
  certificate TEXT NOT NULL, sender_domain TEXT NOT NULL, author_domain TEXT NOT NULL,
  connector TEXT NOT NULL, nearest_miss TEXT NOT NULL, spf TEXT NOT NULL, dkim TEXT NOT NULL,
  dmarc TEXT NOT NULL, compauth TEXT NOT NULL, decision TEXT NOT NULL, reason TEXT NOT NULL,
  messages INTEGER NOT NULL, recipients INTEGER NOT NULL, self_to_self INTEGER NOT NULL,
  with_tls INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, sample BLOB NOT NULL);
CREATE TABLE address (
  id INTEGER PRIMARY KEY, hour INTEGER NOT NULL, kind INTEGER NOT NULL, role INTEGER NOT NULL,
  detail INTEGER NOT NULL, organization TEXT NOT NULL, source TEXT NOT NULL,
  sender_domain TEXT NOT NULL, address TEXT NOT NULL, messages INTEGER NOT NULL,
  refused INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL);
PRAGMA user_version = 1;
)sql";
static_assert(schema_version == 1, "the schema above says which version it is");

std::uint64_t inode_of(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

std::int64_t to_micros(Time time) {
  return time.time_since_epoch().count();
}

Time from_micros(std::int64_t micros) {
  return Time(std::chrono::microseconds(micros));
}

Database open_day(const std::string& path) {
  Result<Database> database = Database::open(path);
  if (!database) throw SqliteError(database.error().message, opening_problem(path));
  Statement version = database->prepare("PRAGMA user_version");
  version.step();
  const std::int64_t found = version.number(0);
  version.reset();
  if (found == 0) {
    SqliteTransaction transaction(*database);
    database->execute(schema);
    transaction.commit();
  } else if (found != schema_version) {
    throw SqliteError(fmt::format("{} has the schema {} of another version", path, found),
                      SQLITE_NOTADB);
  }
  return std::move(*database);
}

Database open_to_read(const std::string& path) {
  Result<Database> database = Database::open(path, Database::Mode::read_only);
  if (!database) throw SqliteError(database.error().message, opening_problem(path));
  return std::move(*database);
}

}  // namespace

std::size_t TrafficHash::operator()(std::string_view text) const {
  static const KeyedHash hash(KeyedHash::random_key());
  return hash(text);
}

TrafficDayWriter::TrafficDayWriter(const std::string& path, const TrafficLimits& limits)
    : path_(path),
      limits_(limits),
      database_(open_day(path)),
      inode_(inode_of(path)),
      update_row_(database_.prepare(
          "UPDATE traffic SET messages = messages + ?2, recipients = recipients + ?3, "
          "self_to_self = self_to_self + ?4, with_tls = with_tls + ?5, first = min(first, ?6), "
          "last = max(last, ?7) WHERE id = ?1")),
      add_row_(database_.prepare("INSERT INTO traffic VALUES "
                                 "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")),
      update_address_(
          database_.prepare("UPDATE address SET messages = messages + ?2, refused = refused + ?3, "
                            "first = min(first, ?4), last = max(last, ?5) WHERE id = ?1")),
      add_address_(database_.prepare("INSERT INTO address VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)")),
      hash_(load_hash_key(database_)) {
  load_rows(Table::traffic);
  load_rows(Table::address);
}

std::int64_t TrafficDayWriter::number_of(Table table, std::string_view texts) const {
  // Its lowest bit tells the tables apart, whose rows are known in one set.
  const std::uint64_t hash = hash_(texts) >> 1;
  return static_cast<std::int64_t>((hash & ~std::uint64_t{1}) |
                                   (table == Table::traffic ? 0u : 1u));
}

void TrafficDayWriter::load_rows(Table table) {
  Statement rows =
      database_.prepare(fmt::format("SELECT id, hour, kind, detail, organization FROM {}",
                                    table == Table::traffic ? "traffic" : "address"));
  while (rows.step()) {
    take_room(rows.number(0), table, rows.number(1), static_cast<TrafficKind>(rows.number(2)),
              static_cast<int>(rows.number(3)), rows.text(4), no_limit);
  }
}

bool TrafficDayWriter::take_room(std::int64_t id, Table table, std::int64_t hour, TrafficKind kind,
                                 int detail, std::string_view organization, std::uint64_t limit) {
  std::string name =
      fmt::format("{} {} {} {} ", static_cast<int>(table), hour, static_cast<int>(kind), detail);
  std::uint64_t& own = budgets_[hash_(name += organization)];
  std::uint64_t& all = hour_budget_[hour];
  if (limit != no_limit && (own >= limit || all >= limits_.all_rows)) return false;
  ++own;
  ++all;
  rows_.insert(id);
  return true;
}

TrafficDayWriter::Written TrafficDayWriter::write(const TrafficBatch& batch, bool is_full) {
  Written written;
  try {
    SqliteTransaction transaction(database_);
    write_traffic(batch, is_full, written);
    write_addresses(batch, is_full, written);
    transaction.commit();
  } catch (const SqliteError&) {
    // The writer is given up: it knows rows that were rolled back.
    for (Statement* statement : {&update_row_, &add_row_, &update_address_, &add_address_})
      statement->reset();
    throw;
  }
  return written;
}

/// Each row to the place that its key has, or a coarser one has where there is no room; those that
/// come to the same place are added up first.
template <class Counted, class Rows, class TakeRoom, class Placed>
void TrafficDayWriter::write_rows(Table table, const Rows& rows, Written& written,
                                  TakeRoom room_for, Placed placed) {
  struct Merged {
    Counted row;
    bool is_new = false;
  };
  std::unordered_map<std::int64_t, Merged> merged;
  std::string text;
  for (const auto& [ignored, counted] : rows) {
    auto key = counted.key;
    std::int64_t id = 0;
    bool is_new = false;
    for (;; coarsen(key)) {
      text.clear();
      append_to(text, key);
      id = number_of(table, text);
      if (is_there(id)) break;
      is_new = room_for(id, key);
      if (is_new) break;
    }
    placed(key, counted);
    auto [at, is_first] = merged.try_emplace(id);
    if (is_first) at->second = {{std::move(key), {}}, is_new};
    at->second.row.count.add(counted.count);
  }
  for (const auto& [id, one] : merged) {
    if (one.is_new) {
      insert(id, one.row);
      ++written.new_rows;
    } else {
      update(id, one.row.count);
    }
  }
}

void TrafficDayWriter::write_traffic(const TrafficBatch& batch, bool is_full, Written& written) {
  const auto is_coarsest = [](const TrafficKey& key) { return key.detail == TrafficDetail::none; };
  write_rows<CountedTraffic>(
      Table::traffic, batch.rows, written,
      [&](std::int64_t id, const TrafficKey& key) {
        const bool is_last = is_coarsest(key);
        return (is_last || !is_full) &&
               take_room(id, Table::traffic, key.hour, key.kind, static_cast<int>(key.detail),
                         key[TrafficText::organization],
                         is_last ? no_limit : limits_.organization_rows);
      },
      [&](const TrafficKey& key, const CountedTraffic& counted) {
        if (is_coarsest(key)) written.others += counted.count.messages;
      });
}

void TrafficDayWriter::write_addresses(const TrafficBatch& batch, bool is_full, Written& written) {
  write_rows<CountedAddress>(
      Table::address, batch.addresses, written,
      [&](std::int64_t id, const AddressKey& key) {
        const bool is_last = is_coarsest(key);
        return (is_last || !is_full) &&
               take_room(id, Table::address, key.hour, key.kind, detail_of(key), key.organization,
                         is_last ? no_limit : limits_.organization_addresses);
      },
      [](const AddressKey&, const CountedAddress&) {});
}

void TrafficDayWriter::insert(std::int64_t id, const CountedTraffic& row) {
  const auto& [key, count] = row;
  int column = 0;
  add_row_.bind(++column, id);
  for (const std::int64_t number : {key.hour, std::int64_t{static_cast<std::uint8_t>(key.kind)},
                                    std::int64_t{static_cast<std::uint8_t>(key.detail)}})
    add_row_.bind(++column, number);
  for (const std::string& one : key.texts) add_row_.bind(++column, one);
  for (const std::uint64_t number :
       {count.messages, count.recipients, count.self_to_self, count.with_tls})
    add_row_.bind(++column, static_cast<std::int64_t>(number));
  add_row_.bind(column + 1, to_micros(count.first)).bind(column + 2, to_micros(count.last));
  add_row_.bind_blob(column + 3, pack_trace_id(count.sample)).run();
}

void TrafficDayWriter::update(std::int64_t id, const TrafficCount& count) {
  update_row_.bind(1, id)
      .bind(2, static_cast<std::int64_t>(count.messages))
      .bind(3, static_cast<std::int64_t>(count.recipients))
      .bind(4, static_cast<std::int64_t>(count.self_to_self))
      .bind(5, static_cast<std::int64_t>(count.with_tls))
      .bind(6, to_micros(count.first))
      .bind(7, to_micros(count.last))
      .run();
}

void TrafficDayWriter::insert(std::int64_t id, const CountedAddress& row) {
  const auto& [key, count] = row;
  add_address_.bind(1, id)
      .bind(2, key.hour)
      .bind(3, std::int64_t{static_cast<std::uint8_t>(key.kind)})
      .bind(4, std::int64_t{static_cast<std::uint8_t>(key.role)})
      .bind(5, std::int64_t{detail_of(key)})
      .bind(6, key.organization)
      .bind(7, key.source)
      .bind(8, key.sender_domain)
      .bind(9, key.address)
      .bind(10, static_cast<std::int64_t>(count.messages))
      .bind(11, static_cast<std::int64_t>(count.refused))
      .bind(12, to_micros(count.first))
      .bind(13, to_micros(count.last))
      .run();
}

void TrafficDayWriter::update(std::int64_t id, const AddressCount& count) {
  update_address_.bind(1, id)
      .bind(2, static_cast<std::int64_t>(count.messages))
      .bind(3, static_cast<std::int64_t>(count.refused))
      .bind(4, to_micros(count.first))
      .bind(5, to_micros(count.last))
      .run();
}

bool TrafficDayWriter::is_in_place() const {
  return inode_of(path_) == inode_;
}

void read_traffic(const std::string& path, const TrafficQuery& query,
                  const std::function<void(const CountedTraffic&)>& use) {
  Database database = open_to_read(path);
  Statement rows =
      database.prepare("SELECT * FROM traffic WHERE organization = ? AND last >= ? AND first <= ?");
  rows.bind(1, query.organization).bind(2, to_micros(query.start)).bind(3, to_micros(query.end));
  CountedTraffic row;
  while (rows.step()) {
    row.key.hour = rows.number(1);
    row.key.kind = static_cast<TrafficKind>(rows.number(2));
    row.key.detail = static_cast<TrafficDetail>(rows.number(3));
    int column = 4;
    for (std::string& text : row.key.texts) text = rows.text(column++);
    for (std::uint64_t* number :
         {&row.count.messages, &row.count.recipients, &row.count.self_to_self, &row.count.with_tls})
      *number = static_cast<std::uint64_t>(rows.number(column++));
    row.count.first = from_micros(rows.number(column++));
    row.count.last = from_micros(rows.number(column++));
    row.count.sample = unpack_trace_id(rows.blob(column));
    use(row);
  }
}

void read_addresses(const std::string& path, const TrafficQuery& query,
                    const std::function<void(const CountedAddress&)>& use) {
  Database database = open_to_read(path);
  Statement rows = database.prepare(
      "SELECT hour, kind, role, organization, source, sender_domain, address, messages, refused, "
      "first, last FROM address WHERE organization = ? AND last >= ? AND first <= ?");
  rows.bind(1, query.organization).bind(2, to_micros(query.start)).bind(3, to_micros(query.end));
  CountedAddress row;
  while (rows.step()) {
    row.key.hour = rows.number(0);
    row.key.kind = static_cast<TrafficKind>(rows.number(1));
    row.key.role = static_cast<AddressRole>(rows.number(2));
    row.key.organization = rows.text(3);
    row.key.source = rows.text(4);
    row.key.sender_domain = rows.text(5);
    row.key.address = rows.text(6);
    row.count.messages = static_cast<std::uint64_t>(rows.number(7));
    row.count.refused = static_cast<std::uint64_t>(rows.number(8));
    row.count.first = from_micros(rows.number(9));
    row.count.last = from_micros(rows.number(10));
    use(row);
  }
}

}  // namespace postern::store
