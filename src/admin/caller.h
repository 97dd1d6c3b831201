// On whose behalf a cmdlet runs, and what that one may do.
#pragma once

#include <optional>
#include <string>

#include "directory/guid.h"
#include "store/api_tokens.h"

namespace postern::admin {

struct Caller {
  /// `uid 0`, `admin.token`, or the name of an API token.
  std::string name;
  store::Role role = store::Role::administrator;
  /// The only one this caller may see and change; null: all.
  std::optional<directory::Guid> organization{};

  bool may_see(const directory::Guid& wanted) const {
    return !organization || *organization == wanted;
  }
};

}  // namespace postern::admin
