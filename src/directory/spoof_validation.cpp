#include "directory/spoof_validation.h"

#include <algorithm>
#include <string>

#include "base/ascii.h"
#include "directory/objects.h"
#include "directory/validation.h"
#include "mail/domain_name.h"

namespace postern::directory {
namespace {

constexpr std::size_t max_comment = 1'000;

Result<void> check_text(std::string_view parameter, std::string_view text) {
  const bool has_control =
      std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < ' '; });
  if (text.size() > max_comment || has_control) {
    return fail(std::string(parameter) + ": at most " + std::to_string(max_comment) +
                " octets without control characters.");
  }
  return {};
}

Result<std::string> normal_domain(std::string_view text) {
  if (auto name = mail::to_a_label(trim(text))) return *std::move(name);
  return fail(std::string(text.substr(0, 80)) + " is not a domain name.");
}

/// Each once, sorted.
Result<void> normalize(std::string_view parameter, NameList& list,
                       Result<std::string> (*normal)(std::string_view)) {
  std::vector<std::string> names;
  for (const std::string_view text : list) {
    auto name = normal(text);
    if (!name) return fail(std::string(parameter) + ": " + name.error().message);
    names.push_back(*std::move(name));
  }
  std::ranges::sort(names);
  const auto repeated = std::ranges::unique(names);
  names.erase(repeated.begin(), repeated.end());
  if (names.size() > max_list_entries) {
    return fail(std::string(parameter) + ": a list has at most " +
                std::to_string(max_list_entries) + " entries.");
  }
  list = NameList(names);
  return {};
}

Result<void> check_policy(const AntiPhishPolicy& policy) {
  if (auto named = check_name("Name", policy.name); !named) return named;
  return check_text("AdminDisplayName", policy.admin_display_name);
}

Result<void> check_rule(AntiPhishRule& rule, const SpoofProtection& protection) {
  if (auto named = check_name("Name", rule.name); !named) return named;
  if (auto checked = check_text("Comments", rule.comments); !checked) return checked;
  const AntiPhishPolicy* const policy = protection.find_policy(rule.policy);
  if (policy == nullptr) return fail("AntiPhishPolicy: there is no policy " + rule.policy + ".");
  if (policy == &protection.default_policy) {
    return fail("AntiPhishPolicy: the default policy has no rule, it is for everybody else.");
  }
  rule.policy = policy->name;
  if (auto done = normalize("SentTo", rule.sent_to, check_address); !done) return done;
  if (auto done = normalize("RecipientDomainIs", rule.recipient_domain_is, normal_domain); !done)
    return done;
  if (auto done = normalize("ExceptIfSentTo", rule.except_if_sent_to, check_address); !done)
    return done;
  if (auto done =
          normalize("ExceptIfRecipientDomainIs", rule.except_if_recipient_domain_is, normal_domain);
      !done) {
    return done;
  }
  if (rule.sent_to.empty() && rule.recipient_domain_is.empty()) {
    return fail("A rule needs a condition: SentTo or RecipientDomainIs.");
  }
  return {};
}

}  // namespace

Result<SpoofProtection> check_spoof_protection(SpoofProtection protection) {
  for (const CompositeSetting& setting : composite_settings) {
    const std::int64_t value = protection.composite.*setting.value;
    if (value < setting.least || value > max_composite_setting) {
      return fail(std::string(setting.name) + ": " + std::to_string(value) +
                  " is not a whole number from " + std::to_string(setting.least) + " to " +
                  std::to_string(max_composite_setting) + ".");
    }
  }
  if (protection.composite.soft_pass_threshold > protection.composite.pass_threshold)
    return fail("SoftPassThreshold: it must not be above PassThreshold.");

  protection.default_policy.name = default_policy_name;
  if (protection.policies.size() > max_anti_phish_policies) {
    return fail("Name: an organization has at most " + std::to_string(max_anti_phish_policies) +
                " anti-phishing policies beside the default.");
  }
  if (auto checked = check_policy(protection.default_policy); !checked)
    return std::unexpected(checked.error());
  for (const AntiPhishPolicy& policy : protection.policies) {
    if (auto checked = check_policy(policy); !checked) return std::unexpected(checked.error());
    if (protection.find_policy(policy.name) != &policy)
      return fail("Name: there is a policy " + policy.name + " already.");
  }
  std::ranges::sort(protection.policies, {},
                    [](const AntiPhishPolicy& policy) { return to_lower(policy.name); });

  if (protection.rules.size() > max_anti_phish_rules) {
    return fail("Name: an organization has at most " + std::to_string(max_anti_phish_rules) +
                " anti-phishing rules.");
  }
  for (AntiPhishRule& rule : protection.rules) {
    if (auto checked = check_rule(rule, protection); !checked)
      return std::unexpected(checked.error());
    for (const AntiPhishRule& other : protection.rules) {
      if (&other == &rule) break;
      if (iequals(other.name, rule.name))
        return fail("Name: there is a rule " + rule.name + " already.");
      if (other.policy == rule.policy) {
        return fail("AntiPhishPolicy: the policy " + rule.policy + " has the rule " + other.name +
                    " already.");
      }
    }
  }
  return protection;
}

}  // namespace postern::directory
