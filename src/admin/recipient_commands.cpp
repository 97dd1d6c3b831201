// New-, Get-, Remove-, Import-Recipient.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "admin/commands.h"
#include "admin/recipient_list.h"
#include "admin/result_size.h"
#include "base/ascii.h"
#include "base/wildcard.h"
#include "directory/validation.h"

namespace postern::admin {
namespace {

using directory::Recipient;

/// EmailAddresses as Exchange lists them: the primary one with SMTP: in capitals.
Object describe(const Recipient& recipient) {
  List addresses = {"SMTP:" + recipient.address};
  for (const std::string& alias : recipient.aliases) addresses.emplace_back("smtp:" + alias);
  Object object = {
      {"Name", recipient.address},
      {"Identity", recipient.address},
      {"PrimarySmtpAddress", recipient.address},
      {"EmailAddresses", std::move(addresses)},
      {"Aliases", recipient.aliases},
  };
  object.kind = "Recipient";
  return object;
}

/// By address or alias, written in any form that names it.
std::optional<Recipient> find_recipient(const Call& call, const std::string& identity) {
  const Result<std::string> address = directory::check_address(identity);
  return address ? call.organization->find_recipient(*address) : std::nullopt;
}

CommandResult new_recipient(const Call& call) {
  Recipient recipient{call.text("Name"), call.texts("Aliases")};
  if (call.only_asks()) {
    const auto checked =
        directory::check_recipient(std::move(recipient), *call.snapshot, *call.organization);
    if (!checked) return refuse(checked.error());
    return what_if(fmt::format("Creating recipient \"{}\".", checked->address));
  }
  const auto made =
      call.services.directory.new_recipient(call.organization->name(), std::move(recipient));
  if (!made) return refuse(made.error());
  return Outcome{{describe(*made)}, {}};
}

CommandResult get_recipient(const Call& call) {
  const std::string identity = call.text("Identity");
  Outcome outcome;
  const bool is_pattern = identity.contains('*') && !identity.starts_with("*@");
  if (!identity.empty() && !is_pattern) {
    const auto found = find_recipient(call, identity);
    if (found) {
      outcome.values.emplace_back(describe(*found));
      return outcome;
    }
    // `*@contoso.com` is the catch-all where there is one, and else a pattern.
    if (!identity.starts_with("*@")) return call.not_found(identity);
  }
  const auto limit = result_size(call.text("ResultSize"), unlimited_results);
  if (!limit) return wrong_argument(limit.error().message);

  std::vector<Recipient> found;
  bool more = false;
  call.organization->for_each_recipient([&](const Recipient& recipient) {
    const auto matches = [&](const std::string& text) { return matches_wildcard(text, identity); };
    if (!identity.empty() && !matches(recipient.address) &&
        std::ranges::none_of(recipient.aliases, matches)) {
      return true;
    }
    more = found.size() == *limit;
    if (!more) found.push_back(recipient);
    return !more;
  });
  if (more) outcome.warnings.emplace_back(more_results);
  std::ranges::sort(found, {}, &Recipient::address);
  for (const Recipient& recipient : found) outcome.values.emplace_back(describe(recipient));
  return outcome;
}

CommandResult remove_recipient(const Call& call) {
  const std::string identity = call.text("Identity");
  const auto found = find_recipient(call, identity);
  if (!found) return call.not_found(identity);
  if (call.only_asks()) return what_if(fmt::format("Removing recipient \"{}\".", found->address));
  const auto done =
      call.services.directory.remove_recipient(call.organization->name(), found->address);
  if (!done) return refuse(done.error());
  return Outcome{};
}

std::string tell_bad_lines(const std::vector<BadLine>& lines) {
  std::string text = "Nothing was imported.";
  constexpr std::size_t most = 20;
  for (std::size_t i = 0; i < std::min(most, lines.size()); ++i) {
    text += fmt::format("\nline {}: {}", lines[i].number, lines[i].problem);
  }
  if (lines.size() > most) text += "\nand more lines.";
  return text;
}

/// Is the recipient there already, with all these aliases?
bool is_there(const directory::Organization& organization, const Recipient& wanted) {
  const auto present = organization.find_recipient(wanted.address);
  return present && present->address == wanted.address &&
         std::ranges::includes(present->aliases, wanted.aliases);
}

CommandResult import_recipient(const Call& call) {
  if (call.has("File")) {
    return wrong_argument("File: the client reads the file and sends its lines as Content.");
  }
  if (!call.has("Content")) {
    return wrong_argument("Import-Recipient needs -File, or the lines themselves as -Content.");
  }
  RecipientList list =
      parse_recipient_list(call.text("Content"), *call.snapshot, *call.organization);
  if (!list.bad_lines.empty()) return wrong_argument(tell_bad_lines(list.bad_lines));

  if (call.only_asks()) {
    const auto there = static_cast<std::size_t>(std::ranges::count_if(
        list.recipients,
        [&](const Recipient& recipient) { return is_there(*call.organization, recipient); }));
    return what_if(fmt::format("Importing recipients: {} to add, {} already there.",
                               list.recipients.size() - there, there));
  }
  const auto done =
      call.services.directory.import_recipients(call.organization->name(), list.recipients);
  if (!done) return refuse(done.error());
  const Object summary = {{"Added", done->added}, {"AlreadyThere", done->unchanged}};
  return Outcome{{summary}, {}};
}

using enum ParameterType;
using enum CommandKind;

constexpr ParameterSpec new_parameters[] = {
    {"Name", text, "The address; *@domain accepts every address of the domain.", 0, true},
    {"Aliases", list, "Further addresses whose mail goes to the same recipient."},
};
constexpr ParameterSpec get_parameters[] = {
    {"Identity", text, "An address or alias; * is a wildcard. Without it all are given.", 0},
    {"ResultSize", text, "How many at most, or Unlimited.", named, false, "1000"},
};
constexpr ParameterSpec remove_parameters[] = {
    {"Identity", text, "An address or alias of the recipient.", 0, true},
};
constexpr ParameterSpec import_parameters[] = {
    {"File", text,
     "A file that the client reads: one address a line, or a Postfix map of recipients, mailboxes "
     "or aliases. With one wrong line nothing is imported, and the wrong lines are told.",
     0},
    {"Content", text, "The lines themselves."},
};

constexpr std::array<Command, 4> commands = {{
    {{"New-Recipient", change, "Accepts mail for an address.", new_parameters, "",
      "New-Recipient ann@contoso.com -Aliases a.miller@contoso.com\nNew-Recipient "
      "*@lists.contoso.com"},
     new_recipient,
     Needs::organization,
     store::Role::operator_},
    {{"Get-Recipient", query, "Shows recipients.", get_parameters, "",
      "Get-Recipient ann@contoso.com\nGet-Recipient *@contoso.com -ResultSize Unlimited"},
     get_recipient},
    {{"Remove-Recipient", change, "Stops accepting mail for an address and its aliases.",
      remove_parameters, "", "Remove-Recipient ann@contoso.com -Confirm:$false"},
     remove_recipient,
     Needs::organization,
     store::Role::operator_},
    {{"Import-Recipient", change,
      "Adds many recipients at once. What is there already stays as it is; nothing is removed.",
      import_parameters, "",
      "Import-Recipient -File /etc/postfix/relay_recipients -WhatIf\n"
      "Import-Recipient -File /etc/postfix/relay_recipients"},
     import_recipient,
     Needs::organization,
     store::Role::operator_},
}};

}  // namespace

std::span<const Command> recipient_commands() {
  return commands;
}

}  // namespace postern::admin
