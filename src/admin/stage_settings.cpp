#include "admin/stage_settings.h"

#include <algorithm>

#include "admin/list_parameters.h"
#include "directory/validation.h"

namespace postern::admin {
namespace {

/// As given, but what does not fit is more than the directory takes.
std::uint32_t number_of(const Call& call, std::string_view parameter, std::uint32_t too_many) {
  const std::int64_t given = *call.arguments.find(parameter)->get<std::int64_t>();
  return given < 0 || given > too_many ? too_many : static_cast<std::uint32_t>(given);
}

Result<std::string> normal_address(const std::string& text) {
  return directory::check_address(text);
}

}  // namespace

Result<void> apply_stages(const Call& call, directory::OrganizationConfig& config) {
  // The table lets only the known words through.
  if (call.has(mode_parameter))
    config.reject_direct_send_mode =
        directory::parse_enforcement_mode(call.text(mode_parameter)).value();
  if (call.has(percentage_parameter))
    config.reject_direct_send_percentage =
        static_cast<std::uint8_t>(number_of(call, percentage_parameter, 101));
  if (call.has(effective_parameter))
    config.reject_direct_send_effective_from = call.time(effective_parameter).value_or(Time());
  if (call.has(above_parameter))
    config.reject_direct_send_return_to_audit_above =
        number_of(call, above_parameter, directory::max_return_to_audit_above + 1);
  return apply_list(call, pilot_parameter, config.reject_direct_send_pilot_recipients,
                    normal_address);
}

void describe_stages(const directory::OrganizationConfig& config, Object& object) {
  object.set(mode_parameter, directory::to_string(config.reject_direct_send_mode));
  object.set(pilot_parameter, config.reject_direct_send_pilot_recipients.to_vector());
  object.set(percentage_parameter, std::int64_t{config.reject_direct_send_percentage});
  const Time from = config.reject_direct_send_effective_from;
  object.set(effective_parameter, from == Time() ? Value() : Value(from));
  object.set(above_parameter, std::int64_t{config.reject_direct_send_return_to_audit_above});
}

}  // namespace postern::admin
