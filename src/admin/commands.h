// The table of cmdlets: what each is called, takes, says in the manual and does.
//
// The same rows feed the cmdlet line, REST, completion, Get-Help and docs/cmdlets.md. A handler
// gets arguments that binding.h has checked; it runs on a thread that may block for the disk.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "admin/caller.h"
#include "admin/command_spec.h"
#include "admin/value.h"
#include "base/time.h"
#include "directory/snapshot.h"
#include "store/audit_log.h"
#include "store/directory_store.h"
#include "store/spoof_intelligence.h"
#include "store/trace_store.h"
#include "store/traffic_counts.h"

namespace postern::dns {
class Resolver;
}
namespace postern::net {
class TlsContext;
}

namespace postern::admin {

class SeenCertificates;
struct QuarantineDesk;

/// What handlers work on. The owner keeps all of it alive longer than the server.
struct Services {
  store::DirectoryStore& directory;
  store::TraceStore& trace;
  /// Our host name: `… couldn't be found on 'mx.example.com'.`
  std::string server_name;
  /// The TLS context in force, which knows the trust anchors of client certificates. Empty: none.
  std::function<std::shared_ptr<const net::TlsContext>()> tls = {};
  /// Null: nobody remembers certificates.
  const SeenCertificates* certificates = nullptr;
  /// There is a [delivery] relay.
  bool has_relay = false;
  /// Null: there is no quarantine.
  const QuarantineDesk* quarantine = nullptr;
  /// Null: there are no API tokens.
  store::ApiTokens* tokens = nullptr;
  /// Null: nothing is learned about forged authors.
  store::SpoofIntelligence* spoofs = nullptr;
  /// Null: changes are not written down.
  store::AuditLog* audit = nullptr;
  /// Null: traffic is not counted.
  store::TrafficCounts* traffic = nullptr;
  /// Makes one for a single call, which may block. Empty: the DNS cannot be asked.
  std::function<Result<std::unique_ptr<dns::Resolver>>()> resolver = {};
  /// Mail in the trace was made up, to look around.
  bool is_demo = false;
};

/// What kind of trouble it is decides the HTTP status and the exception's name in REST.
enum class Trouble {
  not_found,       ///< an object that is named does not exist
  wrong_argument,  ///< a parameter or its value
  unknown_command,
  forbidden,  ///< the caller's role or organization does not allow it
  refused,    ///< what is asked for contradicts what is there
  failed      ///< the disk or another part of ours
};

struct CommandError {
  Trouble trouble = Trouble::failed;
  std::string message;  ///< a sentence
};

struct Outcome {
  std::vector<Value> values;
  /// Sentences; those of -WhatIf begin with `What if: `.
  std::vector<std::string> warnings;
};

using CommandResult = std::expected<Outcome, CommandError>;

/// One call. `organization` is null for the cmdlets that need none.
struct Call {
  Services& services;
  const Caller& caller;
  const Object& arguments;
  directory::SharedSnapshot snapshot;
  directory::SharedOrganization organization;

  bool has(std::string_view parameter) const { return arguments.find(parameter) != nullptr; }
  /// The text of a parameter, empty where it is not given or null.
  std::string text(std::string_view parameter) const;
  bool flag(std::string_view parameter) const;
  std::vector<std::string> texts(std::string_view parameter) const;
  /// Of a date; nothing where it is not given or null.
  std::optional<Time> time(std::string_view parameter) const;
  /// -WhatIf
  bool only_asks() const { return flag("WhatIf"); }

  /// "The operation couldn't be performed because object 'x' couldn't be found on '…'."
  std::unexpected<CommandError> not_found(std::string_view object) const;
};

/// Of a store's sentence.
std::unexpected<CommandError> refuse(const Error& error);
std::unexpected<CommandError> wrong_argument(std::string sentence);
/// `What if: ` and the sentence, as the one outcome of a call with -WhatIf.
Outcome what_if(std::string sentence);

enum class Needs {
  organization,
  nothing,
  installation  ///< nothing, and a caller that is not for one organization only
};

struct Command {
  CommandSpec spec;
  CommandResult (*handler)(const Call& call);
  Needs needs = Needs::organization;
  /// Whose work it is; nothing: a viewer's if it is a query, else an administrator's.
  std::optional<store::Role> role = {};

  store::Role least_role() const;
};

std::span<const Command> organization_commands();
std::span<const Command> arc_commands();
std::span<const Command> domain_commands();
std::span<const Command> recipient_commands();
std::span<const Command> connector_commands();
std::span<const Command> attribution_commands();
std::span<const Command> direct_send_exception_commands();
std::span<const Command> trace_commands();
std::span<const Command> trace_detail_commands();
std::span<const Command> what_if_commands();
std::span<const Command> quarantine_commands();
std::span<const Command> composite_commands();
std::span<const Command> anti_phish_policy_commands();
std::span<const Command> anti_phish_rule_commands();
std::span<const Command> spoof_item_commands();
std::span<const Command> spoof_report_commands();
std::span<const Command> token_commands();
std::span<const Command> direct_send_commands();
std::span<const Command> spf_inventory_commands();

/// By name in any case; null: posternd has no such cmdlet.
const Command* find_server_command(std::string_view name);

/// Every cmdlet there is, those of the client too, by noun and verb.
std::vector<const CommandSpec*> all_commands();
/// By name or alias, in any case; null: none.
const CommandSpec* find_command(std::string_view name);

/// All that posternd runs, with their handlers.
std::vector<const Command*> all_server_commands();

/// Runs one cmdlet, if the caller may. `organization`: name, GUID or accepted domain, or empty or
/// `-` for the only one there is; the parameter -Organization has the same meaning and must not
/// contradict it.
CommandResult invoke(Services& services, const Caller& caller, std::string_view name,
                     std::string_view organization, const Object& parameters);

}  // namespace postern::admin
