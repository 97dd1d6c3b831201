// Judging again gives the same verdict, whatever the message and the settings were; and what was
// kept is read by programs that know more or less than the writer.
#include "policy/judge_again.h"

#include <doctest/doctest.h>

#include <array>

#include "base/ascii.h"
#include "base/test_dice.h"
#include "policy/archive.h"
#include "policy/judged_check.h"
#include "policy/settings_texts.h"

using namespace postern;
using namespace postern::policy;

namespace {

using namespace postern::directory;

/// Draws everything from small sets, so that things meet.
class MailDice : public Dice {
 public:
  using Dice::Dice;

  template <class Enum>
  Enum pick_up_to(Enum last) {
    return static_cast<Enum>(below(static_cast<std::size_t>(last) + 1));
  }
  IpAddress address() {
    return *IpAddress::parse(text({"203.0.113.9", "203.0.113.77", "198.51.100.7", "198.51.100.8",
                                   "2001:db8:25::25", "127.0.0.1"}));
  }
  std::string domain() {
    return text({"contoso.test", "eu.contoso.test", "fabrikam.test", "phish.test", "bank.test",
                 "mail.bank.test", "vendor.co.test"});
  }
};

mail::Mailbox mailbox(const std::string& text) {
  return text.empty() ? mail::Mailbox{} : mail::parse_mailbox(text).value();
}

/// Hours of which facts.time is one.
constexpr std::size_t hours = 4;

Time make_time(MailDice& dice) {
  return Time(std::chrono::hours(dice.below(hours)));
}

DirectSendSwitch make_switch(MailDice& dice) {
  return dice.coin(4) ? dice.pick_up_to(DirectSendSwitch::off) : DirectSendSwitch::inherit;
}

void add_stages(MailDice& dice, OrganizationConfig& config) {
  if (dice.coin()) return;
  if (dice.coin(4)) config.reject_direct_send_mode = EnforcementMode::audit;
  if (dice.coin(4))
    config.reject_direct_send_percentage = static_cast<std::uint8_t>(dice.below(101));
  if (dice.coin(4)) config.reject_direct_send_effective_from = make_time(dice);
  if (dice.coin()) {
    config.reject_direct_send_pilot_recipients =
        dice.coin()
            ? NameList{"bob@contoso.test", dice.text({"ann@contoso.test", "alias@contoso.test"})}
            : NameList{"bob@contoso.test", "postmaster@contoso.test"};
  }
}

void add_exceptions(MailDice& dice, Snapshot& directory, OrganizationId id) {
  std::vector<DirectSendException> exceptions;
  for (std::size_t i = dice.coin() ? dice.below(4) : 0; i > 0; --i) {
    DirectSendException one;
    one.name = "E" + std::to_string(i);
    std::vector<IpPrefix> prefixes;
    if (dice.coin())
      prefixes = {*IpPrefix::parse("192.0.2.7"),
                  *IpPrefix::parse(dice.text({"203.0.113.0/24", "198.51.100.7"}))};
    one.sender_ip_addresses = prefixes;
    if (dice.coin(3)) one.sender_certificate_name = dice.text({"*.contoso.test", "mail.bank.test"});
    if (dice.coin())
      one.senders = {"nobody@else.test", dice.text({"contoso.test", "printer@contoso.test",
                                                    "phish.test", "x@eu.contoso.test"})};
    if (dice.coin())
      one.recipients = {"ann@else.test", dice.text({"ann@contoso.test", "fabrikam.test"})};
    one.expires = make_time(dice);
    exceptions.push_back(std::move(one));
  }
  if (!exceptions.empty()) {
    directory.set_direct_send_exceptions(
        id, std::make_shared<const DirectSendExceptions>(std::move(exceptions)));
  }
}

Snapshot make_directory(MailDice& dice) {
  Snapshot directory;
  const bool two = dice.coin();
  const char* const names[] = {"Contoso", "Fabrikam"};
  for (std::uint32_t number = 1; number <= (two ? 2u : 1u); ++number) {
    const OrganizationId id{number};
    directory.put_organization(id,
                               Guid::parse(number == 1 ? "00000000-0000-0000-0000-0000000000aa"
                                                       : "00000000-0000-0000-0000-0000000000bb")
                                   .value(),
                               names[number - 1], Time());
    OrganizationConfig config{.reject_direct_send = dice.coin(),
                              .reject_direct_send_check_header_from = dice.coin(),
                              .reject_direct_send_allow_authenticated = dice.coin(),
                              .defer_on_temp_error = dice.coin(),
                              .gateway_in_front = dice.coin(5)};
    add_stages(dice, config);
    if (dice.coin(4)) config.relay_next_hop = "smtp:relay.test:25";
    directory.set_config(id, config);
    const std::string domain = number == 1 ? "contoso.test" : "fabrikam.test";
    directory.put_domain(
        id, {.name = domain,
             .type = dice.coin(3) ? DomainType::internal_relay : DomainType::authoritative,
             .match_sub_domains = dice.coin(),
             .is_default = true,
             .reject_direct_send = make_switch(dice)});
    if (number == 1 && dice.coin()) {
      directory.put_domain(id,
                           {.name = "eu.contoso.test", .reject_direct_send = make_switch(dice)});
    }
    add_exceptions(dice, directory, id);
    directory.put_recipient(id, {"ann@" + domain, {"alias@" + domain}});
    if (dice.coin(4)) directory.put_recipient(id, {"*@" + domain, {}});

    std::vector<InboundConnector> connectors;
    for (std::size_t i = dice.below(6); i > 0; --i) {
      InboundConnector one;
      one.name = "C" + std::to_string(i);
      one.guid = Guid::parse("00000000-0000-0000-0000-00000000000" + std::to_string(i)).value();
      one.type = dice.coin() ? ConnectorType::partner : ConnectorType::on_premises;
      one.enabled = !dice.coin(5);
      one.require_tls = dice.coin(3);
      one.when_created = Time(std::chrono::seconds(dice.below(3)));
      one.restrict_domains_to_ip_addresses = dice.coin(4);
      one.sender_domains = {"other.test", dice.pick<std::string>({"*", "*.bank.test", "bank.test",
                                                                  "contoso.test", "*.test"})};
      if (dice.coin())
        one.tls_sender_certificate_name =
            dice.text({"*.contoso.test", "mail.bank.test", "printer.contoso.test", "*.bank.test"});
      std::vector<IpPrefix> prefixes;
      if (dice.coin()) {
        prefixes.push_back(IpPrefix::parse("192.0.2.0/28").value());
        prefixes.push_back(IpPrefix::parse(dice.text({"203.0.113.0/24", "198.51.100.7",
                                                      "198.51.100.128/25", "2001:db8:25::/48"}))
                               .value());
      }
      one.sender_ip_addresses = prefixes;
      if (dice.coin(3)) one.associated_accepted_domains = {domain, "eu.contoso.test"};
      connectors.push_back(std::move(one));
    }
    directory.put_connectors(id, std::move(connectors));

    SpoofProtection protection = *default_spoof_protection();
    protection.composite.subnet_weight = static_cast<std::int64_t>(dice.below(3)) * 50;
    protection.default_policy.honor_dmarc_policy = !dice.coin(3);
    protection.default_policy.enable_spoof_intelligence = !dice.coin(3);
    AntiPhishPolicy strict{.name = "Strict"};
    strict.authentication_fail_action = SpoofAction::quarantine;
    strict.dmarc_reject_action = SpoofAction::quarantine;
    strict.spoof_block_action = dice.pick_up_to(SpoofAction::reject);
    protection.policies.push_back(strict);
    AntiPhishRule rule{.name = "R", .policy = "Strict"};
    rule.sent_to = {"ann@" + domain};
    if (dice.coin()) protection.rules.push_back(rule);
    directory.set_spoof_protection(id, std::make_shared<const SpoofProtection>(protection));
  }
  return directory;
}

auth::SpfEvaluation make_spf(MailDice& dice, auth::SpfIdentity identity) {
  return {.result = dice.pick_up_to(auth::SpfResult::permerror),
          .identity = identity,
          .domain = dice.domain(),
          .mechanism = "ip4:203.0.113.0/24"};
}

std::optional<TrafficHistory> make_history(MailDice& dice) {
  if (dice.coin()) return std::nullopt;
  return TrafficHistory{.messages = static_cast<std::uint32_t>(dice.below(40)),
                        .days = static_cast<std::uint32_t>(dice.below(14)),
                        .disputed = dice.coin(4) ? 1u : 0u};
}

const auth::PublicSuffixList& suffix_list() {
  static const auth::PublicSuffixList list =
      std::move(auth::PublicSuffixList::parse("test\nco.test\n*.hosted.test\n").value());
  return list;
}

JudgedEvidence make_evidence(MailDice& dice) {
  JudgedEvidence evidence;
  if (!dice.coin(4)) evidence.mail_from = make_spf(dice, auth::SpfIdentity::mail_from);
  if (dice.coin()) evidence.helo = make_spf(dice, auth::SpfIdentity::helo);
  evidence.iprev = {.result = dice.pick_up_to(auth::IprevResult::permerror),
                    .name = dice.text({"", "mail.bank.test", "x.y.hosted.test", "vendor.co.test"}),
                    .has_pointer = dice.coin()};
  JudgedMessage& message = evidence.message.emplace();
  message.client = dice.address();
  message.filtered = dice.coin(5);
  for (std::size_t i = dice.below(3); i > 0; --i) message.author_domains.push_back(dice.domain());
  for (std::size_t i = dice.below(3); i > 0; --i) {
    auth::DkimResult one;
    one.problem =
        dice.coin() ? auth::DkimProblem::none : dice.pick_up_to(auth::DkimProblem::signature);
    one.status = auth::status_of(one.problem);
    one.domain = dice.domain();
    one.selector = "s1";
    one.unsigned_body = dice.coin(5) ? 7 : 0;
    message.dkim.push_back(one);
  }
  message.dmarc.result = dice.pick_up_to(auth::DmarcResult::permerror);
  message.dmarc.author_domain = dice.domain();
  message.dmarc.organizational_domain = dice.domain();
  message.dmarc.record_domain = dice.coin() ? message.dmarc.author_domain : "";
  message.dmarc.policy = dice.pick_up_to(auth::DmarcPolicy::reject);
  message.dmarc.applied_policy = dice.pick_up_to(auth::DmarcPolicy::reject);
  message.dmarc.policy_tag = dice.pick<std::string_view>({"", "p", "sp", "np"});
  if (dice.coin()) {
    message.hosts = {.mail_exchangers = {dice.domain(), "mx.hosted.test"},
                     .addresses = {dice.address(), dice.address()}};
  }
  if (dice.coin(4)) {
    message.testimony = {
        .instance = 1,
        .sealer = "list.test",
        .results = {{.method = dice.text({"dkim", "dmarc", "spf"}),
                     .result = "pass",
                     .properties = {{"header", dice.text({"d", "from"}), dice.domain()}}}}};
  }
  return evidence;
}

mail::Mailbox make_reverse_path(MailDice& dice) {
  return mailbox(dice.coin(6) ? "" : dice.text({"x@", "Printer@"}) + dice.domain());
}

/// All but the forward-path.
RcptFacts make_facts(MailDice& dice, const mail::Mailbox& reverse_path) {
  RcptFacts facts{.client = dice.address(),
                  .hello = "mx.contoso.test",
                  .tls = dice.coin(),
                  .reverse_path = &reverse_path,
                  .server_name = dice.pick<std::string_view>({"mx.contoso.test", "mx.else.test"}),
                  .has_relay = dice.coin(),
                  .reverse_name = dice.pick_up_to(RcptFacts::ReverseName::temporary_failure),
                  .time = make_time(dice)};
  if (dice.coin(3)) {
    facts.tls = true;
    facts.certificate_names = {dice.text({"printer.contoso.test", "*.contoso.test"}),
                               dice.text({"mail.bank.test", "other.test"})};
  }
  return facts;
}

}  // namespace

