// Search-AdminAuditLog, Undo-OrganizationConfig.
#include <fmt/format.h>

#include <array>

#include "admin/audit.h"
#include "admin/binding.h"
#include "admin/result_size.h"
#include "admin/value_json.h"

namespace postern::admin {
namespace {

using store::AuditEntry;
using store::AuditQuery;

constexpr std::string_view set_config = "Set-OrganizationConfig";
constexpr std::string_view undo_config = "Undo-OrganizationConfig";

Value read_json(const std::string& text) {
  auto value = parse_json(text);
  return value ? std::move(*value) : Value();
}

Object describe(const AuditEntry& entry) {
  Object object = {
      {"RunDate", entry.time},
      {"Caller", entry.caller},
      {"CmdletName", entry.cmdlet},
      {"ObjectModified", entry.object},
      {"Organization", entry.organization_name},
      {"ModifiedProperties", read_json(entry.changes)},
      {"CmdletParameters", read_json(entry.parameters)},
      {"Succeeded", entry.succeeded},
      {"Error", entry.error},
  };
  object.kind = "AdminAuditLog";
  return object;
}

CommandResult search_audit_log(const Call& call) {
  const auto limit = result_size(call.text("ResultSize"), unlimited_results);
  if (!limit) return wrong_argument(limit.error().message);
  AuditQuery query{.organization = call.organization->guid().to_string(),
                   .with_installation = !call.caller.organization,
                   .start = call.time("StartDate"),
                   .end = call.time("EndDate"),
                   .cmdlets = call.texts("Cmdlets"),
                   .objects = call.texts("ObjectIds"),
                   .callers = call.texts("UserIds"),
                   .limit = *limit == unlimited_results ? *limit : *limit + 1};
  if (call.has("IsSuccess")) query.succeeded = call.flag("IsSuccess");
  auto entries = call.services.audit->search(query);
  if (!entries) return std::unexpected(CommandError{Trouble::failed, entries.error().message});
  Outcome outcome;
  if (entries->size() > *limit) {
    entries->resize(*limit);
    outcome.warnings.emplace_back(more_results);
  }
  for (const AuditEntry& entry : *entries) outcome.values.emplace_back(describe(entry));
  return outcome;
}

/// What Set-OrganizationConfig is to be given so that all is as it was before the entry.
Object reversed(const AuditEntry& entry, const Command& set) {
  Object parameters;
  const Value changes = read_json(entry.changes);
  const List* list = changes.get<List>();
  if (list == nullptr) return parameters;
  for (const Value& change : *list) {
    const Object* object = change.get<Object>();
    const Value* name = object == nullptr ? nullptr : object->find("Name");
    const Value* old_value = object == nullptr ? nullptr : object->find("OldValue");
    if (name == nullptr || old_value == nullptr) continue;
    const bool can_be_set = std::ranges::any_of(
        set.spec.parameters,
        [&](const ParameterSpec& parameter) { return parameter.name == name->to_text(); });
    if (!can_be_set) continue;
    // What shows nothing is emptied by $null.
    const bool was_empty = old_value->to_text().empty();
    parameters.set(name->to_text(), was_empty ? Value() : *old_value);
  }
  return parameters;
}

CommandResult undo_organization_config(const Call& call) {
  const auto entries =
      call.services.audit->search({.organization = call.organization->guid().to_string(),
                                   .cmdlets = {std::string(set_config), std::string(undo_config)},
                                   .succeeded = true});
  if (!entries) return std::unexpected(CommandError{Trouble::failed, entries.error().message});
  const Command& set = *find_server_command(set_config);
  for (const AuditEntry& entry : *entries) {
    Object parameters = reversed(entry, set);
    // It was given what was there already.
    if (parameters.empty()) continue;
    if (call.only_asks()) parameters.set("WhatIf", true);
    const auto bound = bind_values(set.spec, parameters);
    if (!bound) return wrong_argument(bound.error().message);
    const Call setting{call.services, call.caller, *bound, call.snapshot, call.organization};
    CommandResult result = set.handler(setting);
    if (result && !call.only_asks()) {
      result->warnings.push_back(fmt::format("Undone: {} by {} at {}.", entry.cmdlet, entry.caller,
                                             format_time(entry.time)));
    }
    return result;
  }
  return refuse({fmt::format("The audit log has no change of the settings of organization \"{}\".",
                             call.organization->name())});
}

using enum ParameterType;
using enum CommandKind;

constexpr ParameterSpec search_parameters[] = {
    {"Cmdlets", list, "Names of cmdlets; * is a wildcard."},
    {"ObjectIds", list, "What was changed, such as the name of a connector; * is a wildcard."},
    {"UserIds", list, "Who changed it: uid 0, admin.token or the name of an API token."},
    {"StartDate", date, "From when on."},
    {"EndDate", date, "Until when."},
    {"IsSuccess", boolean, "Only what succeeded, or only what was refused."},
    {"ResultSize", text, "How many at most, or Unlimited.", named, false, "1000"},
};

constexpr std::array<Command, 2> commands = {{
    {{"Search-AdminAuditLog", query,
      "Shows who changed what in an organization, when, from what to what; newest first.",
      search_parameters, "",
      "Search-AdminAuditLog -Cmdlets Set-OrganizationConfig | Format-List\n"
      "Search-AdminAuditLog -ObjectIds Printers -StartDate 2026-11-01"},
     search_audit_log},
    {{undo_config,
      change,
      "Gives the settings of an organization the values that they had before the last change. Once "
      "more: takes that back.",
      {},
      "",
      "Undo-OrganizationConfig -WhatIf\nUndo-OrganizationConfig"},
     undo_organization_config},
}};

}  // namespace

std::span<const Command> audit_commands() {
  return commands;
}

}  // namespace postern::admin
