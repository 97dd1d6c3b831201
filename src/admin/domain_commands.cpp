// New-, Get-, Set-, Remove-AcceptedDomain.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "admin/commands.h"
#include "base/ascii.h"
#include "base/wildcard.h"
#include "delivery/next_hop.h"
#include "directory/validation.h"
#include "mail/domain_name.h"

namespace postern::admin {
namespace {

using directory::AcceptedDomain;

const std::string detail_mark = "detail:";

Object describe(const AcceptedDomain& domain) {
  Object object = {
      {"Name", domain.name},
      {"Identity", domain.name},
      {"DomainName", domain.name},
      {"DomainType", directory::to_string(domain.type)},
      {"Default", domain.is_default},
      {"MatchSubDomains", domain.match_sub_domains},
      {"RejectDirectSend", directory::to_string(domain.reject_direct_send)},
      {"NextHop", domain.next_hop},
      {"JunkDelivery", domain.junk_detail.empty() ? "header" : detail_mark + domain.junk_detail},
  };
  object.kind = "AcceptedDomain";
  return object;
}

/// The parameters that New- and Set- share.
void apply(const Call& call, AcceptedDomain& domain) {
  if (call.has("DomainType")) {
    // The table lets only the known words through.
    domain.type = directory::parse_domain_type(call.text("DomainType")).value();
  }
  if (call.has("RejectDirectSend"))
    domain.reject_direct_send =
        directory::parse_direct_send_switch(call.text("RejectDirectSend")).value();
  if (call.has("MatchSubDomains")) domain.match_sub_domains = call.flag("MatchSubDomains");
  if (call.has("NextHop")) domain.next_hop = call.text("NextHop");
  if (call.has("JunkDelivery")) {
    const std::string text = call.text("JunkDelivery");
    domain.junk_detail = istarts_with(text, detail_mark) ? text.substr(detail_mark.size()) : "";
  }
}

/// What is left of `header` and `detail:Junk` the directory checks.
Result<void> check_junk_delivery(const Call& call) {
  const std::string text = call.text("JunkDelivery");
  const bool is_detail = istarts_with(text, detail_mark) && text.size() > detail_mark.size();
  if (!call.has("JunkDelivery") || text.empty() || iequals(text, "header") || is_detail) return {};
  return fail(fmt::format("JunkDelivery: \"{}\" is neither header nor detail:Junk.", text));
}

/// What the directory, which knows no deliveries, cannot see.
Result<void> check_next_hop(const Call& call) {
  const std::string text = call.has("NextHop") ? call.text("NextHop") : "";
  if (text.empty()) return {};
  if (const auto hop = delivery::parse_next_hop(text); !hop)
    return fail("NextHop: " + hop.error().message);
  return {};
}

/// The stored name of an accepted domain; nothing: there is none.
std::optional<std::string> find_name(const Call& call) {
  const auto name = mail::to_a_label(call.text("Identity"));
  if (!name || call.organization->find_domain(*name) == nullptr) return std::nullopt;
  return name;
}

CommandResult new_domain(const Call& call) {
  AcceptedDomain domain;
  const std::string label = call.text("Name");
  domain.name = call.has("DomainName") ? call.text("DomainName") : label;
  if (domain.name.empty()) {
    return wrong_argument(
        "Cannot process command because of one or more missing mandatory parameters: DomainName.");
  }
  if (const auto hop = check_next_hop(call); !hop) return refuse(hop.error());
  if (const auto junk = check_junk_delivery(call); !junk) return refuse(junk.error());
  apply(call, domain);
  Outcome outcome;
  if (!label.empty() && !iequals(label, domain.name)) {
    outcome.warnings.push_back(fmt::format(
        "An accepted domain is called by its domain here; the name '{}' is not kept.", label));
  }
  if (call.only_asks()) {
    const auto checked = directory::check_domain(domain);
    if (!checked) return refuse(checked.error());
    return what_if(fmt::format("Creating accepted domain \"{}\" of organization \"{}\".",
                               checked->name, call.organization->name()));
  }
  const auto made =
      call.services.directory.new_accepted_domain(call.organization->name(), std::move(domain));
  if (!made) return refuse(made.error());
  outcome.values.emplace_back(describe(*made));
  return outcome;
}

CommandResult get_domain(const Call& call) {
  const std::string identity = call.text("Identity");
  Outcome outcome;
  if (!identity.empty() && !identity.contains('*')) {
    const auto name = find_name(call);
    if (!name) return call.not_found(identity);
    outcome.values.emplace_back(describe(*call.organization->find_domain(*name)));
    return outcome;
  }
  for (const AcceptedDomain& domain : call.organization->accepted_domains()) {
    if (identity.empty() || matches_wildcard(domain.name, identity)) {
      outcome.values.emplace_back(describe(domain));
    }
  }
  return outcome;
}

CommandResult set_domain(const Call& call) {
  const auto name = find_name(call);
  if (!name) return call.not_found(call.text("Identity"));
  if (const auto hop = check_next_hop(call); !hop) return refuse(hop.error());
  if (const auto junk = check_junk_delivery(call); !junk) return refuse(junk.error());
  const auto edit = [&](AcceptedDomain& domain) {
    apply(call, domain);
    if (call.flag("MakeDefault")) domain.is_default = true;
  };
  if (call.only_asks()) {
    AcceptedDomain changed = *call.organization->find_domain(*name);
    edit(changed);
    const auto checked = directory::check_domain(std::move(changed));
    if (!checked) return refuse(checked.error());
    return what_if(fmt::format("Setting accepted domain \"{}\".", *name));
  }
  const auto done =
      call.services.directory.set_accepted_domain(call.organization->name(), *name, edit);
  if (!done) return refuse(done.error());
  return Outcome{};
}

CommandResult remove_domain(const Call& call) {
  const auto name = find_name(call);
  if (!name) return call.not_found(call.text("Identity"));
  if (call.only_asks()) return what_if(fmt::format("Removing accepted domain \"{}\".", *name));
  const auto done =
      call.services.directory.remove_accepted_domain(call.organization->name(), *name);
  if (!done) return refuse(done.error());
  return Outcome{};
}

using enum ParameterType;
using enum CommandKind;

constexpr ParameterSpec type_parameter = {
    "DomainType",
    text,
    "Authoritative: unknown recipients are refused, 550 5.4.1. InternalRelay: the next hop knows "
    "its recipients, any is handed on.",
    named,
    false,
    "Authoritative",
    "Authoritative|InternalRelay"};
constexpr ParameterSpec match_parameter = {
    "MatchSubDomains",
    boolean,
    "Accept mail for all domains below, too; InternalRelay only.",
    named,
    false,
    "False"};
constexpr ParameterSpec reject_parameter = {
    "RejectDirectSend",
    text,
    "For mail that claims this domain in the reverse-path, or one below it that MatchSubDomains "
    "has: "
    "True or False, whatever the organization's RejectDirectSend says; Inherit: as that says.",
    named,
    false,
    "Inherit",
    "Inherit|True|False"};
constexpr ParameterSpec hop_parameter = {
    "NextHop",
    text,
    "Where its mail goes: maildir:PATH with %d and %u, lmtp:HOST:PORT, lmtp:unix:PATH, "
    "smtp:HOST:PORT or smtp:mx:DOMAIN; several servers with commas between them, in quotes; "
    "options behind a question mark, as in smtp:HOST:25?tls=verify.",
    named,
    false,
    "[delivery] default of the configuration"};

constexpr ParameterSpec junk_parameter = {
    "JunkDelivery",
    text,
    "How mail that a policy calls junk reaches its folder. header: the fields X-Spam-Flag and "
    "X-Postern-Disposition tell it. detail:Junk: those, and it goes to user+Junk@… by LMTP and to "
    "the folder .Junk of a Maildir.",
    named,
    false,
    "header"};

constexpr ParameterSpec new_parameters[] = {
    {"Name", text, "The domain, such as contoso.com.", 0},
    {"DomainName", text, "The domain, where Name is something else, as in Exchange's examples."},
    type_parameter,
    match_parameter,
    reject_parameter,
    hop_parameter,
    junk_parameter,
};
constexpr ParameterSpec get_parameters[] = {
    {"Identity", text, "The domain; * is a wildcard. Without it all are given.", 0},
};
constexpr ParameterSpec set_parameters[] = {
    {"Identity", text, "The domain.", 0, true},
    type_parameter,
    match_parameter,
    reject_parameter,
    {"MakeDefault", boolean, "Make it the default domain of the organization."},
    hop_parameter,
    junk_parameter,
};
constexpr ParameterSpec remove_parameters[] = {
    {"Identity", text, "The domain.", 0, true},
};

constexpr std::array<Command, 4> commands = {{
    {{"New-AcceptedDomain", change, "Accepts mail for a domain.", new_parameters, "",
      "New-AcceptedDomain -Name contoso.com\n"
      "New-AcceptedDomain relay.contoso.net -DomainType InternalRelay -MatchSubDomains $true "
      "-NextHop smtp:192.0.2.25:25"},
     new_domain},
    {{"Get-AcceptedDomain", query, "Shows the accepted domains.", get_parameters, "",
      "Get-AcceptedDomain *.contoso.net"},
     get_domain},
    {{"Set-AcceptedDomain", change, "Changes an accepted domain.", set_parameters, "",
      "Set-AcceptedDomain contoso.com -NextHop lmtp:127.0.0.1:24\n"
      "Set-AcceptedDomain contoso.com -JunkDelivery detail:Junk\n"
      "Set-AcceptedDomain shop.contoso.com -RejectDirectSend False"},
     set_domain},
    {{"Remove-AcceptedDomain", change, "Stops accepting mail for a domain.", remove_parameters, "",
      "Remove-AcceptedDomain old.contoso.com -Confirm:$false"},
     remove_domain},
}};

}  // namespace

std::span<const Command> domain_commands() {
  return commands;
}

}  // namespace postern::admin
