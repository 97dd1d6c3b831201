// The certificates by which clients were last known to connectors.
//
// A certificate that nobody renews is the most common end of a connector that worked for years.
// Sessions note here what they saw, Test-InboundConnector tells of what ends soon. It is memory
// only: after a restart a connector has no certificate until its client comes again.
#pragma once

#include <optional>
#include <string_view>
#include <unordered_map>

#include "base/guarded.h"
#include "directory/guid.h"
#include "directory/key_hash.h"
#include "policy/connector_lint.h"

namespace postern::admin {

class SeenCertificates {
 public:
  /// Connectors beyond so many are not remembered.
  static constexpr std::size_t max_connectors = 100'000;

  /// From any thread.
  void note(const directory::Guid& connector, std::string_view name, Time not_after) {
    seen_.with([&](Map& seen) {
      const auto found = seen.find(connector);
      if (found != seen.end()) {
        if (found->second.not_after == not_after && found->second.name == name) return;
        found->second = {std::string(name), not_after};
      } else if (seen.size() < max_connectors) {
        seen.emplace(connector, policy::SeenCertificate{std::string(name), not_after});
      }
    });
  }

  std::optional<policy::SeenCertificate> find(const directory::Guid& connector) const {
    return seen_.with([&](const Map& seen) -> std::optional<policy::SeenCertificate> {
      const auto found = seen.find(connector);
      return found == seen.end() ? std::nullopt : std::optional(found->second);
    });
  }

 private:
  struct Hash {
    std::size_t operator()(const directory::Guid& guid) const {
      return directory::KeyHash{}(guid.bytes());
    }
  };
  using Map = std::unordered_map<directory::Guid, policy::SeenCertificate, Hash>;

  Guarded<Map> seen_;
};

}  // namespace postern::admin
