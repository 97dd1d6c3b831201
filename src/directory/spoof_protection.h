// How an organization is protected from forged authors: what the implicit signals weigh, and the
// anti-phishing policies with the rules that say whose mail each of them is for.
//
// Every organization has the policy `Default`, which holds for everybody whom no rule names; most
// have no other. So all of it is one value, shared by the organizations that never changed
// anything, and copied as a whole by a change.
//
// What the settings mean is said in docs/composite-authentication.md and docs/anti-phishing.md.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "directory/compact.h"
#include "directory/guid.h"

namespace postern::directory {

/// What becomes of a forged message, from the mildest on.
enum class SpoofAction : std::uint8_t {
  deliver,
  junk,        ///< delivered, marked so that it ends in the Junk folder
  quarantine,  ///< kept here
  reject
};
/// `None`, `MoveToJmf`, `Quarantine`, `Reject`, as Exchange writes them.
std::string_view to_string(SpoofAction action);
std::optional<SpoofAction> parse_spoof_action(std::string_view word);

/// What each implicit signal weighs, and how much is enough: policy/implicit_signals.h. Weight 0:
/// the signal counts for nothing.
struct CompositeAuthConfig {
  std::int64_t reverse_name_weight = 100;
  std::int64_t reverse_name_above_weight = 100;
  std::int64_t mail_exchanger_weight = 100;
  std::int64_t sibling_name_weight = 50;
  std::int64_t mail_exchanger_domain_weight = 40;
  std::int64_t subnet_weight = 40;
  std::int64_t pass_threshold = 100;
  std::int64_t soft_pass_threshold = 40;
  /// So much undisputed mail, on so many days, is a history (7xx). 0 messages: history is not used.
  std::int64_t history_messages = 20;
  std::int64_t history_days = 7;

  bool operator==(const CompositeAuthConfig&) const = default;
};

/// One number of CompositeAuthConfig as the cmdlets, the store and the manual name it.
struct CompositeSetting {
  std::string_view name;
  std::int64_t CompositeAuthConfig::* value;
  /// A threshold of 0 would make every stranger pass.
  std::int64_t least;
  std::string_view help;
};
extern const std::array<CompositeSetting, 10> composite_settings;
inline constexpr std::int64_t max_composite_setting = 1'000;

/// The spoof part of Exchange's AntiPhishPolicy.
struct AntiPhishPolicy {
  Guid guid;
  std::string name;
  std::string admin_display_name;
  bool enable_spoof_intelligence = true;
  bool honor_dmarc_policy = true;
  SpoofAction authentication_fail_action = SpoofAction::junk;
  SpoofAction dmarc_quarantine_action = SpoofAction::quarantine;
  SpoofAction dmarc_reject_action = SpoofAction::reject;
  /// For a pair that an administrator forbids (reason 002).
  SpoofAction spoof_block_action = SpoofAction::quarantine;
  Time when_created;
  Time when_changed;
};

/// Who a policy is for: everybody who is named by each kind of condition that is given, and by no
/// exception. Addresses as directory::check_address has them, domains as A-labels.
struct AntiPhishRule {
  Guid guid;
  std::string name;
  std::string policy;  ///< its name
  std::string comments;
  bool enabled = true;
  NameList sent_to;
  NameList recipient_domain_is;
  NameList except_if_sent_to;
  NameList except_if_recipient_domain_is;
  Time when_changed;
};

/// A recipient as rules see it.
struct RuleRecipient {
  std::string_view address;  ///< canonical
  std::string_view alias;    ///< as the message has it, in the same form; may be the same
  std::string_view domain;   ///< of `alias`
};
bool applies_to(const AntiPhishRule& rule, const RuleRecipient& recipient);

struct SpoofProtection {
  CompositeAuthConfig composite;
  /// Its name is `Default`, and it has no rule.
  AntiPhishPolicy default_policy;
  std::vector<AntiPhishPolicy> policies;  ///< the others, by name
  std::vector<AntiPhishRule> rules;       ///< in their order: the place is the Priority

  /// By name in any case or by GUID; `Office365 AntiPhish Default` is the default too. Null: none.
  const AntiPhishPolicy* find_policy(std::string_view identity) const;
  AntiPhishPolicy* find_policy(std::string_view identity);
  const AntiPhishRule* find_rule(std::string_view identity) const;
  /// Of the first enabled rule that applies, else the default.
  const AntiPhishPolicy& policy_for(const RuleRecipient& recipient) const;
};

inline constexpr std::string_view default_policy_name = "Default";
inline constexpr std::string_view default_policy_alias = "Office365 AntiPhish Default";

// Of one organization; a rule's lists have at most max_list_entries (objects.h).
inline constexpr std::size_t max_anti_phish_policies = 100;
inline constexpr std::size_t max_anti_phish_rules = 100;

using SharedSpoofProtection = std::shared_ptr<const SpoofProtection>;
/// What an organization has that never changed anything.
const SharedSpoofProtection& default_spoof_protection();

}  // namespace postern::directory
