// Which names are an organization's own: its accepted domains, and below them those that
// MatchSubDomains has.
#pragma once

#include <string_view>

#include "directory/snapshot.h"

namespace postern::policy {

struct OwnDomains {
  const directory::Snapshot& directory;
  directory::OrganizationId organization;

  /// `domain` is an A-label.
  bool has(std::string_view domain) const { return find(domain) != nullptr; }
  /// The accepted domain that has it; null: none.
  const directory::AcceptedDomain* find(std::string_view domain) const {
    const auto owner = directory.find_domain(domain);
    return owner && owner.organization->id() == organization ? owner.domain : nullptr;
  }
};

}  // namespace postern::policy
