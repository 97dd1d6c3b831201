// Who may administer over the network: tokens with a name, a role and, if they are meant for one
// customer, an organization.
//
// A token is 256 random bits, shown once when it is made. Kept is its SHA-256 hash, which is
// enough: there is nothing to guess, so nothing to slow down. They lie in a database of their own
// (`tokens.db`, 0600), apart from the directory, and are few: all are in memory.
//
//   auto tokens = ApiTokens::open(path);
//   auto made = (*tokens)->add({.name = "console of ann", .role = Role::operator_}, now());
//   show(made->secret);                              // `pst_…`, never again
//   if (auto token = (*tokens)->find(secret, now())) …
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "base/time.h"
#include "directory/guid.h"
#include "store/sqlite.h"

namespace postern::store {

/// Each may do what those before it may.
enum class Role {
  viewer,         ///< reads; no content of mail
  operator_,      ///< and does the daily work: recipients, quarantine
  administrator,  ///< and changes everything
};

/// `viewer`, `operator`, `administrator`; in any case.
std::string_view to_string(Role role);
std::optional<Role> parse_role(std::string_view text);

struct ApiToken {
  directory::Guid guid{};  ///< given by add()
  std::string name;        ///< of no other token, in any case
  Role role = Role::viewer;
  /// Null: for all organizations.
  std::optional<directory::Guid> organization{};
  Time created{};  ///< given by add()
  std::optional<Time> expires{};
  std::optional<Time> last_used{};
};

class ApiTokens {
 public:
  static constexpr std::size_t max_tokens = 1000;

  static Result<std::unique_ptr<ApiTokens>> open(const std::string& path);
  /// Writes down when which token was used.
  ~ApiTokens();
  ApiTokens(const ApiTokens&) = delete;
  ApiTokens& operator=(const ApiTokens&) = delete;

  struct Made {
    ApiToken token;
    std::string secret;  ///< `pst_` and 64 hexadecimal digits
  };
  // These block for the disk; errors are sentences. From any thread, all of them.
  Result<Made> add(ApiToken wanted, Time now);
  /// By name, in any case, or GUID.
  Result<void> remove(std::string_view identity);

  /// By name.
  std::vector<ApiToken> list() const;
  /// Takes as long whichever token it is, or none. Nothing for one that has expired.
  std::optional<ApiToken> find(std::string_view secret, Time now);
  /// Is it still there, and what may it do? For those who have shown it before.
  std::optional<ApiToken> find(const directory::Guid& guid, Time now);

 private:
  struct Row {
    ApiToken token;
    std::string hash;      ///< 32 bytes
    bool is_noted = true;  ///< last_used stands in the database
  };
  struct State {
    Database database;
    std::vector<Row> rows;
  };

  explicit ApiTokens(Database database) : state_(State{std::move(database), {}}) {}
  static void load(State& state);
  static void note_uses(State& state);

  Guarded<State> state_;
};

}  // namespace postern::store
