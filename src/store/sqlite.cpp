#include "store/sqlite.h"

#include <fcntl.h>
#include <unistd.h>

namespace postern::store {

Statement::Statement(sqlite3* database, std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &raw, nullptr) != SQLITE_OK) {
    throw SqliteError(std::string(sqlite3_errmsg(database)) + " in: " + std::string(sql),
                      sqlite3_errcode(database));
  }
  statement_.reset(raw);
}

void Statement::fail() const {
  sqlite3* database = sqlite3_db_handle(statement_.get());
  throw SqliteError(sqlite3_errmsg(database), sqlite3_errcode(database));
}

Statement& Statement::bind(int index, std::string_view text) {
  const char* data = text.data() != nullptr ? text.data() : "";
  if (sqlite3_bind_text64(statement_.get(), index, data, text.size(), SQLITE_TRANSIENT,
                          SQLITE_UTF8) != SQLITE_OK)
    fail();
  return *this;
}

Statement& Statement::bind(int index, std::int64_t number) {
  if (sqlite3_bind_int64(statement_.get(), index, number) != SQLITE_OK) fail();
  return *this;
}

Statement& Statement::bind_null(int index) {
  if (sqlite3_bind_null(statement_.get(), index) != SQLITE_OK) fail();
  return *this;
}

Statement& Statement::bind_blob(int index, std::string_view bytes) {
  const char* data = bytes.data() != nullptr ? bytes.data() : "";
  if (sqlite3_bind_blob64(statement_.get(), index, data, bytes.size(), SQLITE_TRANSIENT) !=
      SQLITE_OK)
    fail();
  return *this;
}

bool Statement::step() {
  const int status = sqlite3_step(statement_.get());
  if (status == SQLITE_ROW) return true;
  if (status != SQLITE_DONE) {
    const SqliteError error(sqlite3_errmsg(sqlite3_db_handle(statement_.get())), status & 0xff);
    sqlite3_reset(statement_.get());
    throw error;
  }
  sqlite3_reset(statement_.get());
  return false;
}

void Statement::run() {
  while (step()) {
  }
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
}

std::string_view Statement::text(int column) const {
  // By way of the value, since each question to the statement costs locks and checks of its own,
  // which a directory of millions of texts feels when it is loaded.
  sqlite3_value* const value = sqlite3_column_value(statement_.get(), column);
  const auto* data = sqlite3_value_text(value);
  if (data == nullptr) return {};
  return {reinterpret_cast<const char*>(data),
          static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

std::string_view Statement::blob(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

namespace {

/// Before the first database of the process: SQLite shall not keep statistics of its memory, which
/// nobody reads and for which it takes a lock at every allocation.
void configure_sqlite() {
  static const int done = ::sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(done);
}

}  // namespace

Result<Database> Database::open(const std::string& path, Mode mode) {
  configure_sqlite();
  if (mode == Mode::create && path != ":memory:") {
    // SQLite would create the file with the umask's rights; mail addresses are nobody else's
    // business.
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0) ::close(file);
  }
  Database database;
  sqlite3* raw = nullptr;
  const int flags =
      (mode == Mode::create ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY) |
      SQLITE_OPEN_NOMUTEX;
  const int status = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  database.handle_.reset(raw);
  if (status != SQLITE_OK) {
    return fail("Cannot open the database " + path + ": " +
                (raw != nullptr ? sqlite3_errmsg(raw) : "out of memory"));
  }
  sqlite3_busy_timeout(raw, 5000);
  try {
    database.execute("PRAGMA foreign_keys = ON");
    if (mode == Mode::create)
      database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  } catch (const SqliteError& error) {
    return fail("Cannot use the database " + path + ": " + error.what());
  }
  return database;
}

void Database::execute(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw SqliteError(sqlite3_errmsg(handle_.get()), sqlite3_errcode(handle_.get()));
  }
}

int opening_problem(const std::string& path) {
  sqlite3* raw = nullptr;
  int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE, nullptr);
  if (code == SQLITE_OK) code = sqlite3_exec(raw, "PRAGMA journal_mode", nullptr, nullptr, nullptr);
  sqlite3_close(raw);
  return code == SQLITE_OK ? SQLITE_CANTOPEN : code & 0xff;
}

SqliteTransaction::~SqliteTransaction() {
  if (!open_) return;
  try {
    database_.execute("ROLLBACK");
  } catch (const SqliteError&) {
    // SQLite has rolled back already, as it does when the disk is full.
  }
}

void SqliteTransaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

}  // namespace postern::store
