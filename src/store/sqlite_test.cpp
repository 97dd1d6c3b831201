#include "store/sqlite.h"

#include <doctest/doctest.h>

using namespace postern::store;

TEST_CASE("a transaction that is not committed leaves nothing") {
  Database database = std::move(*Database::open(":memory:"));
  database.execute("CREATE TABLE t (name TEXT, size INTEGER)");
  {
    SqliteTransaction transaction(database);
    database.prepare("INSERT INTO t VALUES (?, ?)").bind(1, "lost").bind(2, std::int64_t{1}).run();
  }
  {
    SqliteTransaction transaction(database);
    database.prepare("INSERT INTO t VALUES (?, ?)").bind(1, "kept").bind_null(2).run();
    transaction.commit();
  }
  Statement select = database.prepare("SELECT name, size FROM t");
  REQUIRE(select.step());
  CHECK(select.text(0) == "kept");
  CHECK(select.is_null(1));
  CHECK_FALSE(select.step());
}

TEST_CASE("trouble is told in a sentence") {
  CHECK(Database::open("/nonexistent/postern.db")
            .error()
            .message.contains("/nonexistent/postern.db"));
  Database database = std::move(*Database::open(":memory:"));
  CHECK_THROWS_AS(database.prepare("SELEC"), SqliteError);
}
