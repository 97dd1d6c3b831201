#include "admin/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "admin/audit.h"
#include "admin/binding.h"
#include "admin/pipeline.h"
#include "admin/session_commands.h"
#include "base/ascii.h"
#include "mail/domain_name.h"

namespace postern::admin {
namespace {

std::span<const std::span<const Command>> server_commands() {
  static const std::span<const Command> all[] = {organization_commands(),
                                                 arc_commands(),
                                                 domain_commands(),
                                                 recipient_commands(),
                                                 connector_commands(),
                                                 attribution_commands(),
                                                 trace_commands(),
                                                 trace_detail_commands(),
                                                 composite_commands(),
                                                 anti_phish_policy_commands(),
                                                 anti_phish_rule_commands(),
                                                 spoof_item_commands(),
                                                 spoof_report_commands(),
                                                 quarantine_commands(),
                                                 token_commands(),
                                                 audit_commands(),
                                                 direct_send_commands(),
                                                 spf_inventory_commands(),
                                                 direct_send_exception_commands(),
                                                 what_if_commands()};
  return all;
}

/// An empty name and `-` stand for the only organization.
bool names_nobody(std::string_view organization) {
  return organization.empty() || organization == "-";
}

directory::SharedOrganization find_organization(const directory::Snapshot& snapshot,
                                                std::string_view identity) {
  if (auto found = snapshot.find_organization(identity)) return found;
  const auto domain = mail::to_a_label(identity);
  const auto owner = domain ? snapshot.find_domain(*domain) : directory::Snapshot::DomainOwner{};
  return owner ? snapshot.find_organization(owner.domain->organization) : nullptr;
}

std::expected<directory::SharedOrganization, CommandError> choose_organization(
    const Call& call, std::string_view from_path) {
  const std::string from_parameter = call.text("Organization");
  const std::string_view wanted = names_nobody(from_parameter) ? from_path : from_parameter;
  const directory::Snapshot& snapshot = *call.snapshot;
  if (names_nobody(wanted)) {
    if (call.caller.organization) {
      if (auto own = snapshot.find_organization(call.caller.organization->to_string())) return own;
      return std::unexpected(CommandError{
          Trouble::forbidden, "The organization that this token was made for is not there."});
    }
    if (auto only = snapshot.only_organization()) return only;
    if (snapshot.organization_count() == 0) {
      return wrong_argument("There is no organization yet. Create one with New-Organization.");
    }
    return wrong_argument(
        "There are several organizations. Name the one that is meant with -Organization.");
  }
  const auto found = find_organization(snapshot, wanted);
  // Whether another organization exists is not this caller's business either.
  if (found == nullptr || !call.caller.may_see(found->guid())) return call.not_found(wanted);
  if (!names_nobody(from_parameter) && !names_nobody(from_path) &&
      find_organization(snapshot, from_path) != found) {
    return wrong_argument(fmt::format(
        "The parameter Organization names '{}', but the request is for '{}'.", wanted, from_path));
  }
  return found;
}

std::expected<void, CommandError> check_rights(const Caller& caller, const Command& command) {
  const store::Role least = command.least_role();
  if (caller.role < least) {
    return std::unexpected(CommandError{
        Trouble::forbidden,
        fmt::format("{} needs the role {}: {} has the role {}.", command.spec.name,
                    store::to_string(least), caller.name, store::to_string(caller.role))});
  }
  if (command.needs == Needs::installation && caller.organization) {
    return std::unexpected(
        CommandError{Trouble::forbidden,
                     fmt::format("{} changes the whole installation: {} is for one organization.",
                                 command.spec.name, caller.name)});
  }
  return {};
}

}  // namespace

std::string Call::text(std::string_view parameter) const {
  const Value* value = arguments.find(parameter);
  return value == nullptr ? std::string() : value->to_text();
}

bool Call::flag(std::string_view parameter) const {
  const Value* value = arguments.find(parameter);
  return value != nullptr && value->is_true();
}

std::vector<std::string> Call::texts(std::string_view parameter) const {
  std::vector<std::string> found;
  const Value* value = arguments.find(parameter);
  if (const List* items = value == nullptr ? nullptr : value->get<List>()) {
    for (const Value& item : *items) found.push_back(item.to_text());
  }
  return found;
}

std::optional<Time> Call::time(std::string_view parameter) const {
  const Value* value = arguments.find(parameter);
  const Time* time = value == nullptr ? nullptr : value->get<Time>();
  return time == nullptr ? std::nullopt : std::optional(*time);
}

std::unexpected<CommandError> Call::not_found(std::string_view object) const {
  return std::unexpected(CommandError{
      Trouble::not_found,
      fmt::format(
          "The operation couldn't be performed because object '{}' couldn't be found on '{}'.",
          object, services.server_name)});
}

std::unexpected<CommandError> refuse(const Error& error) {
  return std::unexpected(CommandError{Trouble::refused, error.message});
}

std::unexpected<CommandError> wrong_argument(std::string sentence) {
  return std::unexpected(CommandError{Trouble::wrong_argument, std::move(sentence)});
}

Outcome what_if(std::string sentence) {
  return {{}, {"What if: " + std::move(sentence)}};
}

store::Role Command::least_role() const {
  const bool is_query = spec.kind == CommandKind::query;
  return role.value_or(is_query ? store::Role::viewer : store::Role::administrator);
}

std::vector<const Command*> all_server_commands() {
  std::vector<const Command*> all;
  for (const auto& commands : server_commands()) {
    for (const Command& command : commands) all.push_back(&command);
  }
  return all;
}

const Command* find_server_command(std::string_view name) {
  for (const auto& commands : server_commands()) {
    for (const Command& command : commands) {
      if (iequals(command.spec.name, name)) return &command;
    }
  }
  return nullptr;
}

std::vector<const CommandSpec*> all_commands() {
  std::vector<const CommandSpec*> all;
  for (const auto& commands : server_commands()) {
    for (const Command& command : commands) all.push_back(&command.spec);
  }
  std::ranges::sort(all, [](const CommandSpec* a, const CommandSpec* b) {
    return std::pair(a->noun(), a->verb()) < std::pair(b->noun(), b->verb());
  });
  for (const CommandSpec& command : session_commands()) all.push_back(&command);
  for (const CommandSpec& command : pipeline_commands()) all.push_back(&command);
  return all;
}

const CommandSpec* find_command(std::string_view name) {
  if (const Command* command = find_server_command(name)) return &command->spec;
  if (const CommandSpec* command = find_session_command(name)) return command;
  return find_pipeline_command(name);
}

CommandResult invoke(Services& services, const Caller& caller, std::string_view name,
                     std::string_view organization, const Object& parameters) {
  const Command* command = find_server_command(name);
  if (command == nullptr) {
    std::string sentence =
        find_command(name) != nullptr
            ? fmt::format("{} runs in the command line, not in posternd.", name)
            : fmt::format("The term '{}' is not recognized as the name of a cmdlet.", name);
    return std::unexpected(CommandError{Trouble::unknown_command, std::move(sentence)});
  }
  if (auto allowed = check_rights(caller, *command); !allowed)
    return std::unexpected(allowed.error());
  const Result<Object> bound = bind_values(command->spec, parameters);
  if (!bound) return wrong_argument(bound.error().message);

  Call call{services, caller, *bound, services.directory.snapshot(), nullptr};
  if (command->needs == Needs::organization) {
    auto chosen = choose_organization(call, organization);
    if (!chosen) return std::unexpected(chosen.error());
    call.organization = std::move(*chosen);
  }
  const bool is_change = command->spec.kind == CommandKind::change && !call.only_asks();
  return is_change && services.audit ? run_audited(*command, call) : command->handler(call);
}

}  // namespace postern::admin
