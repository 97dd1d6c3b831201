#include "store/api_tokens.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <cstdlib>

#include "base/ascii.h"
#include "base/encoding.h"
#include "directory/validation.h"

namespace postern::store {
namespace {

constexpr std::string_view secret_prefix = "pst_";
constexpr std::size_t secret_bytes = 32;

constexpr const char* schema = R"(
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS api_token (
    guid TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    hash BLOB NOT NULL,
    role TEXT NOT NULL,
    organization TEXT,
    created INTEGER NOT NULL,
    expires INTEGER,
    last_used INTEGER
  ) WITHOUT ROWID;
)";

void bind_time(Statement& statement, int index, const std::optional<Time>& time) {
  if (time) {
    statement.bind(index, time->time_since_epoch().count());
  } else {
    statement.bind_null(index);
  }
}

std::optional<Time> read_time(const Statement& rows, int column) {
  if (rows.is_null(column)) return std::nullopt;
  return Time(std::chrono::microseconds(rows.number(column)));
}

}  // namespace

std::string_view to_string(Role role) {
  switch (role) {
    case Role::viewer:
      return "viewer";
    case Role::operator_:
      return "operator";
    case Role::administrator:
      return "administrator";
  }
  std::abort();  // never a Role
}

std::optional<Role> parse_role(std::string_view text) {
  for (const Role role : {Role::viewer, Role::operator_, Role::administrator}) {
    if (iequals(text, to_string(role))) return role;
  }
  return std::nullopt;
}

Result<std::unique_ptr<ApiTokens>> ApiTokens::open(const std::string& path) {
  auto database = Database::open(path);
  if (!database) return std::unexpected(database.error());
  std::unique_ptr<ApiTokens> tokens(new ApiTokens(std::move(*database)));
  try {
    tokens->state_.with(load);
  } catch (const SqliteError& error) {
    return fail(fmt::format("Cannot use the tokens in {}: {}", path, error.what()));
  }
  return tokens;
}

ApiTokens::~ApiTokens() {
  try {
    state_.with(note_uses);
  } catch (const SqliteError&) {
    // When a token was last used is no reason to stay.
  }
}

void ApiTokens::load(State& state) {
  state.database.execute(schema);
  Statement rows = state.database.prepare(
      "SELECT guid, name, hash, role, organization, created, expires, last_used FROM api_token");
  while (rows.step()) {
    const auto guid = directory::Guid::parse(rows.text(0));
    const auto role = parse_role(rows.text(3));
    const auto organization = directory::Guid::parse(rows.text(4));
    // What cannot be read as it was written must not become a token for everything.
    if (!guid || !role || (!rows.is_null(4) && !organization)) continue;
    state.rows.push_back({.token = {.guid = *guid,
                                    .name = std::string(rows.text(1)),
                                    .role = *role,
                                    .organization = organization,
                                    .created = read_time(rows, 5).value_or(Time()),
                                    .expires = read_time(rows, 6),
                                    .last_used = read_time(rows, 7)},
                          .hash = std::string(rows.blob(2))});
  }
}

void ApiTokens::note_uses(State& state) {
  Statement update = state.database.prepare("UPDATE api_token SET last_used = ? WHERE guid = ?");
  for (Row& row : state.rows) {
    if (row.is_noted) continue;
    bind_time(update, 1, row.token.last_used);
    update.bind(2, row.token.guid.to_string()).run();
    row.is_noted = true;
  }
}

Result<ApiTokens::Made> ApiTokens::add(ApiToken wanted, Time now) {
  if (auto checked = directory::check_name("Name", wanted.name); !checked)
    return std::unexpected(checked.error());
  if (wanted.expires && *wanted.expires <= now)
    return fail("ExpirationDate: the time has passed already.");
  wanted.guid = *directory::Guid::parse(random_uuid());
  wanted.created = now;
  wanted.last_used.reset();
  std::string secret = std::string(secret_prefix) + to_lower(random_hex(secret_bytes));

  return state_.with([&](State& state) -> Result<Made> {
    if (state.rows.size() >= max_tokens)
      return fail(fmt::format("There are {} tokens already, and no more are kept.", max_tokens));
    const bool is_there = std::ranges::any_of(
        state.rows, [&](const Row& row) { return iequals(row.token.name, wanted.name); });
    if (is_there) return fail(fmt::format("Name: there is a token {} already.", wanted.name));
    Row row{.token = wanted, .hash = sha256(secret)};
    try {
      Statement insert = state.database.prepare(
          "INSERT INTO api_token (guid, name, hash, role, organization, created, expires) "
          "VALUES (?, ?, ?, ?, ?, ?, ?)");
      insert.bind(1, wanted.guid.to_string()).bind(2, wanted.name).bind_blob(3, row.hash);
      insert.bind(4, to_string(wanted.role));
      if (wanted.organization) {
        insert.bind(5, wanted.organization->to_string());
      } else {
        insert.bind_null(5);
      }
      bind_time(insert, 6, wanted.created);
      bind_time(insert, 7, wanted.expires);
      insert.run();
      note_uses(state);
    } catch (const SqliteError& error) {
      return fail(fmt::format("The token could not be written: {}", error.what()));
    }
    state.rows.push_back(std::move(row));
    return Made{std::move(wanted), std::move(secret)};
  });
}

Result<void> ApiTokens::remove(std::string_view identity) {
  return state_.with([&](State& state) -> Result<void> {
    const auto found = std::ranges::find_if(state.rows, [&](const Row& row) {
      return iequals(row.token.name, identity) || iequals(row.token.guid.to_string(), identity);
    });
    if (found == state.rows.end()) return fail(fmt::format("There is no token {}.", identity));
    try {
      state.database.prepare("DELETE FROM api_token WHERE guid = ?")
          .bind(1, found->token.guid.to_string())
          .run();
    } catch (const SqliteError& error) {
      return fail(fmt::format("The token could not be removed: {}", error.what()));
    }
    state.rows.erase(found);
    return {};
  });
}

std::vector<ApiToken> ApiTokens::list() const {
  auto tokens = state_.with([](const State& state) {
    std::vector<ApiToken> all;
    for (const Row& row : state.rows) all.push_back(row.token);
    return all;
  });
  std::ranges::sort(tokens, {}, [](const ApiToken& token) { return to_lower(token.name); });
  return tokens;
}

std::optional<ApiToken> ApiTokens::find(std::string_view secret, Time now) {
  const std::string hash = sha256(secret);
  return state_.with([&](State& state) -> std::optional<ApiToken> {
    Row* found = nullptr;
    for (Row& row : state.rows) {
      const bool is_it = row.hash.size() == hash.size() &&
                         CRYPTO_memcmp(row.hash.data(), hash.data(), hash.size()) == 0;
      if (is_it) found = &row;
    }
    if (found == nullptr || (found->token.expires && *found->token.expires <= now))
      return std::nullopt;
    found->token.last_used = now;
    found->is_noted = false;
    return found->token;
  });
}

std::optional<ApiToken> ApiTokens::find(const directory::Guid& guid, Time now) {
  return state_.with([&](State& state) -> std::optional<ApiToken> {
    const auto found =
        std::ranges::find(state.rows, guid, [](const Row& row) { return row.token.guid; });
    if (found == state.rows.end() || (found->token.expires && *found->token.expires <= now))
      return std::nullopt;
    found->token.last_used = now;
    found->is_noted = false;
    return found->token;
  });
}

}  // namespace postern::store
