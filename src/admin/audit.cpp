#include "admin/audit.h"

#include <fmt/format.h>

#include "admin/value_json.h"
#include "base/log.h"

namespace postern::admin {
namespace {

/// Of a parameter's text in the log: Import-Recipient may carry a whole file.
constexpr std::size_t max_text = 1000;

std::string identity_of(const Call& call) {
  const std::string identity = call.text("Identity");
  return identity.empty() ? call.text("Name") : identity;
}

/// The one object that the cmdlet is about, as its Get- cmdlet shows it now; nothing if there is
/// none, or several.
std::optional<Object> look_up(const Command& command, const Call& call) {
  const Command* get = find_server_command(fmt::format("Get-{}", command.spec.noun()));
  if (get == nullptr) return std::nullopt;
  Object arguments;
  const bool takes_identity = std::ranges::any_of(
      get->spec.parameters, [](const ParameterSpec& one) { return one.name == "Identity"; });
  if (const std::string identity = identity_of(call); takes_identity && !identity.empty())
    arguments.set("Identity", identity);

  const directory::SharedSnapshot snapshot = call.services.directory.snapshot();
  directory::SharedOrganization organization;
  if (call.organization) {
    organization = snapshot->find_organization(call.organization->guid().to_string());
    if (organization == nullptr) return std::nullopt;
  }
  const Call asking{call.services, call.caller, arguments, snapshot, organization};
  const CommandResult found = get->handler(asking);
  if (!found || found->values.size() != 1) return std::nullopt;
  const Object* object = found->values.front().get<Object>();
  return object == nullptr ? std::nullopt : std::optional(*object);
}

Object shortened(const Object& arguments) {
  Object kept;
  for (const Property& property : arguments.properties()) {
    const std::string* text = property.value.get<std::string>();
    if (text != nullptr && text->size() > max_text) {
      kept.set(property.name, fmt::format("({} octets)", text->size()));
    } else {
      kept.set(property.name, property.value);
    }
  }
  return kept;
}

}  // namespace

List changes_between(const Object* before, const Object* after) {
  List changes;
  const auto note = [&](const std::string& name, const Value& old_value, const Value& new_value) {
    if (old_value == new_value) return;
    changes.emplace_back(Object{{"Name", name}, {"OldValue", old_value}, {"NewValue", new_value}});
  };
  const auto value_in = [](const Object* object, const std::string& name) {
    const Value* value = object == nullptr ? nullptr : object->find(name);
    return value == nullptr ? Value() : *value;
  };
  if (before != nullptr) {
    for (const Property& property : before->properties())
      note(property.name, property.value, value_in(after, property.name));
  }
  if (after != nullptr) {
    for (const Property& property : after->properties()) {
      const bool is_new = before == nullptr || before->find(property.name) == nullptr;
      if (is_new) note(property.name, Value(), property.value);
    }
  }
  return changes;
}

CommandResult run_audited(const Command& command, const Call& call) {
  const std::optional<Object> before = look_up(command, call);
  CommandResult result = command.handler(call);
  const std::optional<Object> after = result ? look_up(command, call) : before;

  store::AuditEntry entry{
      .time = now(),
      .caller = call.caller.name,
      .cmdlet = std::string(command.spec.name),
      .object = identity_of(call),
      .parameters = to_json(shortened(call.arguments), JsonStyle::annotated),
      .changes = to_json(changes_between(before ? &*before : nullptr, after ? &*after : nullptr),
                         JsonStyle::annotated),
      .succeeded = result.has_value(),
      .error = result ? std::string() : result.error().message};
  if (call.organization) {
    entry.organization = call.organization->guid().to_string();
    entry.organization_name = call.organization->name();
    if (entry.object.empty()) entry.object = entry.organization_name;
  }
  // The change is made, and cannot be taken back for want of a line about it.
  if (auto written = call.services.audit->add(entry); !written) {
    log_error("audit", {{"problem", written.error().message},
                        {"caller", entry.caller},
                        {"cmdlet", entry.cmdlet},
                        {"object", entry.object},
                        {"changes", entry.changes}});
  }
  return result;
}

}  // namespace postern::admin
