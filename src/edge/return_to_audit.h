// The automatic return: when RejectDirectSend refuses more than a few messages an hour of sources
// that authenticate, its mode becomes Audit by itself (RejectDirectSendReturnToAuditAbove).
//
// What counts are messages that were refused at RCPT and whose source is likely the organization's
// own: SPF passes for the reverse-path, or mail of that domain from that network has proven its
// author on several days before (policy/traffic_history.h). Of a refused message no more is known,
// since its content never came. A signature seen earlier does not count for itself: it can be
// replayed.
//
// It is decided once. The mode is then Audit until an administrator sets it; nothing here ever sets
// Enforce, and counting begins anew.
//
// Counting is for refused messages of organizations that want it only, under one lock for a moment;
// what changes the directory runs elsewhere.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <unordered_map>

#include "admin/commands.h"
#include "admin/metrics.h"
#include "base/guarded.h"
#include "base/time.h"
#include "directory/key_hash.h"
#include "directory/snapshot.h"

namespace postern::edge {

class ReturnToAudit {
 public:
  /// Of one organization, what was refused within the last hour.
  struct Due {
    directory::Guid organization;
    std::uint32_t refused = 0;
    std::uint32_t limit = 0;
  };
  /// Called on the thread that counted, without the lock; must not block. What it starts ends with
  /// done().
  using Act = std::function<void(const Due&)>;

  /// Organizations beyond so many that refuse such mail at one time are not counted.
  static constexpr std::size_t max_organizations = 100'000;

  explicit ReturnToAudit(Act act) : act_(std::move(act)) {}

  /// A message of a source that authenticates was refused. From any thread.
  void note(const directory::Organization& organization, Time refused);
  /// It is audit now, or could not be made so: counting begins anew.
  void done(const directory::Guid& organization);

 private:
  /// Minutes of an hour, and the one that has begun.
  static constexpr std::int64_t slots = 61;

  struct Count {
    std::array<std::uint32_t, slots> minutes{};
    std::int64_t newest = 0;  ///< number of the minute that was written last
    bool is_due = false;      ///< and somebody sees to it
  };
  struct Hash {
    std::size_t operator()(const directory::Guid& guid) const {
      return directory::KeyHash{}(guid.bytes());
    }
  };
  using Counts = std::unordered_map<directory::Guid, Count, Hash>;

  static std::uint32_t add(Count& count, std::int64_t minute);

  const Act act_;
  Guarded<Counts> counts_;
};

/// Makes the mode Audit as the caller `posternd`, so that the audit log has it and
/// Undo-OrganizationConfig takes it back. Nothing happens if it is no longer wanted. Blocks for the
/// disk.
void return_to_audit(admin::Services& services, admin::Counts& counts,
                     const ReturnToAudit::Due& due);

}  // namespace postern::edge
