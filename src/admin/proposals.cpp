#include "admin/proposals.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "admin/binding.h"
#include "admin/powershell_parser.h"
#include "base/ascii.h"

namespace postern::admin {
namespace {

using directory::OrganizationConfig;

constexpr std::array<ProposedSwitch, 5> switches = {{
    {"RejectDirectSend", &OrganizationConfig::reject_direct_send},
    {"RejectDirectSendCheckHeaderFrom", &OrganizationConfig::reject_direct_send_check_header_from},
    {"RejectDirectSendAllowAuthenticated",
     &OrganizationConfig::reject_direct_send_allow_authenticated},
    {"DeferOnTempError", &OrganizationConfig::defer_on_temp_error},
    {"GatewayInFront", &OrganizationConfig::gateway_in_front},
}};

constexpr std::string_view config_noun = "OrganizationConfig";
/// Objects that -With may name, each with New- and Set- cmdlets.
constexpr std::array<std::string_view, 3> nouns = {"InboundConnector", "AcceptedDomain",
                                                   "DirectSendException"};

/// May a line of -With be this cmdlet?
bool is_proposable(const CommandSpec& spec) {
  if (spec.kind != CommandKind::change) return false;
  const bool known_verb = spec.verb() == "New" || spec.verb() == "Set" || spec.verb() == "Remove";
  return known_verb && (spec.noun() == config_noun || spec.noun() == "Recipient" ||
                        std::ranges::find(nouns, spec.noun()) != nouns.end());
}

class Rehearsal {
 public:
  Rehearsal(const Call& call, store::DirectoryStore& directory)
      : organization_(call.organization->name()),
        // Nothing is changed, so everybody who may ask may propose; but for his organization only.
        caller_{.name = call.caller.name, .organization = call.organization->guid()},
        services_{.directory = directory,
                  .trace = call.services.trace,
                  .server_name = call.services.server_name,
                  .has_relay = call.services.has_relay} {}

  std::expected<void, CommandError> run(std::string_view name, const Object& parameters) {
    if (++changes_ > max_proposed_changes) {
      return wrong_argument(
          fmt::format("With: at most {} changes can be proposed at once.", max_proposed_changes));
    }
    const auto done = invoke(services_, caller_, name, organization_, parameters);
    if (!done) return std::unexpected(told(name, done.error()));
    return {};
  }

  std::expected<void, CommandError> with(const Value& value) {
    if (const List* items = value.get<List>()) {
      for (const Value& item : *items) {
        if (auto done = with(item); !done) return done;
      }
      return {};
    }
    if (const Object* object = value.get<Object>()) return with_settings(*object);
    if (const auto* lines = value.get<std::string>()) return with_lines(*lines);
    return wrong_argument(
        "With: give a hashtable of settings, such as @{RejectDirectSend=$true}, or cmdlet lines in "
        "quotes.");
  }

 private:
  static CommandError told(std::string_view name, const CommandError& error) {
    return {error.trouble, fmt::format("{}: {}", name, error.message)};
  }

  std::expected<void, CommandError> with_lines(const std::string& text) {
    const auto script = parse_script(text, now());
    if (!script) return wrong_argument("With: " + script.error().message);
    for (const Pipeline& pipeline : *script) {
      const CommandLine& line = pipeline.front();
      const Command* command = find_server_command(line.name);
      if (pipeline.size() != 1 || command == nullptr || !is_proposable(command->spec)) {
        return wrong_argument(fmt::format(
            "With: {} cannot be proposed. What can are New-, Set- and Remove- cmdlets of "
            "InboundConnector, AcceptedDomain, DirectSendException, Recipient and "
            "OrganizationConfig.",
            line.name));
      }
      const auto bound = bind_elements(command->spec, line.elements);
      if (!bound) return wrong_argument(fmt::format("{}: {}", line.name, bound.error().message));
      if (auto done = run(command->spec.name, bound->values); !done) return done;
    }
    return {};
  }

  std::expected<void, CommandError> with_settings(const Object& settings) {
    Object config;
    for (const Property& one : settings.properties()) {
      const auto* const noun = std::ranges::find_if(
          nouns, [&](std::string_view name) { return iequals(name, one.name); });
      if (noun == nouns.end()) {
        config.set(one.name, one.value);
      } else if (auto done = with_objects(*noun, one.value); !done) {
        return done;
      }
    }
    if (config.empty()) return {};
    return run("Set-OrganizationConfig", config);
  }

  std::expected<void, CommandError> with_objects(std::string_view noun, const Value& value) {
    if (const List* items = value.get<List>()) {
      for (const Value& item : *items) {
        if (auto done = with_objects(noun, item); !done) return done;
      }
      return {};
    }
    const Object* given = value.get<Object>();
    if (given == nullptr) {
      return wrong_argument(
          fmt::format("With: {0} needs a hashtable: @{{{0}=@{{Name='…'}}}}.", noun));
    }
    const auto identity = identity_of(*given);
    if (!identity) {
      return wrong_argument(fmt::format("With: {} has no Name.", noun));
    }
    Object parameters;
    if (is_there(noun, *identity)) {
      parameters.set("Identity", *identity);
      for (const Property& one : given->properties()) {
        if (!is_name(one.name)) parameters.set(one.name, one.value);
      }
      return run(fmt::format("Set-{}", noun), parameters);
    }
    parameters.set("Name", *identity);
    // What the cmdlet insists on, and hardly anybody wants otherwise.
    if (noun == "InboundConnector") parameters.set("SenderDomains", "*");
    for (const Property& one : given->properties()) {
      if (!is_name(one.name)) parameters.set(one.name, one.value);
    }
    return run(fmt::format("New-{}", noun), parameters);
  }

  static bool is_name(std::string_view property) {
    return iequals(property, "Name") || iequals(property, "Identity") ||
           iequals(property, "DomainName");
  }

  static std::optional<std::string> identity_of(const Object& given) {
    for (const Property& one : given.properties()) {
      if (is_name(one.name) && !one.value.to_text().empty()) return one.value.to_text();
    }
    return std::nullopt;
  }

  bool is_there(std::string_view noun, const std::string& identity) {
    const auto found = invoke(services_, caller_, fmt::format("Get-{}", noun), organization_,
                              Object{{"Identity", identity}});
    return found && !found->values.empty();
  }

  const std::string organization_;
  const Caller caller_;
  Services services_;
  std::size_t changes_ = 0;
};

}  // namespace

std::span<const ProposedSwitch> proposed_switches() {
  return switches;
}

std::expected<std::unique_ptr<store::DirectoryStore>, CommandError> rehearse_proposals(
    const Call& call) {
  auto directory = store::DirectoryStore::rehearse(*call.snapshot);
  if (!directory) return refuse(directory.error());
  Rehearsal rehearsal(call, **directory);
  for (const std::string& connector : call.texts("Without")) {
    if (auto done = rehearsal.run("Remove-InboundConnector", Object{{"Identity", connector}});
        !done)
      return std::unexpected(done.error());
  }
  if (const Value* with = call.arguments.find("With"); with != nullptr && !with->is_null()) {
    if (auto done = rehearsal.with(*with); !done) return std::unexpected(done.error());
  }
  Object config;
  for (const ProposedSwitch& one : switches) {
    if (call.has(one.name)) config.set(one.name, call.flag(one.name));
  }
  if (!config.empty()) {
    if (auto done = rehearsal.run("Set-OrganizationConfig", config); !done)
      return std::unexpected(done.error());
  }
  return *std::move(directory);
}

}  // namespace postern::admin
