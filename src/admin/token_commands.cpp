// New-, Get-, Remove-ApiToken.
#include <fmt/format.h>

#include <array>

#include "admin/commands.h"
#include "base/ascii.h"

namespace postern::admin {
namespace {

using store::ApiToken;
using store::Role;

std::string organization_name(const Call& call, const ApiToken& token) {
  if (!token.organization) return {};
  const std::string guid = token.organization->to_string();
  const auto found = call.snapshot->find_organization(guid);
  // Removed meanwhile: the token opens nothing any more.
  return found == nullptr ? guid : found->name();
}

Value to_value(const std::optional<Time>& time) {
  return time ? Value(*time) : Value();
}

Object describe(const Call& call, const ApiToken& token) {
  Object object = {
      {"Name", token.name},
      {"Identity", token.name},
      {"Guid", token.guid.to_string()},
      {"Role", store::to_string(token.role)},
      {"Organization", organization_name(call, token)},
      {"ExpirationDate", to_value(token.expires)},
      {"LastUsed", to_value(token.last_used)},
      {"WhenCreatedUTC", token.created},
  };
  object.kind = "ApiToken";
  return object;
}

bool may_see(const Call& call, const ApiToken& token) {
  return !call.caller.organization || call.caller.organization == token.organization;
}

std::optional<ApiToken> find(const Call& call, std::string_view identity) {
  for (ApiToken& token : call.services.tokens->list()) {
    const bool is_it = iequals(token.name, identity) || iequals(token.guid.to_string(), identity);
    if (is_it && may_see(call, token)) return std::move(token);
  }
  return std::nullopt;
}

CommandResult new_token(const Call& call) {
  ApiToken wanted{.name = call.text("Name"), .role = *store::parse_role(call.text("Role"))};
  // Who is for one organization makes tokens for that one.
  wanted.organization = call.caller.organization;
  if (const std::string name = call.text("Organization"); !name.empty()) {
    const auto found = call.snapshot->find_organization(name);
    if (found == nullptr || !call.caller.may_see(found->guid())) return call.not_found(name);
    wanted.organization = found->guid();
  }
  wanted.expires = call.time("ExpirationDate");
  if (call.only_asks()) {
    return what_if(fmt::format("Making an API token \"{}\" with the role {}.", wanted.name,
                               store::to_string(wanted.role)));
  }
  auto made = call.services.tokens->add(std::move(wanted), now());
  if (!made) return refuse(made.error());
  Object object = describe(call, made->token);
  object.set("Token", std::move(made->secret));
  return Outcome{{std::move(object)}, {"The token is shown this once: only its hash is kept."}};
}

CommandResult get_token(const Call& call) {
  Outcome outcome;
  if (const std::string identity = call.text("Identity"); !identity.empty()) {
    const auto found = find(call, identity);
    if (!found) return call.not_found(identity);
    outcome.values.emplace_back(describe(call, *found));
    return outcome;
  }
  for (const ApiToken& token : call.services.tokens->list()) {
    if (may_see(call, token)) outcome.values.emplace_back(describe(call, token));
  }
  return outcome;
}

CommandResult remove_token(const Call& call) {
  const std::string identity = call.text("Identity");
  const auto found = find(call, identity);
  if (!found) return call.not_found(identity);
  if (call.only_asks()) return what_if(fmt::format("Removing the API token \"{}\".", found->name));
  const auto done = call.services.tokens->remove(found->guid.to_string());
  if (!done) return refuse(done.error());
  return Outcome{};
}

using enum ParameterType;
using enum CommandKind;

constexpr ParameterSpec identity_to_show = {"Identity", text,
                                            "Name or GUID. Without it all are given.", 0};
constexpr ParameterSpec new_parameters[] = {
    {"Name", text, "Whose token it is, or what for; it stands in the log.", 0, true},
    {"Role", text,
     "A viewer reads, but no content of mail; an operator also does the daily work (recipients, "
     "quarantine); an administrator changes everything.",
     named, true, "", "viewer|operator|administrator"},
    {"ExpirationDate", date, "When it ends. Without it: when it is removed."},
};
constexpr ParameterSpec get_parameters[] = {identity_to_show};
constexpr ParameterSpec remove_parameters[] = {
    {"Identity", text, "Name or GUID.", 0, true},
};

constexpr std::array<Command, 3> commands = {{
    {{"New-ApiToken", change,
      "Makes a token for the REST interface; with -Organization for that organization only.",
      new_parameters, "",
      "New-ApiToken monitoring -Role viewer\n"
      "New-ApiToken 'Ann at Contoso' -Role administrator -Organization Contoso"},
     new_token,
     Needs::nothing},
    {{"Get-ApiToken", query, "Shows the tokens of the REST interface, not their secrets.",
      get_parameters, "", "Get-ApiToken | Format-Table Name,Role,Organization,LastUsed"},
     get_token,
     Needs::nothing,
     Role::administrator},
    {{"Remove-ApiToken", change, "Ends a token at once.", remove_parameters, "",
      "Remove-ApiToken monitoring -Confirm:$false"},
     remove_token,
     Needs::nothing},
}};

}  // namespace

std::span<const Command> token_commands() {
  return commands;
}

}  // namespace postern::admin
