// SQLite as values: a database, prepared statements, errors as sentences.
//
//   auto statement = database.prepare("SELECT name FROM organization WHERE id = ?");
//   statement->bind(1, id);
//   while (statement->step()) use(statement->text(0));
//
// Errors of a statement that was prepared are thrown as SqliteError: they mean a full disk, a
// broken file or a mistake of ours, and the caller that owns the work turns them into an Error.
// Not safe for two threads at once: each thread or lock owns its database.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/result.h"

namespace postern::store {

class SqliteError : public std::runtime_error {
 public:
  SqliteError(const std::string& message, int code) : std::runtime_error(message), code_(code) {}
  /// SQLITE_FULL, SQLITE_CORRUPT …: the primary result code.
  int code() const { return code_; }

 private:
  int code_;
};

class Statement {
 public:
  Statement(sqlite3* database, std::string_view sql);

  /// Parameters are numbered from 1. Text is copied.
  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, std::int64_t number);
  Statement& bind_null(int index);
  Statement& bind_blob(int index, std::string_view bytes);

  /// True: a row is there. False: done, and the statement is reset for the next use.
  bool step();
  /// For statements without rows: step and reset.
  void run();
  void reset();

  /// Columns are numbered from 0. The views are valid until the next step.
  std::string_view text(int column) const;
  std::string_view blob(int column) const;
  std::int64_t number(int column) const;
  bool is_null(int column) const;

 private:
  [[noreturn]] void fail() const;

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  enum class Mode { create, read_only };

  /// Opens or creates the file (0600) with WAL, foreign keys and a busy time of 5 s.
  /// `:memory:` is a database of its own.
  static Result<Database> open(const std::string& path, Mode mode = Mode::create);

  Statement prepare(std::string_view sql) { return Statement(handle_.get(), sql); }
  /// One or more statements without results.
  void execute(const char* sql);
  std::int64_t last_insert_id() const { return sqlite3_last_insert_rowid(handle_.get()); }
  std::int64_t changes() const { return sqlite3_changes64(handle_.get()); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

/// Why Database::open fails, as SQLite's code: a damaged file, or one to wait for?
int opening_problem(const std::string& path);

/// Begins now, rolls back unless commit() was called.
class SqliteTransaction {
 public:
  explicit SqliteTransaction(Database& database) : database_(database) {
    database_.execute("BEGIN IMMEDIATE");
  }
  ~SqliteTransaction();
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace postern::store
