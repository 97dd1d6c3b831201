#include "directory/spoof_protection.h"

#include <doctest/doctest.h>

#include "directory/spoof_validation.h"

using namespace postern;
using namespace postern::directory;

namespace {

SpoofProtection with_policies(std::initializer_list<std::string> names) {
  SpoofProtection protection = *default_spoof_protection();
  for (const std::string& name : names) {
    AntiPhishPolicy policy;
    policy.name = name;
    protection.policies.push_back(policy);
  }
  return protection;
}

AntiPhishRule rule(std::string policy) {
  AntiPhishRule made;
  made.name = "for " + policy;
  made.policy = std::move(policy);
  return made;
}

std::string policy_of(const SpoofProtection& protection, const std::string& address,
                      const std::string& alias = "") {
  const std::string used = alias.empty() ? address : alias;
  const std::string domain = used.substr(used.find('@') + 1);
  return protection.policy_for({address, used, domain}).name;
}

std::string problem(SpoofProtection protection) {
  const auto checked = check_spoof_protection(std::move(protection));
  return checked ? "" : checked.error().message;
}

}  // namespace

TEST_CASE("who is named by no rule has the default policy, by either of its names") {
  const SpoofProtection& usual = *default_spoof_protection();
  CHECK(policy_of(usual, "ann@contoso.com") == "Default");
  CHECK(usual.find_policy("default") == &usual.default_policy);
  CHECK(usual.find_policy("Office365 AntiPhish Default") == &usual.default_policy);
  CHECK(usual.find_policy("other") == nullptr);
}

TEST_CASE("a rule is for whoever meets each kind of condition and no exception") {
  SpoofProtection protection = with_policies({"Strict", "Mild"});
  AntiPhishRule strict = rule("strict");
  strict.sent_to = {"Ann@CONTOSO.com", "bob@contoso.com"};
  strict.recipient_domain_is = {"Contoso.com"};
  strict.except_if_sent_to = {"bob@contoso.com"};
  AntiPhishRule mild = rule("Mild");
  mild.recipient_domain_is = {"contoso.com", "fabrikam.com"};
  mild.except_if_recipient_domain_is = {"fabrikam.com"};
  protection.rules = {strict, mild};
  auto checked = check_spoof_protection(protection);
  REQUIRE(checked);
  CHECK(checked->rules[0].policy == "Strict");
  CHECK(checked->policies[0].name == "Mild");

  CHECK(policy_of(*checked, "ann@contoso.com") == "Strict");
  CHECK(policy_of(*checked, "ann@contoso.com", "a.smith@contoso.com") == "Strict");
  CHECK(policy_of(*checked, "x@contoso.com", "ann@contoso.com") == "Strict");
  CHECK(policy_of(*checked, "ann@contoso.com", "ann@other.com") == "Default");  // domain differs
  CHECK(policy_of(*checked, "bob@contoso.com") == "Mild");
  CHECK(policy_of(*checked, "n@contoso.com") == "Mild");  // no part of another's name
  CHECK(policy_of(*checked, "kim@fabrikam.com") == "Default");

  checked->rules[0].enabled = false;
  CHECK(policy_of(*checked, "ann@contoso.com") == "Mild");
  std::swap(checked->rules[0], checked->rules[1]);
  checked->rules[1].enabled = true;
  CHECK(policy_of(*checked, "ann@contoso.com") == "Mild");
}

TEST_CASE("what cannot be") {
  SpoofProtection protection = with_policies({"Strict", "STRICT"});
  CHECK(problem(protection) == "Name: there is a policy STRICT already.");
  protection = with_policies({"Default"});
  CHECK(problem(protection) == "Name: there is a policy Default already.");
  protection = with_policies({"Strict"});
  protection.rules = {rule("Strict")};
  CHECK(problem(protection) == "A rule needs a condition: SentTo or RecipientDomainIs.");
  protection.rules[0].recipient_domain_is = {"contoso.com"};
  CHECK(problem(protection).empty());
  protection.rules.push_back(protection.rules[0]);
  CHECK(problem(protection) == "Name: there is a rule for Strict already.");
  protection.rules[1].name = "second";
  CHECK(problem(protection) ==
        "AntiPhishPolicy: the policy Strict has the rule for Strict already.");
  protection.rules[1].policy = "office365 antiphish default";
  CHECK(problem(protection).starts_with("AntiPhishPolicy: the default policy has no rule"));
  protection.rules.resize(1);
  protection.rules[0].sent_to = {"no address"};
  CHECK(problem(protection).starts_with("SentTo: no address"));
  protection.rules.clear();
  protection.composite.subnet_weight = 1'001;
  CHECK(problem(protection) == "SubnetWeight: 1001 is not a whole number from 0 to 1000.");
  protection.composite.subnet_weight = 0;
  protection.composite.soft_pass_threshold = 0;
  CHECK(problem(protection) == "SoftPassThreshold: 0 is not a whole number from 1 to 1000.");
  protection.composite.soft_pass_threshold = 101;
  CHECK(problem(protection) == "SoftPassThreshold: it must not be above PassThreshold.");
}

TEST_CASE("words of actions") {
  for (const char* word : {"None", "MoveToJmf", "Quarantine", "Reject"})
    CHECK(to_string(*parse_spoof_action(word)) == word);
  CHECK(parse_spoof_action("movetojmf") == SpoofAction::junk);
  CHECK_FALSE(parse_spoof_action("Delete"));
}