TEST_CASE("judging again gives the same verdict") {
  int judged = 0;
  int deferred = 0;
  int refused = 0;
  int claimed = 0;
  int kept_claims = 0;
  int let_in = 0;
  std::array<int, 6> stages{};
  for (unsigned seed = 0; seed < 10'000; ++seed) {
    CAPTURE(seed);
    MailDice dice(seed);
    const Snapshot directory = make_directory(dice);
    JudgedEvidence evidence = make_evidence(dice);
    const bool has_list = !dice.coin(4);
    const auth::PublicSuffixList* const list = has_list ? &suffix_list() : nullptr;
    JudgedMessage& message = *evidence.message;
    if (list != nullptr) {
      std::vector<std::string> names = {message.dmarc.author_domain, evidence.iprev.name};
      if (message.hosts)
        names.insert(names.end(), message.hosts->mail_exchangers.begin(),
                     message.hosts->mail_exchangers.end());
      message.suffixes = find_suffixes(*list, names);
    }
    const Signals signals{
        .history = {make_history(dice), make_history(dice), make_history(dice), make_history(dice)},
        .pair = dice.coin() ? SpoofPair::unlisted : dice.pick_up_to(SpoofPair::blocked),
        .bounced = dice.coin() ? BouncedMail::unknown : dice.pick_up_to(BouncedMail::sent_by_us)};

    const mail::Mailbox reverse_path = make_reverse_path(dice);
    RcptFacts facts = make_facts(dice, reverse_path);
    std::vector<mail::Mailbox> forward_paths;
    for (std::size_t i = 0; i < 2; ++i) {
      const std::string local = dice.text({"ann", "Ann+List", "alias", "nobody", "postmaster"});
      // Often two of one organization, which may fare differently.
      const std::string domain =
          i > 0 && dice.coin() ? forward_paths.front().domain : dice.domain();
      forward_paths.push_back(mailbox(local + "@" + domain));
    }
    if (dice.coin(10))
      forward_paths[0] = {.text = "Postmaster", .local_part = "Postmaster", .domain = ""};

    // Live.
    std::vector<RcptVerdict> verdicts;
    std::vector<JudgedRecipient> kept;
    std::vector<std::size_t> accepted;
    for (const mail::Mailbox& forward_path : forward_paths) {
      facts.forward_path = &forward_path;
      verdicts.push_back(decide_rcpt(facts, directory));
      kept.push_back(through_the_trace(facts, directory, verdicts.back(), signals));
      const RcptVerdict& verdict = verdicts.back();
      if (verdict.decision != Decision::accept) continue;
      if (!accepted.empty() &&
          verdicts[accepted.front()].organization->id() != verdict.organization->id()) {
        kept.back().facts.refused_by = "OtherOrganization";
        continue;
      }
      accepted.push_back(verdicts.size() - 1);
    }
    std::optional<Deferral> deferral;
    std::optional<CompositeAuthentication> composite;
    std::vector<SpoofVerdict> spoof;
    ClaimVerdict claim;
    ClaimEffect effect;
    if (!accepted.empty()) {
      const Organization& organization = *verdicts[accepted.front()].organization;
      const OwnDomains own{directory, organization.id()};
      message.own_domains = with_view(evidence, [&](const JudgedEvidenceView& view) {
        return find_own_domains(view, reverse_path.domain, own);
      });
      message.own_switches = find_own_switches(message.own_domains, own);
      const ArcTestimony* const testimony = message.testimony ? &*message.testimony : nullptr;
      const bool own_author = std::ranges::any_of(
          message.author_domains, [&](const std::string& domain) { return own.has(domain); });
      std::vector<const RcptVerdict*> whole;
      for (const std::size_t i : accepted) whole.push_back(&verdicts[i]);
      const Bringer bringer = find_bringer(whole, message.filtered);
      if (!std::ranges::all_of(whole,
                               [](const RcptVerdict* one) { return vouches(one->matched_by); })) {
        claim = judge_claims({.reverse_path_domain = reverse_path.domain,
                              .author_domains = message.author_domains,
                              .spf = evidence.main_spf(),
                              .dkim = message.dkim,
                              .dmarc = &message.dmarc,
                              .testimony = testimony,
                              .suffixes = list,
                              .to_be_proven = std::ranges::any_of(
                                  whole, [](const RcptVerdict* one) { return one->to_be_proven; })},
                             organization.config(), own);
        effect = apply_claim(claim, whole);
      }
      deferral = defer_on_temp_error({.spf = evidence.mail_from ? &*evidence.mail_from : nullptr,
                                      .dkim = message.dkim,
                                      .dmarc = &message.dmarc,
                                      .vouched = bringer != Bringer::stranger},
                                     organization.config());
      const SpoofProtection& protection = *organization.spoof_protection();
      composite = authenticate(
          {.dmarc = &message.dmarc,
           .spf = evidence.main_spf(),
           .dkim = message.dkim,
           .reverse_path_domain = reverse_path.domain,
           .author_domains = message.author_domains.size(),
           .own_author = own_author,
           .own_marks = own_author ? find_own_marks(message.dkim, testimony, own) : OwnMarks{},
           .bringer = bringer,
           .hidden_client = organization.config().gateway_in_front && !message.filtered,
           .testimony = message.testimony ? &*message.testimony : nullptr,
           .client = message.client,
           .iprev = &evidence.iprev,
           .hosts = message.hosts ? &*message.hosts : nullptr,
           .suffixes = list},
          signals, protection.composite);
      for (const std::size_t i : accepted) {
        const mail::Mailbox& forward_path = forward_paths[i];
        const std::string alias = to_lower(
            forward_path.domain.empty() ? verdicts[i].recipient
                                        : forward_path.local_part + "@" + forward_path.domain);
        const AntiPhishPolicy& policy =
            protection.policy_for({.address = verdicts[i].recipient,
                                   .alias = alias,
                                   .domain = std::string_view(alias).substr(alias.rfind('@') + 1)});
        spoof.push_back(
            spoof_verdict(*composite, message.dmarc.applied_policy, signals.pair, policy));
      }
    }

    // Again.
    const auto read = read_evidence(to_archive(evidence));
    REQUIRE(read);
    const JudgedAgain again = judge_again(kept, *read);
    for (std::size_t i = 0; i < verdicts.size(); ++i)
      check_same(verdicts[i], again.recipients[i].rcpt);
    CHECK(again.claim.reason == claim.reason);
    CHECK(again.claim.reply == claim.reply);
    CHECK(again.claim_decides == effect.decides);
    for (std::size_t i = 0; i < effect.recipients.size(); ++i) {
      const ClaimEffect::Recipient& one = again.recipients[accepted[i]].claim;
      CHECK(one.is_kept == effect.recipients[i].is_kept);
      CHECK(one.reason == effect.recipients[i].reason);
      kept_claims += one.is_kept ? 1 : 0;
      let_in += one.reason.starts_with("Would") ? 1 : 0;
    }
    for (const RcptVerdict& verdict : verdicts)
      ++stages[static_cast<std::size_t>(verdict.stage.by)];
    if (again.claim_decides) {
      ++claimed;
      CHECK(to_text(*again.composite) == to_text(*composite));
      continue;
    }
    REQUIRE(again.deferral.has_value() == deferral.has_value());
    if (deferral) {
      ++deferred;
      CHECK(again.deferral->reason == deferral->reason);
      continue;
    }
    REQUIRE(again.composite.has_value() == composite.has_value());
    if (!composite) continue;
    ++judged;
    refused += again.is_refused ? 1 : 0;
    CHECK(to_text(*again.composite) == to_text(*composite));
    CHECK(again.composite->rule == composite->rule);
    for (std::size_t i = 0; i < accepted.size(); ++i) {
      const RecipientAgain& one = again.recipients[accepted[i]];
      CHECK(one.is_judged);
      CHECK(one.spoof.action == spoof[i].action);
      CHECK(one.spoof.setting == spoof[i].setting);
    }
  }
  // The dice came to all of it.
  CHECK(judged > 500);
  CHECK(claimed > 50);
  CHECK(kept_claims > 0);
  CHECK(let_in > 10);
  for (const int count : stages) CHECK(count > 20);
  CHECK(deferred > 50);
  CHECK(refused > 10);
}

