#include "store/traffic_day.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/encoding.h"
#include "base/keyed_hash.h"
#include "store/trace_day.h"

namespace postern::store {
namespace {

constexpr std::int64_t schema_version = 1;
constexpr const char* schema = R"sql(
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

std::int64_t row_id(const std::string& text) {
  const std::string digest = sha256(text);
  std::uint64_t id = 0;
  for (std::size_t i = 0; i < 8; ++i) id = id << 8 | static_cast<unsigned char>(digest[i]);
  return static_cast<std::int64_t>(id >> 1);
}

std::string budget_name(char table, std::int64_t hour, std::int64_t kind, std::int64_t detail,
                        std::string_view organization) {
  return fmt::format("{}{} {} {} {}", table, hour, kind, detail, organization);
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
      add_address_(database_.prepare("INSERT INTO address VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)")) {
  count_rows();
}

void TrafficDayWriter::count_rows() {
  for (const auto& [table, letter] : {std::pair("traffic", 'r'), std::pair("address", 'a')}) {
    Statement rows = database_.prepare(fmt::format(
        "SELECT hour, kind, detail, organization, count(*) FROM {} GROUP BY 1, 2, 3, 4", table));
    while (rows.step()) {
      const auto count = static_cast<std::uint64_t>(rows.number(4));
      budgets_[budget_name(letter, rows.number(0), rows.number(1), rows.number(2), rows.text(3))] +=
          count;
      hour_budget_[rows.number(0)] += count;
    }
  }
}

bool TrafficDayWriter::take_room(std::int64_t hour, std::string_view budget, std::uint64_t limit) {
  std::uint64_t& all = hour_budget_[hour];
  std::uint64_t& own = budgets_[std::string(budget)];
  if (own >= limit || all >= limits_.all_rows) return false;
  ++own;
  ++all;
  return true;
}

TrafficDayWriter::Written TrafficDayWriter::write(const TrafficBatch& batch, bool is_full) {
  Written written;
  try {
    SqliteTransaction transaction(database_);
    for (const auto& [text, row] : batch.rows) write(row, is_full, written);
    for (const auto& [text, row] : batch.addresses) write(row, is_full, written);
    transaction.commit();
  } catch (const SqliteError&) {
    // The writer is given up: its budgets hold what was rolled back.
    for (Statement* statement : {&update_row_, &add_row_, &update_address_, &add_address_})
      statement->reset();
    throw;
  }
  return written;
}

void TrafficDayWriter::write(const CountedTraffic& row, bool is_full, Written& written) {
  const TrafficCount& count = row.count;
  TrafficKey key = row.key;
  for (;; coarsen(key)) {
    std::string text;
    append_to(text, key);
    const std::int64_t id = row_id(text);
    update_row_.bind(1, id)
        .bind(2, static_cast<std::int64_t>(count.messages))
        .bind(3, static_cast<std::int64_t>(count.recipients))
        .bind(4, static_cast<std::int64_t>(count.self_to_self))
        .bind(5, static_cast<std::int64_t>(count.with_tls))
        .bind(6, to_micros(count.first))
        .bind(7, to_micros(count.last))
        .run();
    if (key.detail == TrafficDetail::none) written.others += count.messages;
    if (database_.changes() > 0) return;
    const auto kind = static_cast<std::int64_t>(key.kind);
    const auto detail = static_cast<std::int64_t>(key.detail);
    if (key.detail != TrafficDetail::none &&
        (is_full ||
         !take_room(key.hour,
                    budget_name('r', key.hour, kind, detail, key[TrafficText::organization]),
                    limits_.organization_rows)))
      continue;
    int column = 0;
    add_row_.bind(++column, id);
    for (const std::int64_t number : {key.hour, kind, detail}) add_row_.bind(++column, number);
    for (const std::string& one : key.texts) add_row_.bind(++column, one);
    for (const std::uint64_t number :
         {count.messages, count.recipients, count.self_to_self, count.with_tls})
      add_row_.bind(++column, static_cast<std::int64_t>(number));
    add_row_.bind(++column, to_micros(count.first)).bind(column + 1, to_micros(count.last));
    add_row_.bind_blob(column + 2, pack_trace_id(count.sample)).run();
    ++written.new_rows;
    return;
  }
}

void TrafficDayWriter::write(const CountedAddress& row, bool is_full, Written& written) {
  const AddressCount& count = row.count;
  AddressKey key = row.key;
  for (;;) {
    std::string text;
    append_to(text, key);
    const std::int64_t id = row_id(text);
    update_address_.bind(1, id)
        .bind(2, static_cast<std::int64_t>(count.messages))
        .bind(3, static_cast<std::int64_t>(count.refused))
        .bind(4, to_micros(count.first))
        .bind(5, to_micros(count.last))
        .run();
    if (database_.changes() > 0) return;
    const auto kind = static_cast<std::int64_t>(key.kind);
    const std::int64_t detail = detail_of(key);
    const bool has_room =
        !is_full && take_room(key.hour, budget_name('a', key.hour, kind, detail, key.organization),
                              limits_.organization_addresses);
    if (!has_room && coarsen(key)) continue;
    add_address_.bind(1, id)
        .bind(2, key.hour)
        .bind(3, kind)
        .bind(4, static_cast<std::int64_t>(key.role))
        .bind(5, detail)
        .bind(6, key.organization)
        .bind(7, key.source)
        .bind(8, key.sender_domain)
        .bind(9, key.address)
        .bind(10, static_cast<std::int64_t>(count.messages))
        .bind(11, static_cast<std::int64_t>(count.refused))
        .bind(12, to_micros(count.first))
        .bind(13, to_micros(count.last))
        .run();
    ++written.new_rows;
    return;
  }
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
