#include "admin/spoof_change.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "directory/spoof_validation.h"

namespace postern::admin {

CommandResult change_spoof_protection(const Call& call, const SpoofEdit& edit, std::string what) {
  if (call.only_asks()) {
    directory::SpoofProtection copy = *call.organization->spoof_protection();
    if (auto edited = edit(copy); !edited) return refuse(edited.error());
    if (auto checked = directory::check_spoof_protection(std::move(copy)); !checked)
      return refuse(checked.error());
    return what_if(std::move(what));
  }
  const auto done = call.services.directory.set_spoof_protection(call.organization->name(), edit);
  if (!done) return refuse(done.error());
  return Outcome{};
}

directory::SharedSpoofProtection current_protection(const Call& call) {
  const auto snapshot = call.services.directory.snapshot();
  const auto organization = snapshot->find_organization(call.organization->id());
  return organization == nullptr ? directory::default_spoof_protection()
                                 : organization->spoof_protection();
}

directory::Guid new_guid() {
  return directory::Guid::parse(random_uuid()).value();
}

Result<void> refuse_reserved(const Call& call, std::span<const std::string_view> names,
                             std::string_view why) {
  for (const std::string_view name : names) {
    if (call.has(name)) return fail(fmt::format("{}: {}", name, why));
  }
  return {};
}

}  // namespace postern::admin
