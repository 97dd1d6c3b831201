#include "store/spoof_rows.h"

#include <map>
#include <stdexcept>
#include <string>

namespace postern::store {
namespace {

using namespace directory;

Time time_of(std::int64_t number) {
  return Time(std::chrono::microseconds(number));
}
std::int64_t number_of(Time time) {
  return time.time_since_epoch().count();
}
std::int64_t number_of(OrganizationId id) {
  return static_cast<std::int64_t>(id);
}

Guid read_guid(std::string_view text) {
  const auto guid = Guid::parse(text);
  if (!guid)
    throw std::runtime_error("the GUID of an anti-phishing object is " + std::string(text));
  return *guid;
}

SpoofAction read_action(std::string_view word) {
  const auto action = parse_spoof_action(word);
  if (!action) {
    throw std::runtime_error("an action of an anti-phishing policy is " + std::string(word));
  }
  return *action;
}

AntiPhishPolicy read_policy(const Statement& row) {
  return {.guid = read_guid(row.text(2)),
          .name = std::string(row.text(3)),
          .admin_display_name = std::string(row.text(4)),
          .enable_spoof_intelligence = row.number(5) != 0,
          .honor_dmarc_policy = row.number(6) != 0,
          .authentication_fail_action = read_action(row.text(7)),
          .dmarc_quarantine_action = read_action(row.text(8)),
          .dmarc_reject_action = read_action(row.text(9)),
          .spoof_block_action = read_action(row.text(10)),
          .when_created = time_of(row.number(11)),
          .when_changed = time_of(row.number(12))};
}

AntiPhishRule read_rule(const Statement& row) {
  return {.guid = read_guid(row.text(1)),
          .name = std::string(row.text(2)),
          .policy = std::string(row.text(3)),
          .comments = std::string(row.text(4)),
          .enabled = row.number(5) != 0,
          .sent_to = NameList::from_joined(row.text(6)),
          .recipient_domain_is = NameList::from_joined(row.text(7)),
          .except_if_sent_to = NameList::from_joined(row.text(8)),
          .except_if_recipient_domain_is = NameList::from_joined(row.text(9)),
          .when_changed = time_of(row.number(10))};
}

/// By name; a name that a newer program knew is left out.
void apply_setting(CompositeAuthConfig& config, std::string_view name, std::int64_t value) {
  for (const CompositeSetting& setting : composite_settings) {
    if (setting.name == name) config.*setting.value = value;
  }
}

void write_policy(Statement& insert, OrganizationId id, const AntiPhishPolicy& policy,
                  bool is_default) {
  insert.bind(1, number_of(id))
      .bind(2, std::int64_t{is_default})
      .bind(3, policy.guid.to_string())
      .bind(4, policy.name)
      .bind(5, policy.admin_display_name)
      .bind(6, std::int64_t{policy.enable_spoof_intelligence})
      .bind(7, std::int64_t{policy.honor_dmarc_policy})
      .bind(8, to_string(policy.authentication_fail_action))
      .bind(9, to_string(policy.dmarc_quarantine_action))
      .bind(10, to_string(policy.dmarc_reject_action))
      .bind(11, to_string(policy.spoof_block_action))
      .bind(12, number_of(policy.when_created))
      .bind(13, number_of(policy.when_changed))
      .run();
}

void write_rule(Statement& insert, OrganizationId id, std::int64_t priority,
                const AntiPhishRule& rule) {
  insert.bind(1, number_of(id))
      .bind(2, priority)
      .bind(3, rule.guid.to_string())
      .bind(4, rule.name)
      .bind(5, rule.policy)
      .bind(6, rule.comments)
      .bind(7, std::int64_t{rule.enabled})
      .bind(8, rule.sent_to.joined())
      .bind(9, rule.recipient_domain_is.joined())
      .bind(10, rule.except_if_sent_to.joined())
      .bind(11, rule.except_if_recipient_domain_is.joined())
      .bind(12, number_of(rule.when_changed))
      .run();
}

}  // namespace

void load_spoof_protection(Database& database, Snapshot& snapshot) {
  // Only those that are not all default.
  std::map<std::int64_t, SpoofProtection> found;
  const auto of = [&found](const Statement& row) -> SpoofProtection& {
    return found.try_emplace(row.number(0), *default_spoof_protection()).first->second;
  };
  auto settings = database.prepare("SELECT organization, name, value FROM composite_auth_setting");
  while (settings.step())
    apply_setting(of(settings).composite, settings.text(1), settings.number(2));
  auto policies = database.prepare(
      "SELECT organization, is_default, guid, name, admin_display_name, enable_spoof_intelligence, "
      "honor_dmarc_policy, authentication_fail_action, dmarc_quarantine_action, "
      "dmarc_reject_action, spoof_block_action, when_created, when_changed FROM anti_phish_policy "
      "ORDER BY organization, name");
  while (policies.step()) {
    SpoofProtection& protection = of(policies);
    if (policies.number(1) != 0) {
      protection.default_policy = read_policy(policies);
    } else {
      protection.policies.push_back(read_policy(policies));
    }
  }
  auto rules = database.prepare(
      "SELECT organization, guid, name, policy, comments, enabled, sent_to, recipient_domain_is, "
      "except_if_sent_to, except_if_recipient_domain_is, when_changed FROM anti_phish_rule "
      "ORDER BY organization, priority");
  while (rules.step()) of(rules).rules.push_back(read_rule(rules));
  for (auto& [organization, protection] : found) {
    snapshot.set_spoof_protection(OrganizationId{static_cast<std::uint32_t>(organization)},
                                  std::make_shared<const SpoofProtection>(std::move(protection)));
  }
}

void write_spoof_protection(Database& database, OrganizationId id,
                            const SpoofProtection& protection) {
  for (const char* table : {"composite_auth_setting", "anti_phish_policy", "anti_phish_rule"}) {
    database.prepare(std::string("DELETE FROM ") + table + " WHERE organization = ?")
        .bind(1, number_of(id))
        .run();
  }
  auto setting_row = database.prepare("INSERT INTO composite_auth_setting VALUES (?, ?, ?)");
  const CompositeAuthConfig usual;
  for (const CompositeSetting& setting : composite_settings) {
    const std::int64_t value = protection.composite.*setting.value;
    if (value == usual.*setting.value) continue;
    setting_row.bind(1, number_of(id)).bind(2, setting.name).bind(3, value).run();
  }
  auto policy_row = database.prepare(
      "INSERT INTO anti_phish_policy (organization, is_default, guid, name, admin_display_name, "
      "enable_spoof_intelligence, honor_dmarc_policy, authentication_fail_action, "
      "dmarc_quarantine_action, dmarc_reject_action, spoof_block_action, when_created, "
      "when_changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  write_policy(policy_row, id, protection.default_policy, true);
  for (const AntiPhishPolicy& policy : protection.policies)
    write_policy(policy_row, id, policy, false);
  auto rule_row = database.prepare(
      "INSERT INTO anti_phish_rule (organization, priority, guid, name, policy, comments, enabled, "
      "sent_to, recipient_domain_is, except_if_sent_to, except_if_recipient_domain_is, "
      "when_changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  std::int64_t priority = 0;
  for (const AntiPhishRule& rule : protection.rules) write_rule(rule_row, id, priority++, rule);
}

}  // namespace postern::store
