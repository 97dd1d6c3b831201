#include "directory/spoof_protection.h"

#include <algorithm>
#include <cstdlib>

#include "base/ascii.h"

namespace postern::directory {
namespace {

template <class Object>
bool is_named(const Object& object, std::string_view identity) {
  if (iequals(object.name, identity)) return true;
  const auto guid = Guid::parse(identity);
  return guid && *guid == object.guid;
}

/// NameList::contains walks name by name; this is as fast as memory is read.
bool contains(const NameList& list, std::string_view name) {
  const std::string_view all = list.joined();
  for (std::size_t at = all.find(name); at != std::string_view::npos; at = all.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    if ((at == 0 || all[at - 1] == NameList::separator) &&
        (end == all.size() || all[end] == NameList::separator)) {
      return true;
    }
  }
  return false;
}

bool names(const NameList& addresses, const RuleRecipient& recipient) {
  return contains(addresses, recipient.address) || contains(addresses, recipient.alias);
}

}  // namespace

const std::array<CompositeSetting, 10> composite_settings = {{
    {"ReverseNameWeight", &CompositeAuthConfig::reverse_name_weight, 0,
     "The client's confirmed reverse name is the author domain or below it (reason 103)."},
    {"ReverseNameAboveWeight", &CompositeAuthConfig::reverse_name_above_weight, 0,
     "The author domain is below the client's confirmed reverse name, within one organizational "
     "domain (104)."},
    {"MailExchangerWeight", &CompositeAuthConfig::mail_exchanger_weight, 0,
     "The client's confirmed reverse name is a mail exchanger of the author domain (116)."},
    {"SiblingNameWeight", &CompositeAuthConfig::sibling_name_weight, 0,
     "Reverse name and author domain share only their organizational domain (202)."},
    {"MailExchangerDomainWeight", &CompositeAuthConfig::mail_exchanger_domain_weight, 0,
     "Reverse name and a mail exchanger of the author domain share their organizational domain "
     "(202). With a large provider that is true of all its customers."},
    {"SubnetWeight", &CompositeAuthConfig::subnet_weight, 0,
     "The client's address is in the /24 (IPv6: /48) of an address of the author domain or of its "
     "mail exchangers (201)."},
    {"PassThreshold", &CompositeAuthConfig::pass_threshold, 1,
     "The weights of the signals that are there add up to this much or more: pass."},
    {"SoftPassThreshold", &CompositeAuthConfig::soft_pass_threshold, 1,
     "To this much or more: softpass."},
    {"HistoryMessages", &CompositeAuthConfig::history_messages, 0,
     "So many undisputed messages of the author domain from the same source are a history (7xx). "
     "0: history is not used."},
    {"HistoryDays", &CompositeAuthConfig::history_days, 1,
     "And they came on at least so many days."},
}};

std::string_view to_string(SpoofAction action) {
  switch (action) {
    case SpoofAction::deliver:
      return "None";
    case SpoofAction::junk:
      return "MoveToJmf";
    case SpoofAction::quarantine:
      return "Quarantine";
    case SpoofAction::reject:
      return "Reject";
  }
  std::abort();  // never a SpoofAction
}

std::optional<SpoofAction> parse_spoof_action(std::string_view word) {
  for (const SpoofAction action :
       {SpoofAction::deliver, SpoofAction::junk, SpoofAction::quarantine, SpoofAction::reject}) {
    if (iequals(word, to_string(action))) return action;
  }
  return std::nullopt;
}

bool applies_to(const AntiPhishRule& rule, const RuleRecipient& recipient) {
  // A rule without conditions is for nobody: the store does not let it in.
  if (rule.sent_to.empty() && rule.recipient_domain_is.empty()) return false;
  if (!rule.sent_to.empty() && !names(rule.sent_to, recipient)) return false;
  if (!rule.recipient_domain_is.empty() && !contains(rule.recipient_domain_is, recipient.domain))
    return false;
  return !names(rule.except_if_sent_to, recipient) &&
         !contains(rule.except_if_recipient_domain_is, recipient.domain);
}

const AntiPhishPolicy* SpoofProtection::find_policy(std::string_view identity) const {
  if (is_named(default_policy, identity) || iequals(identity, default_policy_alias))
    return &default_policy;
  for (const AntiPhishPolicy& policy : policies) {
    if (is_named(policy, identity)) return &policy;
  }
  return nullptr;
}

AntiPhishPolicy* SpoofProtection::find_policy(std::string_view identity) {
  return const_cast<AntiPhishPolicy*>(std::as_const(*this).find_policy(identity));
}

const AntiPhishRule* SpoofProtection::find_rule(std::string_view identity) const {
  for (const AntiPhishRule& rule : rules) {
    if (is_named(rule, identity)) return &rule;
  }
  return nullptr;
}

const AntiPhishPolicy& SpoofProtection::policy_for(const RuleRecipient& recipient) const {
  for (const AntiPhishRule& rule : rules) {
    if (!rule.enabled || !applies_to(rule, recipient)) continue;
    if (const AntiPhishPolicy* policy = find_policy(rule.policy)) return *policy;
  }
  return default_policy;
}

const SharedSpoofProtection& default_spoof_protection() {
  static const SharedSpoofProtection shared = [] {
    auto made = std::make_shared<SpoofProtection>();
    made->default_policy.name = default_policy_name;
    return made;
  }();
  return shared;
}

}  // namespace postern::directory
