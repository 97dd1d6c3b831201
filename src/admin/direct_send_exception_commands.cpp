// New-, Get-, Set-, Remove-DirectSendException.
#include <fmt/format.h>

#include <array>

#include "admin/commands.h"
#include "admin/list_parameters.h"
#include "base/ascii.h"
#include "base/wildcard.h"
#include "directory/validation.h"

namespace postern::admin {
namespace {

using directory::DirectSendException;
using directory::Force;

Object describe(const DirectSendException& exception) {
  std::vector<std::string> prefixes;
  for (const IpPrefix& prefix : exception.sender_ip_addresses)
    prefixes.push_back(prefix.to_string());
  Object object = {
      {"Name", exception.name},
      {"Identity", exception.name},
      {"Guid", exception.guid.to_string()},
      {"SenderIPAddresses", prefixes},
      {"SenderCertificateName", exception.sender_certificate_name.str()},
      {"Senders", exception.senders.to_vector()},
      {"Recipients", exception.recipients.to_vector()},
      {"ExpiresOn", exception.expires},
      {"Expired", exception.is_expired(now())},
      {"Reason", exception.reason},
      {"WhenCreatedUTC", exception.when_created},
      {"WhenChangedUTC", exception.when_changed},
  };
  object.kind = "DirectSendException";
  return object;
}

const DirectSendException* find(const Call& call) {
  const auto& all = call.organization->direct_send_exceptions();
  return all ? all->find(call.text("Identity")) : nullptr;
}

Force force_of(const Call& call) {
  return call.flag("Force") ? Force::yes : Force::no;
}

Result<std::string> normal_name(const std::string& text) {
  return directory::check_address_or_domain(trim(text));
}

/// What New- and Set- share.
Result<void> apply(const Call& call, DirectSendException& exception) {
  if (call.has("Name")) exception.name = call.text("Name");
  if (call.has("SenderCertificateName"))
    exception.sender_certificate_name = call.text("SenderCertificateName");
  // What is emptied is refused by the directory.
  if (call.has("ExpiresOn")) exception.expires = call.time("ExpiresOn").value_or(Time());
  if (call.has("Reason")) exception.reason = call.text("Reason");
  if (auto done = apply_prefixes(call, "SenderIPAddresses", exception.sender_ip_addresses); !done)
    return done;
  if (auto done = apply_list(call, "Senders", exception.senders, normal_name); !done) return done;
  return apply_list(call, "Recipients", exception.recipients, normal_name);
}

/// A mere claim, which has been forced.
void warn_of_claim(const DirectSendException& exception, Outcome& outcome) {
  if (!exception.has_any_client()) return;
  outcome.warnings.push_back(fmt::format(
      "The exception {} has neither addresses nor a certificate: whoever says that he is "
      "one of its senders, or writes to one of its recipients, is let in.",
      exception.name));
}

CommandResult new_exception(const Call& call) {
  DirectSendException exception;
  if (auto applied = apply(call, exception); !applied) return refuse(applied.error());
  if (call.only_asks()) {
    exception.when_changed = now();
    const auto checked = directory::check_direct_send_exception(exception, *call.organization,
                                                                nullptr, force_of(call));
    if (!checked) return refuse(checked.error());
    return what_if(fmt::format("Creating exception \"{}\" of RejectDirectSend until {}.",
                               checked->name, format_time(checked->expires)));
  }
  const auto made = call.services.directory.new_direct_send_exception(
      call.organization->name(), std::move(exception), force_of(call));
  if (!made) return refuse(made.error());
  Outcome outcome{{describe(*made)}, {}};
  warn_of_claim(*made, outcome);
  return outcome;
}

CommandResult get_exception(const Call& call) {
  const std::string identity = call.text("Identity");
  Outcome outcome;
  if (!identity.empty() && !identity.contains('*')) {
    const DirectSendException* const found = find(call);
    if (found == nullptr) return call.not_found(identity);
    outcome.values.emplace_back(describe(*found));
    return outcome;
  }
  const auto& all = call.organization->direct_send_exceptions();
  if (all == nullptr) return outcome;
  for (const DirectSendException& one : all->all()) {
    if (identity.empty() || matches_wildcard(one.name, identity))
      outcome.values.emplace_back(describe(one));
  }
  return outcome;
}

CommandResult set_exception(const Call& call) {
  const DirectSendException* const before = find(call);
  if (before == nullptr) return call.not_found(call.text("Identity"));
  DirectSendException wanted = *before;
  if (auto applied = apply(call, wanted); !applied) return refuse(applied.error());
  if (call.only_asks()) {
    wanted.when_changed = now();
    const auto checked =
        directory::check_direct_send_exception(wanted, *call.organization, before, force_of(call));
    if (!checked) return refuse(checked.error());
    return what_if(fmt::format("Setting exception \"{}\" of RejectDirectSend.", before->name));
  }
  const auto edit = [&](DirectSendException& exception) {
    // What is given has been read before.
    static_cast<void>(apply(call, exception));
  };
  const auto done = call.services.directory.set_direct_send_exception(
      call.organization->name(), before->guid.to_string(), edit, force_of(call));
  if (!done) return refuse(done.error());
  Outcome outcome;
  warn_of_claim(wanted, outcome);
  return outcome;
}

CommandResult remove_exception(const Call& call) {
  const DirectSendException* const exception = find(call);
  if (exception == nullptr) return call.not_found(call.text("Identity"));
  if (call.only_asks())
    return what_if(fmt::format("Removing exception \"{}\" of RejectDirectSend.", exception->name));
  const auto done = call.services.directory.remove_direct_send_exception(
      call.organization->name(), exception->guid.to_string());
  if (!done) return refuse(done.error());
  return Outcome{};
}

using enum ParameterType;
using enum CommandKind;

constexpr ParameterSpec addresses = {
    "SenderIPAddresses", changeable_list,
    "The client's addresses or networks; wider than /24, with IPv6 /48, only with -Force."};
constexpr ParameterSpec certificate = {
    "SenderCertificateName", text,
    "A name in the client's certificate, which must be trusted, such as mail.vendor.com or "
    "*.vendor.com. With addresses, too, either is enough."};
constexpr ParameterSpec senders = {
    "Senders", changeable_list,
    "Only mail with one of these in the reverse-path: addresses, or domains without those below "
    "them."};
constexpr ParameterSpec recipients = {"Recipients", changeable_list,
                                      "Only mail to one of these: addresses or domains."};
constexpr std::string_view expires_help =
    "From then on it counts for nothing, and is still shown. Without an offset it is UTC.";
constexpr std::string_view reason_help = "Why it is there, for whoever meets it later.";
constexpr ParameterSpec force = {
    "Force", switch_,
    "Let pass wide networks, and an exception without address and certificate, which everybody can "
    "claim."};

constexpr ParameterSpec new_parameters[] = {
    {"Name", text, "What it is called.", 0, true},
    addresses,
    certificate,
    senders,
    recipients,
    {"ExpiresOn", date, expires_help, named, true},
    {"Reason", text, reason_help, named, true},
    force,
};
constexpr ParameterSpec get_parameters[] = {
    {"Identity", text, "Name or GUID; * is a wildcard. Without it all are given.", 0},
};
constexpr ParameterSpec set_parameters[] = {
    {"Identity", text, "Name or GUID.", 0, true},
    addresses,
    certificate,
    senders,
    recipients,
    {"ExpiresOn", date, expires_help},
    {"Reason", text, reason_help},
    force,
};
constexpr ParameterSpec remove_parameters[] = {
    {"Identity", text, "Name or GUID.", 0, true},
};

constexpr std::array<Command, 4> commands = {{
    {{"New-DirectSendException", change,
      "Lets mail of one source in that RejectDirectSend would refuse, for a while.", new_parameters,
      "",
      "New-DirectSendException Scanner -SenderIPAddresses 198.51.100.7 -ExpiresOn 2026-12-31 "
      "-Reason "
      "'until the new scanner is there'\n"
      "New-DirectSendException Payroll -SenderCertificateName *.payroll.example -Senders "
      "payroll@contoso.com -ExpiresOn 2026-12-31 -Reason 'CHG-1042'"},
     new_exception},
    {{"Get-DirectSendException", query,
      "Shows the exceptions of RejectDirectSend, those that have expired, too.", get_parameters, "",
      "Get-DirectSendException | Format-Table Name, ExpiresOn, Expired, Reason\n"
      "Get-DirectSendException | Where-Object Expired -eq $true"},
     get_exception},
    {{"Set-DirectSendException", change, "Changes an exception of RejectDirectSend.",
      set_parameters, "",
      "Set-DirectSendException Scanner -ExpiresOn 2027-01-31\n"
      "Set-DirectSendException Scanner -SenderIPAddresses @{Add='198.51.100.8'}"},
     set_exception},
    {{"Remove-DirectSendException", change, "Removes an exception of RejectDirectSend.",
      remove_parameters, "", "Remove-DirectSendException Scanner -Confirm:$false"},
     remove_exception},
}};

}  // namespace

std::span<const Command> direct_send_exception_commands() {
  return commands;
}

}  // namespace postern::admin