TEST_CASE("a text of settings that is remembered is the one that would be made") {
  std::size_t remembered = 0;
  SettingsTexts texts;
  for (unsigned seed = 0; seed < 1'000; ++seed) {
    CAPTURE(seed);
    MailDice dice(seed);
    Snapshot directory = make_directory(dice);
    directory.set_revision(seed + 1);
    for (int message = 0; message < 20; ++message) {
      const mail::Mailbox reverse_path = make_reverse_path(dice);
      const mail::Mailbox forward_path =
          mailbox(dice.text({"ann@", "Ann+List@", "nobody@"}) + dice.domain());
      RcptFacts facts = make_facts(dice, reverse_path);
      facts.forward_path = &forward_path;
      const RcptVerdict verdict = decide_rcpt(facts, directory);
      const RcptBasis basis = find_basis(facts, directory, verdict);
      const std::size_t before = texts.size();
      const RcptTexts kept = find_basis(facts, directory, verdict, texts);
      CHECK(kept.settings == to_archive(basis.settings));
      CHECK(to_archive(kept.facts) == to_archive(basis.facts));
      const bool is_plain = basis.settings.organizations.empty() ||
                            (basis.settings.organizations[0].connectors.empty() &&
                             basis.settings.organizations[0].exceptions.empty());
      remembered += is_plain && texts.size() == before ? 1 : 0;
    }
  }
  CHECK(remembered > 1'000);
}

TEST_CASE("a reader leaves what an older writer did not know, and skips what a newer one adds") {
  const std::string text = to_archive(JudgedFacts{.refused_by = "NextHop"});
  // Without its last member, the signals.
  const std::string older = text.substr(0, text.rfind("7:NextHop")) + "7:NextHop}";
  REQUIRE(read_facts(older));
  CHECK(read_facts(older)->refused_by == "NextHop");
  const std::string newer = text.substr(0, text.size() - 1) + "7,{3:new{}}1:x}";
  REQUIRE(read_facts(newer));
  CHECK(read_facts(newer)->refused_by == "NextHop");
  CHECK_FALSE(read_facts(newer + "}"));
}

TEST_CASE("what cannot be is not read") {
  for (const char* text : {"", "{", "}", "{{", "{{}9,}", "{{}-1,}", "{{}0,{}5:four}",
                           "{{}0,{}99999999999999999999:}", "{{}0,{}0:}x", "{{5:a}", "{0:}"}) {
    CAPTURE(text);
    CHECK_FALSE(read_facts(text));
  }
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += '{';
  CHECK_FALSE(read_facts(deep));
  CHECK_FALSE(read_facts(std::string(max_judged_text + 1, '{')));
}

TEST_CASE("words are cut, and what is too long as a whole is not kept") {
  JudgedEvidence evidence;
  JudgedMessage& message = evidence.message.emplace();
  message.dmarc.record = std::string(max_judged_words, 'x') + "tail";
  message.arc.hops.resize(50);
  message.arc.hops.back().instance = 50;
  const auto read = read_evidence(to_archive(evidence));
  REQUIRE(read);
  CHECK(read->message->dmarc.record == std::string(max_judged_words, 'x'));
  REQUIRE(read->message->arc.hops.size() == max_judged_hops);
  CHECK(read->message->arc.hops.back().instance == 50);
  message.author_domains.assign(1, std::string(max_judged_text, 'x'));
  CHECK(to_archive(evidence).evidence.empty());
}
