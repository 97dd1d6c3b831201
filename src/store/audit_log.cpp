#include "store/audit_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/wildcard.h"

namespace postern::store {
namespace {

constexpr const char* schema = R"(
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,
    caller TEXT NOT NULL,
    organization TEXT NOT NULL,
    organization_name TEXT NOT NULL,
    cmdlet TEXT NOT NULL,
    object TEXT NOT NULL,
    parameters TEXT NOT NULL,
    changes TEXT NOT NULL,
    succeeded INTEGER NOT NULL,
    error TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS audit_time ON audit (time);
)";

std::int64_t to_microseconds(Time time) {
  return time.time_since_epoch().count();
}

AuditEntry read(const Statement& rows) {
  return {.number = rows.number(0),
          .time = Time(std::chrono::microseconds(rows.number(1))),
          .caller = std::string(rows.text(2)),
          .organization = std::string(rows.text(3)),
          .organization_name = std::string(rows.text(4)),
          .cmdlet = std::string(rows.text(5)),
          .object = std::string(rows.text(6)),
          .parameters = std::string(rows.text(7)),
          .changes = std::string(rows.text(8)),
          .succeeded = rows.number(9) != 0,
          .error = std::string(rows.text(10))};
}

bool matches_one(const std::vector<std::string>& patterns, std::string_view text) {
  return patterns.empty() || std::ranges::any_of(patterns, [&](const std::string& pattern) {
           return matches_wildcard(text, pattern);
         });
}

bool matches(const AuditQuery& query, const AuditEntry& entry) {
  const bool is_of_organization = query.organization.empty() ||
                                  query.organization == entry.organization ||
                                  (query.with_installation && entry.organization.empty());
  return is_of_organization && (!query.succeeded || *query.succeeded == entry.succeeded) &&
         matches_one(query.cmdlets, entry.cmdlet) && matches_one(query.objects, entry.object) &&
         matches_one(query.callers, entry.caller);
}

}  // namespace

Result<std::unique_ptr<AuditLog>> AuditLog::open(const std::string& path, std::size_t max_entries) {
  auto database = Database::open(path);
  if (!database) return std::unexpected(database.error());
  try {
    database->execute(schema);
  } catch (const SqliteError& error) {
    return fail(fmt::format("Cannot use the audit log {}: {}", path, error.what()));
  }
  return std::unique_ptr<AuditLog>(new AuditLog(std::move(*database), max_entries));
}

Result<void> AuditLog::add(const AuditEntry& entry) {
  return database_.with([&](Database& database) -> Result<void> {
    try {
      SqliteTransaction transaction(database);
      Statement insert = database.prepare(
          "INSERT INTO audit (time, caller, organization, organization_name, cmdlet, object, "
          "parameters, changes, succeeded, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
      insert.bind(1, to_microseconds(entry.time)).bind(2, entry.caller);
      insert.bind(3, entry.organization).bind(4, entry.organization_name);
      insert.bind(5, entry.cmdlet).bind(6, entry.object).bind(7, entry.parameters);
      insert.bind(8, entry.changes).bind(9, std::int64_t{entry.succeeded}).bind(10, entry.error);
      insert.run();
      // Numbers are given without gaps but for what was dropped here.
      database.prepare("DELETE FROM audit WHERE time < ? OR number <= ?")
          .bind(1, to_microseconds(entry.time - keep_for))
          .bind(2, database.last_insert_id() - static_cast<std::int64_t>(max_entries_))
          .run();
      transaction.commit();
      return {};
    } catch (const SqliteError& error) {
      return fail(fmt::format("The audit log could not be written: {}", error.what()));
    }
  });
}

Result<std::vector<AuditEntry>> AuditLog::search(const AuditQuery& query) const {
  return database_.with([&](Database& database) -> Result<std::vector<AuditEntry>> {
    try {
      std::vector<AuditEntry> found;
      Statement rows = database.prepare(
          "SELECT number, time, caller, organization, organization_name, cmdlet, object, "
          "parameters, changes, succeeded, error FROM audit WHERE time >= ? AND time <= ? "
          "ORDER BY number DESC");
      rows.bind(1, query.start ? to_microseconds(*query.start) : 0);
      rows.bind(2, to_microseconds(query.end.value_or(Time::max())));
      while (found.size() < query.limit && rows.step()) {
        AuditEntry entry = read(rows);
        if (matches(query, entry)) found.push_back(std::move(entry));
      }
      return found;
    } catch (const SqliteError& error) {
      return fail(fmt::format("The audit log could not be read: {}", error.what()));
    }
  });
}

}  // namespace postern::store
