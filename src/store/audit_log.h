// Who changed what, and when: one entry for every cmdlet that changes something, also for those
// that were refused.
//
// It is an SQLite file of its own (`audit.db`, 0600). An entry is committed before the cmdlet
// answers. Entries go after a year, and the oldest when there are more than `max_entries`.
//
//   audit->add({.time = now(), .caller = "Ann", .cmdlet = "Set-OrganizationConfig", …});
//   for (const AuditEntry& entry : *audit->search({.cmdlets = {"Set-OrganizationConfig"}})) …
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "base/time.h"
#include "store/sqlite.h"

namespace postern::store {

struct AuditEntry {
  std::int64_t number = 0;  ///< given by add(), growing
  Time time{};
  std::string caller;
  std::string organization;       ///< GUID; empty: of the installation
  std::string organization_name;  ///< as it was then
  std::string cmdlet;
  std::string object;      ///< what was changed: `Printers`
  std::string parameters;  ///< JSON object, as given
  std::string changes;     ///< JSON list of `{"Name":…,"OldValue":…,"NewValue":…}`
  bool succeeded = false;
  std::string error;  ///< a sentence; empty if it succeeded
};

/// Empty members do not filter. Text compares without regard to the case of ASCII letters; `*`
/// stands for any characters.
struct AuditQuery {
  std::string organization;        ///< GUID
  bool with_installation = false;  ///< and what belongs to no organization
  std::optional<Time> start;       ///< inclusive
  std::optional<Time> end;         ///< inclusive
  std::vector<std::string> cmdlets;
  std::vector<std::string> objects;
  std::vector<std::string> callers;
  std::optional<bool> succeeded;
  std::size_t limit = 1000;
};

/// From any thread; all calls block for the disk.
class AuditLog {
 public:
  static constexpr auto keep_for = std::chrono::days(365);
  static constexpr std::size_t default_max_entries = 200'000;

  static Result<std::unique_ptr<AuditLog>> open(const std::string& path,
                                                std::size_t max_entries = default_max_entries);

  Result<void> add(const AuditEntry& entry);
  /// Newest first.
  Result<std::vector<AuditEntry>> search(const AuditQuery& query) const;

 private:
  AuditLog(Database database, std::size_t max_entries)
      : max_entries_(max_entries), database_(std::move(database)) {}

  const std::size_t max_entries_;
  mutable Guarded<Database> database_;
};

}  // namespace postern::store
