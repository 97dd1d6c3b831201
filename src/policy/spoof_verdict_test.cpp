#include "policy/spoof_verdict.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::policy;
using auth::DmarcPolicy;
using directory::AntiPhishPolicy;
using directory::SpoofAction;

namespace {

CompositeAuthentication failed(int reason) {
  return {.result = CompositeResult::fail, .reason = reason};
}

/// `Reject by DmarcRejectAction`
std::string verdict(int reason, DmarcPolicy applied, const AntiPhishPolicy& policy) {
  const auto found = spoof_verdict(failed(reason), applied, SpoofPair::unlisted, policy);
  std::string text(directory::to_string(found.action));
  if (!found.setting.empty()) text += " by " + std::string(found.setting);
  return text;
}

}  // namespace

TEST_CASE("the matrix of spoof intelligence and HonorDmarcPolicy") {
  struct Row {
    bool spoof_intelligence, honor_dmarc;
    std::string quarantine, reject, own;
  };
  const Row rows[] = {
      {true, true, "Quarantine by DmarcQuarantineAction", "Reject by DmarcRejectAction",
       "MoveToJmf by AuthenticationFailAction"},
      {true, false, "MoveToJmf by AuthenticationFailAction",
       "MoveToJmf by AuthenticationFailAction", "MoveToJmf by AuthenticationFailAction"},
      {false, true, "Quarantine by DmarcQuarantineAction", "Reject by DmarcRejectAction", "None"},
      {false, false, "Quarantine by HonorDmarcPolicy", "Quarantine by HonorDmarcPolicy", "None"},
  };
  for (const Row& row : rows) {
    const AntiPhishPolicy policy{.enable_spoof_intelligence = row.spoof_intelligence,
                                 .honor_dmarc_policy = row.honor_dmarc};
    CAPTURE(row.spoof_intelligence);
    CAPTURE(row.honor_dmarc);
    for (const int reason : {0, 10}) {
      CHECK(verdict(reason, DmarcPolicy::quarantine, policy) == row.quarantine);
      CHECK(verdict(reason, DmarcPolicy::reject, policy) == row.reject);
    }
    CHECK(verdict(601, DmarcPolicy::none, policy) == row.own);
    CHECK(verdict(1, DmarcPolicy::none, policy) == "None");
    CHECK(verdict(2, DmarcPolicy::none, policy) == "Quarantine by SpoofBlockAction");
  }
}

TEST_CASE("the actions are those that are set") {
  const AntiPhishPolicy policy{.authentication_fail_action = SpoofAction::quarantine,
                               .dmarc_quarantine_action = SpoofAction::junk,
                               .dmarc_reject_action = SpoofAction::quarantine,
                               .spoof_block_action = SpoofAction::reject};
  CHECK(verdict(0, DmarcPolicy::quarantine, policy) == "MoveToJmf by DmarcQuarantineAction");
  CHECK(verdict(10, DmarcPolicy::reject, policy) == "Quarantine by DmarcRejectAction");
  CHECK(verdict(601, DmarcPolicy::none, policy) == "Quarantine by AuthenticationFailAction");
  CHECK(verdict(2, DmarcPolicy::reject, policy) == "Reject by SpoofBlockAction");
}

TEST_CASE("only a failure has consequences, and none that was allowed") {
  for (const auto result :
       {CompositeResult::none, CompositeResult::softpass, CompositeResult::pass}) {
    CHECK(spoof_verdict({.result = result, .reason = 10}, DmarcPolicy::reject, SpoofPair::unlisted,
                        {})
              .action == SpoofAction::deliver);
  }
  CHECK(spoof_verdict(failed(0), DmarcPolicy::reject, SpoofPair::allowed, {}).action ==
        SpoofAction::deliver);
}

TEST_CASE("what is said of it") {
  CHECK(dmarc_rejection("bank.test").to_line() ==
        "550 5.7.509 Access denied, sending domain bank.test does not pass DMARC verification and "
        "has a DMARC policy of reject");
  AntiPhishPolicy policy;
  policy.name = "Default";
  CHECK(to_text({SpoofAction::reject, "DmarcRejectAction"}, failed(10), policy) ==
        "DmarcRejectAction: Reject, policy Default, compauth=fail reason=010");
}
