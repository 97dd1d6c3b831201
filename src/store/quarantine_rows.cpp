#include "store/quarantine_rows.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/encoding.h"
#include "base/log.h"
#include "base/wildcard.h"
#include "store/trace_files.h"

namespace postern::store {
namespace {

constexpr const char* schema = R"sql(
CREATE TABLE message (
  id TEXT PRIMARY KEY, trace_id TEXT NOT NULL, session TEXT NOT NULL, received INTEGER NOT NULL,
  organization TEXT NOT NULL, direction TEXT NOT NULL, reason TEXT NOT NULL, client TEXT NOT NULL,
  reverse_path TEXT NOT NULL, subject TEXT NOT NULL, message_id TEXT NOT NULL,
  author TEXT NOT NULL, smtp_utf8 INTEGER NOT NULL, eight_bit_mime INTEGER NOT NULL,
  require_tls INTEGER NOT NULL, size INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX message_received ON message (organization, received);
CREATE INDEX message_age ON message (received);
CREATE TABLE recipient (
  message TEXT NOT NULL REFERENCES message ON DELETE CASCADE,
  forward_path TEXT NOT NULL, next_hop TEXT NOT NULL, reply TEXT NOT NULL,
  released INTEGER, in_digest INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (message, forward_path)) WITHOUT ROWID;
CREATE INDEX recipient_forward_path ON recipient (forward_path COLLATE NOCASE);
CREATE TABLE digest (organization TEXT PRIMARY KEY, sent INTEGER NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
)sql";
constexpr std::int64_t schema_version = 1;

std::int64_t to_number(Time time) {
  return time.time_since_epoch().count();
}
Time to_time(std::int64_t number) {
  return Time(std::chrono::microseconds(number));
}

/// What every call does: one thread at a time, and a SqliteError becomes a sentence.
template <class Work>
auto guarded(std::mutex& mutex, Work&& work) -> Result<decltype(work())> {
  const std::lock_guard lock(mutex);
  try {
    if constexpr (std::is_void_v<decltype(work())>) {
      work();
      return {};
    } else {
      return work();
    }
  } catch (const SqliteError& error) {
    return fail(std::string("The quarantine's database failed: ") + error.what() + ".");
  }
}

/// A change that no file tells: on the disk when this returns.
class SyncedTransaction {
 public:
  explicit SyncedTransaction(Database& database) : database_(database) {
    database.execute("PRAGMA synchronous = FULL");
    transaction_.emplace(database);
  }
  void commit() { transaction_->commit(); }
  ~SyncedTransaction() {
    transaction_.reset();
    try {
      database_.execute("PRAGMA synchronous = NORMAL");
    } catch (const SqliteError&) {
      // Then the next rows are synced, too.
    }
  }
  SyncedTransaction(const SyncedTransaction&) = delete;
  SyncedTransaction& operator=(const SyncedTransaction&) = delete;

 private:
  Database& database_;
  std::optional<SqliteTransaction> transaction_;
};

bool is_plain(const std::string& pattern) {
  return !pattern.contains('*') && !pattern.contains('?');
}

bool matches_any(std::string_view text, const std::vector<std::string>& patterns) {
  return patterns.empty() || std::ranges::any_of(patterns, [&](const std::string& pattern) {
           return pattern == "<>" ? text.empty() : matches_wildcard(text, pattern);
         });
}

enum Column {
  id,
  trace_id,
  session,
  received,
  organization,
  direction,
  reason,
  client,
  reverse_path,
  subject,
  message_id,
  author,
  smtp_utf8,
  eight_bit_mime,
  require_tls,
  size,
  forward_path,
  next_hop,
  reply,
  released,
  in_digest
};
constexpr std::string_view columns =
    "id, trace_id, session, received, organization, direction, reason, client, reverse_path, "
    "subject, message_id, author, smtp_utf8, eight_bit_mime, require_tls, size, forward_path, "
    "next_hop, reply, released, in_digest";

QuarantineRow read(const Statement& row) {
  QuarantineRow found;
  QuarantinedMessage& message = found.message;
  message.id = row.text(id);
  message.message_trace_id = row.text(trace_id);
  message.session = row.text(session);
  message.received = to_time(row.number(received));
  message.organization = row.text(organization);
  message.direction = row.text(direction);
  message.reason = row.text(reason);
  message.client = row.text(client);
  message.reverse_path = row.text(reverse_path);
  message.subject = row.text(subject);
  message.message_id = row.text(message_id);
  message.author = row.text(author);
  message.smtp_utf8 = row.number(smtp_utf8) != 0;
  message.eight_bit_mime = row.number(eight_bit_mime) != 0;
  message.require_tls = row.number(require_tls) != 0;
  message.size = static_cast<std::uint64_t>(row.number(size));
  QuarantinedRecipient& recipient = found.recipient;
  recipient.forward_path = row.text(forward_path);
  recipient.next_hop = row.text(next_hop);
  recipient.reply = row.text(reply);
  if (!row.is_null(released)) recipient.released = to_time(row.number(released));
  recipient.in_digest = row.number(in_digest) != 0;
  return found;
}

std::string_view type_of(std::string_view reason) {
  return reason == "NextHopRefused" ? "NextHopRefused" : "Phish";
}

bool matches(const Statement& row, const QuarantineQuery& query) {
  return matches_any(row.text(reverse_path), query.senders) &&
         matches_any(row.text(forward_path), query.recipients) &&
         matches_any(row.text(message_id), query.message_ids) &&
         (query.subject.empty() || matches_wildcard(row.text(subject), query.subject)) &&
         (query.types.empty() ||
          std::ranges::any_of(
              query.types,
              [&](const std::string& type) { return iequals(type, type_of(row.text(reason))); })) &&
         (query.direction.empty() || iequals(row.text(direction), query.direction)) &&
         (!query.released || *query.released != row.is_null(released)) &&
         (!query.in_digest || *query.in_digest == (row.number(in_digest) != 0));
}

/// Every value is bound, in the order in which its question mark stands.
struct Condition {
  std::string sql = "1";
  std::vector<std::string> texts;
};

Condition condition_of(const QuarantineQuery& query) {
  Condition condition;
  const auto require = [&](std::string_view sql, const std::string& value) {
    (condition.sql += " AND ") += sql;
    condition.texts.push_back(value);
  };
  if (!query.organization.empty()) require("organization = ?", query.organization);
  if (!query.id.empty()) require("id = ?", query.id);
  // One address is found by its index, however many messages there are.
  if (!query.recipient.empty()) require("forward_path = ? COLLATE NOCASE", query.recipient);
  if (query.recipients.size() == 1 && is_plain(query.recipients.front()))
    require("forward_path = ? COLLATE NOCASE", query.recipients.front());
  if (query.start) condition.sql += " AND received >= " + std::to_string(to_number(*query.start));
  if (query.end) condition.sql += " AND received <= " + std::to_string(to_number(*query.end));
  return condition;
}

std::int64_t version_of(Database& database) {
  auto version = database.prepare("PRAGMA user_version");
  version.step();
  return version.number(0);
}

/// Is there a file that is no database, or a broken one?
bool is_damaged(const std::string& path) {
  sqlite3* raw = nullptr;
  int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE, nullptr);
  if (code == SQLITE_OK)
    code = sqlite3_exec(raw, "SELECT count(*) FROM sqlite_master", nullptr, nullptr, nullptr);
  sqlite3_close(raw);
  return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}

}  // namespace

std::string_view QuarantinedMessage::type() const {
  return type_of(reason);
}

std::string QuarantineRow::identity() const {
  // The form of a UUID of version 8 (RFC 9562 section 5.8), made of what names the copy.
  std::string digest = sha256(message.id + "\n" + recipient.forward_path).substr(0, 16);
  digest[6] = static_cast<char>((static_cast<unsigned char>(digest[6]) & 0x0f) | 0x80);
  digest[8] = static_cast<char>((static_cast<unsigned char>(digest[8]) & 0x3f) | 0x80);
  std::string guid = to_hex(digest);
  for (const std::size_t at : {8u, 13u, 18u, 23u}) guid.insert(at, 1, '-');
  return message.id + "\\" + guid;
}

Result<std::unique_ptr<QuarantineRows>> QuarantineRows::open(const std::string& path) {
  if (is_damaged(path)) {
    log_error("quarantine_damaged", {{"file", path}});
    set_aside(path);
  }
  auto database = Database::open(path);
  if (!database) return std::unexpected(database.error());
  try {
    const std::int64_t found = version_of(*database);
    if (found > schema_version) return fail(path + " was written by a newer version of Postern.");
    if (found == 0) {
      SqliteTransaction transaction(*database);
      database->execute(schema);
      transaction.commit();
    }
  } catch (const SqliteError& error) {
    return fail("Cannot use the quarantine's database " + path + ": " + error.what() + ".");
  }
  return std::unique_ptr<QuarantineRows>(new QuarantineRows(std::move(*database)));
}

Result<std::vector<std::string>> QuarantineRows::ids() {
  return guarded(mutex_, [&] {
    std::vector<std::string> found;
    auto row = database_.prepare("SELECT id FROM message ORDER BY id");
    while (row.step()) found.emplace_back(row.text(0));
    return found;
  });
}

Result<void> QuarantineRows::add(std::span<const QuarantinedMessage> messages) {
  return guarded(mutex_, [&] {
    SqliteTransaction transaction(database_);
    auto add_message =
        database_.prepare("INSERT OR IGNORE INTO message VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    auto add_recipient = database_.prepare(
        "INSERT OR IGNORE INTO recipient (message, forward_path, next_hop, reply) "
        "VALUES (?,?,?,?)");
    for (const QuarantinedMessage& one : messages) {
      add_message.bind(1, one.id).bind(2, one.message_trace_id).bind(3, one.session);
      add_message.bind(4, to_number(one.received)).bind(5, one.organization);
      add_message.bind(6, one.direction).bind(7, one.reason).bind(8, one.client);
      add_message.bind(9, one.reverse_path).bind(10, one.subject).bind(11, one.message_id);
      add_message.bind(12, one.author).bind(13, std::int64_t{one.smtp_utf8});
      add_message.bind(14, std::int64_t{one.eight_bit_mime})
          .bind(15, std::int64_t{one.require_tls});
      add_message.bind(16, static_cast<std::int64_t>(one.size)).run();
      if (database_.changes() == 0) continue;
      for (const QuarantinedRecipient& recipient : one.recipients) {
        add_recipient.bind(1, one.id).bind(2, recipient.forward_path);
        add_recipient.bind(3, recipient.next_hop).bind(4, recipient.reply).run();
      }
    }
    transaction.commit();
  });
}

Result<void> QuarantineRows::remove(std::span<const std::string> ids) {
  return guarded(mutex_, [&] {
    SqliteTransaction transaction(database_);
    auto statement = database_.prepare("DELETE FROM message WHERE id = ?");
    for (const std::string& one : ids) statement.bind(1, one).run();
    transaction.commit();
  });
}

Result<QuarantineAnswer> QuarantineRows::find(const QuarantineQuery& query) {
  const Condition condition = condition_of(query);
  return guarded(mutex_, [&] {
    auto row = database_.prepare("SELECT " + std::string(columns) +
                                 " FROM message JOIN recipient ON message = id WHERE " +
                                 condition.sql + " ORDER BY received DESC, id, forward_path");
    int index = 0;
    for (const std::string& text : condition.texts) row.bind(++index, text);
    QuarantineAnswer answer;
    std::size_t skipped = 0;
    while (row.step()) {
      if (!matches(row, query)) continue;
      if (skipped < query.skip) {
        ++skipped;
      } else if (answer.rows.size() < query.limit) {
        answer.rows.push_back(read(row));
      } else {
        answer.more = true;
        break;
      }
    }
    return answer;
  });
}

Result<std::vector<std::string>> QuarantineRows::ids_before(Time time, std::size_t limit) {
  return guarded(mutex_, [&] {
    std::vector<std::string> found;
    auto row =
        database_.prepare("SELECT id FROM message WHERE received < ? ORDER BY received LIMIT ?");
    row.bind(1, to_number(time)).bind(2, static_cast<std::int64_t>(limit));
    while (row.step()) found.emplace_back(row.text(0));
    return found;
  });
}

Result<std::vector<std::string>> QuarantineRows::ids_without_recipients() {
  return guarded(mutex_, [&] {
    std::vector<std::string> found;
    auto row = database_.prepare(
        "SELECT id FROM message WHERE NOT EXISTS (SELECT 1 FROM recipient WHERE message = id) "
        "ORDER BY id");
    while (row.step()) found.emplace_back(row.text(0));
    return found;
  });
}

Result<std::size_t> QuarantineRows::message_count() {
  return guarded(mutex_, [&] {
    auto row = database_.prepare("SELECT count(*) FROM message");
    row.step();
    return static_cast<std::size_t>(row.number(0));
  });
}

Result<void> QuarantineRows::set_released(const QuarantineRow& row, Time time) {
  return guarded(mutex_, [&] {
    SyncedTransaction transaction(database_);
    database_.prepare("UPDATE recipient SET released = ? WHERE message = ? AND forward_path = ?")
        .bind(1, to_number(time))
        .bind(2, row.message.id)
        .bind(3, row.recipient.forward_path)
        .run();
    transaction.commit();
  });
}

Result<std::size_t> QuarantineRows::remove_recipient(const QuarantineRow& row) {
  return guarded(mutex_, [&] {
    SyncedTransaction transaction(database_);
    database_.prepare("DELETE FROM recipient WHERE message = ? AND forward_path = ?")
        .bind(1, row.message.id)
        .bind(2, row.recipient.forward_path)
        .run();
    auto rest = database_.prepare("SELECT count(*) FROM recipient WHERE message = ?");
    rest.bind(1, row.message.id).step();
    const auto left = static_cast<std::size_t>(rest.number(0));
    rest.reset();
    transaction.commit();
    return left;
  });
}

Result<std::vector<std::string>> QuarantineRows::recipients_without_digest(
    const std::string& organization) {
  return guarded(mutex_, [&] {
    std::vector<std::string> found;
    auto row = database_.prepare(
        "SELECT min(forward_path) FROM message JOIN recipient ON message = id "
        "WHERE organization = ? AND in_digest = 0 AND released IS NULL "
        "GROUP BY forward_path COLLATE NOCASE ORDER BY 1");
    row.bind(1, organization);
    while (row.step()) found.emplace_back(row.text(0));
    return found;
  });
}

Result<void> QuarantineRows::set_in_digest(std::span<const QuarantineRow> rows) {
  return guarded(mutex_, [&] {
    SyncedTransaction transaction(database_);
    auto statement = database_.prepare(
        "UPDATE recipient SET in_digest = 1 WHERE message = ? AND forward_path = ?");
    for (const QuarantineRow& row : rows)
      statement.bind(1, row.message.id).bind(2, row.recipient.forward_path).run();
    transaction.commit();
  });
}

Result<std::optional<Time>> QuarantineRows::last_digest(const std::string& organization) {
  return guarded(mutex_, [&]() -> std::optional<Time> {
    auto row = database_.prepare("SELECT sent FROM digest WHERE organization = ?");
    row.bind(1, organization);
    if (!row.step()) return std::nullopt;
    return to_time(row.number(0));
  });
}

Result<void> QuarantineRows::set_last_digest(const std::string& organization, Time time) {
  return guarded(mutex_, [&] {
    SyncedTransaction transaction(database_);
    database_.prepare("INSERT OR REPLACE INTO digest VALUES (?, ?)")
        .bind(1, organization)
        .bind(2, to_number(time))
        .run();
    transaction.commit();
  });
}

}  // namespace postern::store
