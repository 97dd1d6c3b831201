// What tests/cases/stages.txt cannot say: time, and how sources are drawn.
#include "policy/stage.h"

#include <doctest/doctest.h>

#include "policy/decision.h"

using namespace postern;
using namespace postern::policy;
using namespace postern::directory;

namespace {

constexpr OrganizationId contoso{1};
const Time noon = parse_iso("2026-11-23T12:00").value();

struct World {
  World() {
    directory.put_organization(contoso, Guid(), "Contoso", Time());
    directory.put_domain(contoso, {.name = "contoso.com", .is_default = true});
    directory.put_recipient(contoso, {"ann@contoso.com", {}});
    directory.set_config(contoso, {.reject_direct_send = true});
  }
  template <class Edit>
  void set(Edit edit) {
    OrganizationConfig config = directory.find_organization(contoso)->config();
    edit(config);
    directory.set_config(contoso, config);
  }
  RcptVerdict decide(Time time, const char* client = "203.0.113.9") const {
    const mail::Mailbox from = mail::parse_mailbox("printer@contoso.com").value();
    const mail::Mailbox to = mail::parse_mailbox("ann@contoso.com").value();
    return decide_rcpt({.client = *IpAddress::parse(client),
                        .reverse_path = &from,
                        .forward_path = &to,
                        .time = time},
                       directory);
  }
  Snapshot directory;
};

}  // namespace

TEST_CASE("an exception counts until it expires") {
  World world;
  DirectSendException scanner;
  scanner.name = "Scanner";
  scanner.sender_ip_addresses = std::vector{*IpPrefix::parse("203.0.113.9")};
  scanner.expires = noon;
  world.directory.set_direct_send_exceptions(
      contoso, std::make_shared<const DirectSendExceptions>(std::vector{scanner}));
  const RcptVerdict before = world.decide(noon - std::chrono::microseconds(1));
  CHECK(before.decision == Decision::accept);
  CHECK(before.stage.by == Stage::By::exception);
  CHECK(before.reasons.front() == "DirectSendException Scanner");
  CHECK(world.decide(noon).decision == Decision::reject);
}

TEST_CASE("a schedule begins at its time") {
  World world;
  world.set([](OrganizationConfig& config) { config.reject_direct_send_effective_from = noon; });
  const RcptVerdict before = world.decide(noon - std::chrono::microseconds(1));
  CHECK(before.decision == Decision::accept);
  CHECK(before.reasons.front() == "WouldRejectDirectSend: EffectiveFrom 2026-11-23T12:00:00.000Z");
  CHECK(world.decide(noon).decision == Decision::reject);
}

TEST_CASE("a source is in or out, and stays in as the percentage grows") {
  World world;
  for (int net = 0; net < 50; ++net) {
    const std::string client = "10.1." + std::to_string(net) + ".7";
    const unsigned at = source_percentile("Contoso", direct_send_source(*IpAddress::parse(client)));
    CHECK(at == source_percentile("CONTOSO", direct_send_source(*IpAddress::parse(
                                                 "10.1." + std::to_string(net) + ".250"))));
    for (unsigned percentage = 0; percentage <= 100; ++percentage) {
      world.set([&](OrganizationConfig& config) {
        config.reject_direct_send_percentage = static_cast<std::uint8_t>(percentage);
      });
      CHECK((world.decide(noon, client.c_str()).decision == Decision::reject) == (at < percentage));
    }
  }
}

TEST_CASE("sources are drawn evenly, and for each organization anew") {
  int in_both = 0;
  int in_first = 0;
  for (int net = 0; net < 10'000; ++net) {
    const IpPrefix source(IpAddress::v4({10, static_cast<std::uint8_t>(net / 256),
                                         static_cast<std::uint8_t>(net % 256), 0}),
                          24);
    const bool first = source_percentile("Contoso", source) < 20;
    in_first += first ? 1 : 0;
    in_both += first && source_percentile("Fabrikam", source) < 20 ? 1 : 0;
  }
  CHECK(in_first > 1'900);
  CHECK(in_first < 2'100);
  CHECK(in_both > 300);
  CHECK(in_both < 500);
}

TEST_CASE("what a source is stays what it is: others compare with it") {
  CHECK(source_percentile("Contoso", *IpPrefix::parse("203.0.113.0/24")) == 80);
  CHECK(source_percentile("Contoso", *IpPrefix::parse("198.51.100.0/24")) == 50);
  CHECK(source_percentile("Contoso", *IpPrefix::parse("2001:db8:25::/48")) == 11);
}

TEST_CASE("every reason that a stage makes is explained") {
  using By = Stage::By;
  for (const auto& [stage, words] :
       {std::pair(Stage{By::mode, "Audit"}, "RejectDirectSendMode is Audit"),
        std::pair(Stage{By::percentage, "Percentage 20"}, "among the 20 percent"),
        std::pair(Stage{By::pilot_recipients, "PilotRecipients"}, "none of Reject"),
        std::pair(Stage{By::effective_from, "EffectiveFrom 2026-11-23T12:00:00.000Z"},
                  "RejectDirectSendEffectiveFrom is 2026-11-23T12:00:00.000Z"),
        std::pair(Stage{By::exception, "A: Percentage, Audit"},
                  "the exception A: Percentage, Audit lets it in")}) {
    CHECK(explain_stage(to_reason(stage)).contains(words));
    CHECK(explain_stage(to_reason(stage, "RejectDirectSendCheckHeaderFrom: contoso.com"))
              .contains(words));
  }
  CHECK(to_reason({By::mode, "Audit"}, "RejectDirectSendCheckHeaderFrom: contoso.com") ==
        "WouldRejectDirectSendCheckHeaderFrom: contoso.com, Audit");
  CHECK(explain_stage("RejectDirectSend").empty());
  CHECK(explain_stage("DirectSendToBeProven").empty());
}
