#include "store/trace_scan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "store/trace_day.h"
#include "store/trace_packing.h"

namespace postern::store {
namespace {

// Columns by the number that the statement below gives them.
enum Column {
  received,
  client,
  hello,
  tls,
  certificate,
  reverse_path,
  forward_path,
  decision,
  ptr,
  spf,
  dkim,
  dmarc,
  compauth,
  facts
};

/// The numbers of an organization's name, however it is spelled, as `1,7`; empty: none.
std::string ids_of(Database& database, std::string_view wanted) {
  Statement by_hash = database.prepare("SELECT id, text FROM string WHERE hash = ?");
  by_hash.bind(1, trace_string_hash(wanted));
  std::string ids;
  while (by_hash.step()) {
    if (iequals(by_hash.text(1), wanted))
      ids += (ids.empty() ? "" : ",") + std::to_string(by_hash.number(0));
  }
  return ids;
}

void scan(Database& database, const TraceScan& wanted, bool has_facts, TraceRowReader& reader,
          TraceScanned& scanned) {
  // Texts stand all over the file: with the 2 MB that SQLite takes unasked, pages are read again
  // and again.
  database.execute("PRAGMA cache_size = -16384");
  const std::string owner = ids_of(database, wanted.organization);
  if (owner.empty()) return;
  Statement row = database.prepare(fmt::format(
      "SELECT received, client, greeting.text, tls, certificate, sender.text, forward_path, "
      "decision, ptr, spf, dkim, dmarc, compauth, {} FROM row "
      "LEFT JOIN string AS sender ON sender.id = reverse_path "
      "LEFT JOIN string AS greeting ON greeting.id = hello "
      "WHERE organization IN ({}) AND received BETWEEN ?1 AND ?2",
      has_facts ? "facts" : "NULL", owner));
  row.bind(1, wanted.start.time_since_epoch().count());
  row.bind(2, wanted.end.time_since_epoch().count());
  TraceTexts texts(database);
  reader.begin_day();
  while (row.step()) {
    const TraceScanRow found{.received = Time(std::chrono::microseconds(row.number(received))),
                             .has_tls = row.number(tls) != 0,
                             .reverse_path = row.text(reverse_path),
                             .hello = row.text(hello),
                             .client = row.number(client),
                             .certificate = row.number(certificate),
                             .forward_path = row.number(forward_path),
                             .decision = row.number(decision),
                             .ptr = row.number(ptr),
                             .spf = row.number(spf),
                             .dkim = row.number(dkim),
                             .dmarc = row.number(dmarc),
                             .compauth = row.number(compauth),
                             .facts = row.number(facts)};
    ++scanned.rows;
    scanned.first = scanned.first ? std::min(*scanned.first, found.received) : found.received;
    scanned.last = scanned.last ? std::max(*scanned.last, found.received) : found.received;
    reader.read(found, texts);
  }
}

}  // namespace

void TraceScanned::add(TraceScanned other) {
  rows += other.rows;
  if (other.first) first = std::min(first.value_or(*other.first), *other.first);
  if (other.last) last = std::max(last.value_or(*other.last), *other.last);
  for (std::string& problem : other.problems) {
    if (std::ranges::find(problems, problem) == problems.end())
      problems.push_back(std::move(problem));
  }
}

TraceTexts::TraceTexts(Database& database)
    : by_id_(database.prepare("SELECT text FROM string WHERE id = ?")) {}

std::string TraceTexts::text(TraceTextId id) {
  std::string text;
  if (id == 0) return text;
  by_id_.bind(1, id);
  if (by_id_.step()) text = by_id_.text(0);
  by_id_.reset();
  return text;
}

void scan_trace_day(const std::string& path, const TraceScan& wanted, TraceRowReader& reader,
                    TraceScanned& scanned) {
  Result<Database> database = Database::open(path, Database::Mode::read_only);
  if (!database) {
    scanned.problems.push_back(database.error().message);
    return;
  }
  try {
    Statement version = database->prepare("PRAGMA user_version");
    version.step();
    const std::int64_t found = version.number(0);
    version.reset();
    if (found < oldest_trace_schema_version || found > trace_schema_version) {
      scanned.problems.push_back(
          fmt::format("{} was written by another version of Postern.", path));
      return;
    }
    scan(*database, wanted, found >= first_trace_schema_with_basis, reader, scanned);
  } catch (const SqliteError& error) {
    scanned.problems.push_back(fmt::format("{} cannot be read: {}.", path, error.what()));
  }
}

}  // namespace postern::store
