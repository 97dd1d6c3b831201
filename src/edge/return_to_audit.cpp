#include "edge/return_to_audit.h"

#include <algorithm>
#include <numeric>

#include "admin/stage_settings.h"
#include "base/log.h"

namespace postern::edge {

using directory::EnforcementMode;

/// What was refused in the hour before, with this one.
std::uint32_t ReturnToAudit::add(Count& count, std::int64_t minute) {
  const auto at = [&](std::int64_t number) -> std::uint32_t& {
    return count.minutes[static_cast<std::size_t>(number % slots)];
  };
  if (minute - count.newest >= slots) count.minutes = {};
  for (; count.newest < minute && minute - count.newest < slots; ++count.newest)
    at(count.newest + 1) = 0;
  count.newest = std::max(count.newest, minute);
  // Another thread may have looked at its clock later and come first.
  ++at(count.newest);
  return std::accumulate(count.minutes.begin(), count.minutes.end(), 0u);
}

void ReturnToAudit::note(const directory::Organization& organization, Time refused) {
  const directory::OrganizationConfig& config = organization.config();
  const std::uint32_t limit = config.reject_direct_send_return_to_audit_above;
  if (limit == 0 || config.reject_direct_send_mode == EnforcementMode::audit) return;
  const std::int64_t minute =
      std::chrono::floor<std::chrono::minutes>(refused).time_since_epoch().count();
  const std::uint32_t sum = counts_.with([&](Counts& counts) -> std::uint32_t {
    auto found = counts.find(organization.guid());
    if (found == counts.end()) {
      if (counts.size() >= max_organizations) {
        std::erase_if(counts, [&](const auto& one) {
          return !one.second.is_due && minute - one.second.newest >= slots;
        });
      }
      if (counts.size() >= max_organizations) return 0;
      found = counts.emplace(organization.guid(), Count{.minutes = {}, .newest = minute}).first;
    }
    Count& count = found->second;
    const std::uint32_t refused_now = add(count, minute);
    if (refused_now <= limit || count.is_due) return 0;
    count.is_due = true;
    return refused_now;
  });
  if (sum > 0) act_({.organization = organization.guid(), .refused = sum, .limit = limit});
}

void ReturnToAudit::done(const directory::Guid& organization) {
  counts_.with([&](Counts& counts) { counts.erase(organization); });
}

void return_to_audit(admin::Services& services, admin::Counts& counts,
                     const ReturnToAudit::Due& due) {
  const std::string guid = due.organization.to_string();
  const auto organization = services.directory.snapshot()->find_organization(guid);
  if (organization == nullptr) return;
  const directory::OrganizationConfig& config = organization->config();
  // An administrator was quicker.
  if (config.reject_direct_send_mode == EnforcementMode::audit ||
      config.reject_direct_send_return_to_audit_above == 0)
    return;
  const admin::Caller caller{.name = "posternd"};
  const admin::Object wanted{
      {std::string(admin::mode_parameter), to_string(EnforcementMode::audit)}};
  const auto changed = admin::invoke(services, caller, "Set-OrganizationConfig", guid, wanted);
  if (!changed) {
    log_error("return_to_audit_failed",
              {{"organization", organization->name()}, {"problem", changed.error().message}});
    return;
  }
  counts.returned_to_audit.add();
  log_error("returned_to_audit",
            {{"organization", organization->name()},
             {"refused", due.refused},
             {"limit", due.limit},
             {"problem",
              "more than the limit of messages an hour were refused whose sources authenticate; "
              "RejectDirectSend only audits now, until an administrator sets RejectDirectSendMode "
              "to Enforce"}});
}

}  // namespace postern::edge
