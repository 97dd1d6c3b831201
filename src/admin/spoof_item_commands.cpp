// New-, Get-, Set-, Remove-TenantAllowBlockListSpoofItems.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "admin/spoof_change.h"
#include "base/ascii.h"
#include "mail/domain_name.h"

namespace postern::admin {
namespace {

using directory::Guid;
using directory::SpoofItem;
using directory::SpoofItemAction;

constexpr std::string_view only_identity = "Default";

/// There is one list. Exchange writes it `Default`, or `contoso.com\Default`.
bool names_another(const Call& call) {
  const std::string identity = call.text("Identity");
  if (identity.empty() || iequals(identity, only_identity)) return false;
  const std::size_t end = identity.find('\\');
  if (end == std::string::npos ||
      !iequals(std::string_view(identity).substr(end + 1), only_identity))
    return true;
  const std::string_view owner = std::string_view(identity).substr(0, end);
  const auto domain = mail::to_a_label(owner);
  return !iequals(owner, call.organization->name()) &&
         !(domain && call.organization->find_domain(*domain) != nullptr);
}

Object describe(const SpoofItem& item) {
  Object object = {
      {"Identity", item.guid.to_string()},
      {"SpoofedUser", item.spoofed_user},
      {"SendingInfrastructure", item.sending_infrastructure},
      {"SpoofType", directory::to_string(item.type)},
      {"Action", directory::to_string(item.action)},
  };
  object.set("ExpirationDate", item.expires ? Value(*item.expires) : Value());
  object.set("WhenCreatedUTC", item.when_created);
  object.set("WhenChangedUTC", item.when_changed);
  object.kind = "TenantAllowBlockListSpoofItems";
  return object;
}

// The table lets only the known words through.
SpoofItemAction action_of(const Call& call) {
  return directory::parse_spoof_item_action(call.text("Action")).value();
}

/// Those of -Ids that are in the list.
std::expected<std::vector<Guid>, CommandError> ids_of(const Call& call) {
  std::vector<Guid> guids;
  for (const std::string& text : call.texts("Ids")) {
    const auto guid = Guid::parse(text);
    if (!guid || call.organization->spoof_items()->find(*guid) == nullptr)
      return call.not_found(text);
    if (std::ranges::find(guids, *guid) == guids.end()) guids.push_back(*guid);
  }
  if (guids.empty()) return wrong_argument("Ids: give the Identity of at least one entry.");
  return guids;
}

CommandResult new_item(const Call& call) {
  if (names_another(call)) return call.not_found(call.text("Identity"));
  SpoofItem item;
  item.action = action_of(call);
  item.type = directory::parse_spoof_type(call.text("SpoofType")).value();
  item.spoofed_user = call.text("SpoofedUser");
  item.sending_infrastructure = call.text("SendingInfrastructure");
  const Value* const until = call.arguments.find("ExpirationDate");
  if (const Time* time = until == nullptr ? nullptr : until->get<Time>()) item.expires = *time;
  if (call.only_asks()) {
    item.when_created = now();
    const auto checked = directory::check_spoof_item(item, *call.snapshot, *call.organization);
    if (!checked) return refuse(checked.error());
    return what_if(fmt::format("Creating the entry {} \"{}\" from \"{}\".",
                               directory::to_string(checked->action), checked->spoofed_user,
                               checked->sending_infrastructure));
  }
  const auto made = call.services.directory.new_spoof_item(call.organization->name(), item);
  if (!made) return refuse(made.error());
  return Outcome{{describe(*made)}, {}};
}

CommandResult get_items(const Call& call) {
  if (names_another(call)) return call.not_found(call.text("Identity"));
  Outcome outcome;
  for (const SpoofItem& item : call.organization->spoof_items()->items()) {
    if (call.has("Action") && item.action != action_of(call)) continue;
    if (call.has("SpoofType") &&
        item.type != directory::parse_spoof_type(call.text("SpoofType")).value()) {
      continue;
    }
    outcome.values.emplace_back(describe(item));
  }
  return outcome;
}

CommandResult set_items(const Call& call) {
  if (names_another(call)) return call.not_found(call.text("Identity"));
  const auto guids = ids_of(call);
  if (!guids) return std::unexpected(guids.error());
  const SpoofItemAction action = action_of(call);
  if (call.only_asks()) {
    return what_if(fmt::format("Setting Action of {} to {}.", fmt::join(call.texts("Ids"), ", "),
                               directory::to_string(action)));
  }
  const auto done =
      call.services.directory.set_spoof_items(call.organization->name(), *guids, action);
  if (!done) return refuse(done.error());
  return Outcome{};
}

CommandResult remove_items(const Call& call) {
  if (names_another(call)) return call.not_found(call.text("Identity"));
  const auto guids = ids_of(call);
  if (!guids) return std::unexpected(guids.error());
  if (call.only_asks())
    return what_if(fmt::format("Removing {}.", fmt::join(call.texts("Ids"), ", ")));
  const auto done = call.services.directory.remove_spoof_items(call.organization->name(), *guids);
  if (!done) return refuse(done.error());
  return Outcome{};
}

using enum ParameterType;
using enum CommandKind;

constexpr ParameterSpec identity = {
    "Identity", text,  "Default, or an accepted domain and \\Default: there is one such list.",
    0,          false, "Default"};
constexpr ParameterSpec ids = {"Ids", list, "The Identity of each entry, as Get shows it.", named,
                               true};

constexpr ParameterSpec new_parameters[] = {
    identity,
    {"Action",
     text,
     "Allow: such mail is delivered, although authentication fails. Block: "
     "compauth=fail reason=002, and the policy's SpoofBlockAction.",
     named,
     true,
     {},
     "Allow|Block"},
    {"SpoofedUser", text, "The author: an address, a domain (not those below it), or *.", named,
     true},
    {"SendingInfrastructure", text,
     "Where the mail comes from: the domain of the client's confirmed reverse name, the d= of a "
     "DKIM signature that verifies, the client's network (/24, IPv6 /48), or *.",
     named, true},
    {"SpoofType",
     text,
     "Internal: the author is of an accepted domain of the organization.",
     named,
     true,
     {},
     "Internal|External"},
    {"ExpirationDate", date, "From then on the entry counts for nothing.", named, false, "never"},
};
constexpr ParameterSpec get_parameters[] = {
    identity,
    {"Action", text, "Only these.", named, false, {}, "Allow|Block"},
    {"SpoofType", text, "Only these.", named, false, {}, "Internal|External"},
};
constexpr ParameterSpec set_parameters[] = {
    identity,
    ids,
    {"Action",
     text,
     "What they say from now on. Nothing else of an entry can be changed.",
     named,
     true,
     {},
     "Allow|Block"},
};
constexpr ParameterSpec remove_parameters[] = {identity, ids};

constexpr std::array<Command, 4> commands = {{
    {{"New-TenantAllowBlockListSpoofItems", change,
      "Allows or blocks an author from one sending infrastructure.", new_parameters, "",
      "New-TenantAllowBlockListSpoofItems -Identity Default -Action Allow -SpoofedUser gmail.com "
      "-SendingInfrastructure tms.mx.com -SpoofType External\n"
      "New-TenantAllowBlockListSpoofItems -Action Block -SpoofedUser hr@contoso.com "
      "-SendingInfrastructure 203.0.113.0/24 -SpoofType Internal -ExpirationDate 2026-12-31"},
     new_item},
    {{"Get-TenantAllowBlockListSpoofItems", query,
      "Shows which authors are allowed or blocked from which sending infrastructure.",
      get_parameters, "",
      "Get-TenantAllowBlockListSpoofItems | Format-Table\n"
      "Get-TenantAllowBlockListSpoofItems -Action Block -SpoofType Internal"},
     get_items},
    {{"Set-TenantAllowBlockListSpoofItems", change, "Turns Allow into Block, or the other way.",
      set_parameters, "",
      "Set-TenantAllowBlockListSpoofItems -Identity contoso.com\\Default -Ids "
      "5f1d36b0-0a52-4b5a-8ab7-2ac4d2a1d0a3 -Action Block"},
     set_items},
    {{"Remove-TenantAllowBlockListSpoofItems", change, "Removes entries of the list.",
      remove_parameters, "",
      "Remove-TenantAllowBlockListSpoofItems -Identity contoso.com\\Default -Ids "
      "5f1d36b0-0a52-4b5a-8ab7-2ac4d2a1d0a3 -Confirm:$false"},
     remove_items},
}};

}  // namespace

std::span<const Command> spoof_item_commands() {
  return commands;
}

}  // namespace postern::admin
