// New-, Get-, Set-, Remove-InboundConnector.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "admin/commands.h"
#include "admin/list_parameters.h"
#include "base/ascii.h"
#include "base/wildcard.h"
#include "directory/connector_validation.h"

namespace postern::admin {
namespace {

using directory::Force;
using directory::InboundConnector;

// What Exchange's cmdlets take and this edge has no use for. Said aloud: a setting that is
// silently ignored is one that an administrator relies on.
constexpr std::array<std::string_view, 5> reserved = {"TrustedOrganizations", "ClientHostNames",
                                                      "EFTestMode", "EFSkipMailGateway",
                                                      "ScanAndDropRecipients"};

Object describe(const InboundConnector& connector) {
  List domains, addresses;
  for (const std::string_view domain : connector.sender_domains) {
    domains.emplace_back(directory::print_sender_domain(domain));
  }
  for (const IpPrefix& prefix : connector.sender_ip_addresses) {
    addresses.emplace_back(prefix.to_string());
  }
  Object object = {
      {"Name", connector.name.str()},
      {"Identity", connector.name.str()},
      {"Guid", connector.guid.to_string()},
      {"Enabled", connector.enabled},
      {"ConnectorType", directory::to_string(connector.type)},
      {"ConnectorSource", directory::to_string(connector.source)},
      {"Comment", connector.comment.str()},
      {"SenderDomains", std::move(domains)},
      {"SenderIPAddresses", std::move(addresses)},
      {"TlsSenderCertificateName", connector.tls_sender_certificate_name.str()},
      {"RequireTls", connector.require_tls},
      {"RestrictDomainsToIPAddresses", connector.restrict_domains_to_ip_addresses},
      {"RestrictDomainsToCertificate", connector.restrict_domains_to_certificate},
      {"CloudServicesMailEnabled", connector.cloud_services_mail_enabled},
      {"TreatMessagesAsInternal", connector.treat_messages_as_internal},
      {"AssociatedAcceptedDomains", connector.associated_accepted_domains.to_vector()},
      {"EFSkipLastIP", connector.ef_skip_last_ip},
      {"EFSkipIPs", connector.ef_skip_ips.to_vector()},
      {"EFUsers", connector.ef_users.to_vector()},
      {"MessageRateLimit", std::int64_t{connector.message_rate_limit}},
      {"RecipientRateLimit", std::int64_t{connector.recipient_rate_limit}},
      {"IsValid", true},
      {"WhenCreatedUTC", connector.when_created},
      {"WhenChangedUTC", connector.when_changed},
  };
  object.kind = "InboundConnector";
  return object;
}

Result<std::string> as_it_is(const std::string& text) {
  return text;
}

Result<std::string> normal_domain(const std::string& text) {
  return directory::parse_sender_domain(text);
}

void apply_flags(const Call& call, InboundConnector& connector) {
  const auto given = [&](std::string_view parameter, bool otherwise) {
    return call.has(parameter) ? call.flag(parameter) : otherwise;
  };
  connector.enabled = given("Enabled", connector.enabled);
  connector.require_tls = given("RequireTls", connector.require_tls);
  connector.restrict_domains_to_ip_addresses =
      given("RestrictDomainsToIPAddresses", connector.restrict_domains_to_ip_addresses);
  connector.restrict_domains_to_certificate =
      given("RestrictDomainsToCertificate", connector.restrict_domains_to_certificate);
  connector.cloud_services_mail_enabled =
      given("CloudServicesMailEnabled", connector.cloud_services_mail_enabled);
  connector.treat_messages_as_internal =
      given("TreatMessagesAsInternal", connector.treat_messages_as_internal);
  connector.ef_skip_last_ip = given("EFSkipLastIP", connector.ef_skip_last_ip);
}

Result<void> apply_rate_limit(const Call& call, std::string_view parameter, std::uint32_t& limit) {
  if (!call.has(parameter)) return {};
  const std::int64_t given = *call.arguments.find(parameter)->get<std::int64_t>();
  if (given < 0 || given > directory::max_rate_limit) {
    return fail(
        fmt::format("{}: a number from 0 to {}, of a minute; 0 is what [limits] of the "
                    "configuration says.",
                    parameter, directory::max_rate_limit));
  }
  limit = static_cast<std::uint32_t>(given);
  return {};
}

Result<void> apply(const Call& call, InboundConnector& connector) {
  for (const std::string_view name : reserved) {
    if (call.has(name)) {
      return fail(fmt::format("{}: this parameter is reserved and cannot be set here.", name));
    }
  }
  if (call.has("Name")) connector.name = call.text("Name");
  // The table lets only the known words through.
  if (call.has("ConnectorType")) {
    connector.type = directory::parse_connector_type(call.text("ConnectorType")).value();
  }
  if (call.has("ConnectorSource")) {
    connector.source = directory::parse_connector_source(call.text("ConnectorSource")).value();
  }
  if (call.has("Comment")) connector.comment = call.text("Comment");
  if (call.has("TlsSenderCertificateName")) {
    connector.tls_sender_certificate_name = call.text("TlsSenderCertificateName");
  }
  apply_flags(call, connector);
  if (auto done = apply_rate_limit(call, "MessageRateLimit", connector.message_rate_limit); !done)
    return done;
  if (auto done = apply_rate_limit(call, "RecipientRateLimit", connector.recipient_rate_limit);
      !done) {
    return done;
  }
  if (auto done = apply_prefixes(call, "SenderIPAddresses", connector.sender_ip_addresses); !done)
    return done;
  if (auto done = apply_list(call, "SenderDomains", connector.sender_domains, normal_domain);
      !done) {
    return done;
  }
  if (auto done = apply_list(call, "AssociatedAcceptedDomains",
                             connector.associated_accepted_domains, as_it_is);
      !done) {
    return done;
  }
  if (auto done = apply_list(call, "EFSkipIPs", connector.ef_skip_ips, as_it_is); !done)
    return done;
  return apply_list(call, "EFUsers", connector.ef_users, as_it_is);
}

Force force(const Call& call) {
  return call.flag("Force") ? Force::yes : Force::no;
}

CommandResult new_connector(const Call& call) {
  InboundConnector connector;
  if (auto done = apply(call, connector); !done) return refuse(done.error());
  if (call.only_asks()) {
    const auto checked = directory::check_connector(std::move(connector), *call.snapshot,
                                                    *call.organization, nullptr, force(call));
    if (!checked) return refuse(checked.error());
    return what_if(fmt::format("Creating inbound connector \"{}\".", checked->name.view()));
  }
  const auto made = call.services.directory.new_inbound_connector(
      call.organization->name(), std::move(connector), force(call));
  if (!made) return refuse(made.error());
  return Outcome{{describe(**made)}, {}};
}

CommandResult get_connector(const Call& call) {
  const std::string identity = call.text("Identity");
  Outcome outcome;
  if (!identity.empty() && !identity.contains('*')) {
    const auto found = call.organization->find_connector(identity);
    if (found == nullptr) return call.not_found(identity);
    outcome.values.emplace_back(describe(*found));
    return outcome;
  }
  for (const auto& connector : call.organization->connectors()) {
    if (identity.empty() || matches_wildcard(connector->name.view(), identity)) {
      outcome.values.emplace_back(describe(*connector));
    }
  }
  return outcome;
}

CommandResult set_connector(const Call& call) {
  const std::string identity = call.text("Identity");
  const auto found = call.organization->find_connector(identity);
  if (found == nullptr) return call.not_found(identity);

  // Tried on a copy first: what is wrong with the parameters is said before anything is locked.
  InboundConnector changed = *found;
  if (auto done = apply(call, changed); !done) return refuse(done.error());
  if (call.only_asks()) {
    const auto checked = directory::check_connector(std::move(changed), *call.snapshot,
                                                    *call.organization, found.get(), force(call));
    if (!checked) return refuse(checked.error());
    return what_if(fmt::format("Setting inbound connector \"{}\".", found->name.view()));
  }
  const auto done = call.services.directory.set_inbound_connector(
      call.organization->name(), found->guid.to_string(),
      [&](InboundConnector& connector) { apply(call, connector); }, force(call));
  if (!done) return refuse(done.error());
  return Outcome{};
}

CommandResult remove_connector(const Call& call) {
  const std::string identity = call.text("Identity");
  const auto found = call.organization->find_connector(identity);
  if (found == nullptr) return call.not_found(identity);
  if (call.only_asks()) {
    return what_if(fmt::format("Removing inbound connector \"{}\".", found->name.view()));
  }
  const auto done = call.services.directory.remove_inbound_connector(call.organization->name(),
                                                                     found->guid.to_string());
  if (!done) return refuse(done.error());
  return Outcome{};
}

using enum ParameterType;
using enum CommandKind;

constexpr ParameterSpec type_parameter = {
    "ConnectorType",
    text,
    "Partner: somebody outside. OnPremises: servers of the organization itself, which may send on "
    "to the internet.",
    named,
    false,
    "Partner",
    "Partner|OnPremises"};

// Those that New- and Set- share.
constexpr std::array<ParameterSpec, 22> shared_parameters = {{
    {"SenderIPAddresses", changeable_list,
     "Addresses and prefixes of the clients, IPv4 or IPv6. Prefixes shorter than /24 and /48 need "
     "-Force."},
    {"TlsSenderCertificateName", text,
     "The name in the client's certificate: mail.contoso.com or *.contoso.com."},
    {"RequireTls", boolean, "Partner: refuse the client's mail without TLS.", named, false, "True"},
    {"RestrictDomainsToIPAddresses", boolean,
     "Partner: refuse mail of SenderDomains from any other address, 550 5.7.51.", named, false,
     "False"},
    {"RestrictDomainsToCertificate", boolean,
     "Partner: refuse mail of SenderDomains without the certificate, 550 5.7.51.", named, false,
     "False"},
    {"Enabled", boolean, "A connector that is not enabled matches nothing.", named, false, "True"},
    {"Comment", text, "For people."},
    {"ConnectorSource", text, "Where it came from.", named, false, "Default",
     "Default|HybridWizard|Migrated"},
    {"AssociatedAcceptedDomains", changeable_list, "The accepted domains to which it is limited."},
    {"CloudServicesMailEnabled", boolean,
     "OnPremises: believe the X-MS-Exchange-CrossPremises fields of these servers, such as AuthAs.",
     named, false, "False"},
    {"TreatMessagesAsInternal", boolean,
     "OnPremises without CloudServicesMailEnabled: mail from accepted domains is marked as "
     "internal.",
     named, false, "False"},
    {"EFSkipLastIP", boolean,
     "Enhanced Filtering: look behind the last hop, whatever its address is; SPF, DMARC and iprev "
     "judge the client that its Received field names.",
     named, false, "False"},
    {"EFSkipIPs", changeable_list,
     "Enhanced Filtering: hops to look behind: addresses, prefixes or ranges a-b. Private "
     "addresses "
     "are always looked behind."},
    {"EFUsers", changeable_list,
     "Enhanced Filtering counts only for mail all of whose recipients are listed; empty: for all."},
    {"MessageRateLimit", number,
     "Messages a minute that its clients may send, beyond: 450 4.7.1. 0: what "
     "connector_message_rate in [limits] says. Clients known by SenderDomains alone are not "
     "counted.",
     named, false, "0"},
    {"RecipientRateLimit", number,
     "Recipients a minute, in the same way; 0: connector_recipient_rate.", named, false, "0"},
    {"Force", switch_, "Do what is rarely meant; the error without it says what that is."},
    {"TrustedOrganizations", list, "Reserved."},
    {"ClientHostNames", list, "Reserved."},
    {"EFTestMode", boolean, "Reserved."},
    {"EFSkipMailGateway", list, "Reserved."},
    {"ScanAndDropRecipients", list, "Reserved."},
}};

constexpr std::string_view domains_help =
    "Domains of reverse-paths to which a Partner connector applies: contoso.com, *.contoso.com "
    "(that one and all below) or *. smtp:*;1, as Exchange prints it, is accepted.";

template <std::size_t A, std::size_t B>
constexpr std::array<ParameterSpec, A + B> join(const std::array<ParameterSpec, A>& first,
                                                const std::array<ParameterSpec, B>& then) {
  std::array<ParameterSpec, A + B> joined{};
  std::ranges::copy(first, joined.begin());
  std::ranges::copy(then, joined.begin() + A);
  return joined;
}

constexpr auto new_parameters =
    join(std::array<ParameterSpec, 3>{{
             {"Name", text, "What the connector is called.", 0, true},
             {"SenderDomains", changeable_list, domains_help, named, true},
             type_parameter,
         }},
         shared_parameters);
constexpr ParameterSpec get_parameters[] = {
    {"Identity", text, "Name or GUID; * is a wildcard. Without it all are given.", 0},
};
constexpr auto set_parameters = join(std::array<ParameterSpec, 4>{{
                                         {"Identity", text, "Name or GUID.", 0, true},
                                         {"Name", text, "A new name."},
                                         {"SenderDomains", changeable_list, domains_help},
                                         type_parameter,
                                     }},
                                     shared_parameters);
constexpr ParameterSpec remove_parameters[] = {
    {"Identity", text, "Name or GUID.", 0, true},
};

constexpr std::array<Command, 4> commands = {{
    {{"New-InboundConnector", change,
      "Says who may send in the organization's name, and who must prove it.", new_parameters, "",
      "New-InboundConnector -Name Printers -ConnectorType Partner -SenderDomains * "
      "-SenderIPAddresses 198.51.100.7 -RequireTls $false\n"
      "New-InboundConnector -Name 'Mail service' -SenderDomains * -TlsSenderCertificateName "
      "*.vendor.example -RestrictDomainsToCertificate $true"},
     new_connector},
    {{"Get-InboundConnector", query, "Shows the connectors.", get_parameters, "",
      "Get-InboundConnector | Format-List *\n"
      "Get-InboundConnector | Where-Object { $_.Enabled -eq $false }"},
     get_connector},
    {{"Set-InboundConnector", change, "Changes a connector.", set_parameters, "",
      "Set-InboundConnector Printers -SenderIPAddresses @{Add='192.0.2.0/24'; "
      "Remove='198.51.100.7'}"},
     set_connector},
    {{"Remove-InboundConnector", change, "Removes a connector.", remove_parameters, "",
      "Remove-InboundConnector Printers -Confirm:$false"},
     remove_connector},
}};

}  // namespace

std::span<const Command> connector_commands() {
  return commands;
}

}  // namespace postern::admin
