#include "policy/judge_again.h"

#include <algorithm>
#include <set>

#include "base/ascii.h"

namespace postern::policy {
namespace {

using directory::Destination;
using directory::OrganizationId;
using directory::Snapshot;

/// Makes find_destination find for the forward-path what it found.
void put_destination(Snapshot& directory, const Snapshot::DomainOwner& owner,
                     const mail::Mailbox& forward_path, const Destination& found) {
  const OrganizationId id = owner.organization->id();
  const std::string& domain =
      forward_path.domain.empty() ? owner.domain->name : forward_path.domain;
  const std::string local = to_lower(forward_path.local_part);
  const std::string address = mail::to_address(local, domain);
  if (found.wildcard) {
    // A next hop that knows who is there gets the address whole, a catch-all without its detail.
    const bool by_next_hop = owner.domain->type == directory::DomainType::internal_relay &&
                             found.recipient == address && local.contains('+');
    if (!by_next_hop) directory.put_recipient(id, {mail::to_address("*", domain), {}});
    return;
  }
  const std::string asked =
      found.detail.empty() ? address : mail::to_address(local.substr(0, local.find('+')), domain);
  directory::Recipient recipient{found.recipient, {}};
  if (asked != found.recipient) recipient.aliases.push_back(asked);
  directory.put_recipient(id, recipient);
}

/// A directory that holds what took part in the decision for one recipient.
Snapshot make_directory(const JudgedRecipient& one) {
  Snapshot directory;
  std::uint32_t number = 0;
  for (const JudgedOrganization& part : one.settings.organizations) {
    const OrganizationId id{++number};
    std::string guid = "00000000-0000-0000-0000-000000000000";
    const std::string digits = std::to_string(number);
    guid.replace(guid.size() - digits.size(), digits.size(), digits);
    directory.put_organization(id, *directory::Guid::parse(guid), part.name, Time());
    directory.set_config(id, part.config);
    directory::SpoofProtection protection = *directory::default_spoof_protection();
    protection.composite = part.composite;
    if (!part.exceptions.empty()) {
      directory.set_direct_send_exceptions(
          id, std::make_shared<const directory::DirectSendExceptions>(part.exceptions));
    }
    directory.set_spoof_protection(
        id, std::make_shared<const directory::SpoofProtection>(std::move(protection)));
    for (const directory::AcceptedDomain& domain : part.domains) directory.put_domain(id, domain);
    std::set<std::string, std::less<>> names;
    std::vector<directory::InboundConnector> connectors;
    for (const directory::InboundConnector& connector : part.connectors) {
      if (names.insert(to_lower(connector.name.view())).second) connectors.push_back(connector);
    }
    directory.put_connectors(id, std::move(connectors));
  }
  if (number == 1 && one.settings.several_organizations) {
    directory.put_organization(OrganizationId{2}, directory::Guid(), "another", Time());
  }
  return directory;
}

RcptVerdict decide_again(const JudgedRecipient& one) {
  Snapshot directory = make_directory(one);
  RcptFacts facts{.client = one.client,
                  .hello = one.hello,
                  .tls = one.tls,
                  .certificate_names = one.facts.certificate_names,
                  .reverse_path = &one.reverse_path,
                  .forward_path = &one.forward_path,
                  .server_name = one.settings.server_name,
                  .has_relay = one.settings.has_relay,
                  .reverse_name = one.facts.reverse_name,
                  .time = one.time};
  const auto owner = find_recipient_owner(facts, directory);
  if (owner && one.facts.destination)
    put_destination(directory, owner, one.forward_path, *one.facts.destination);
  return decide_rcpt(facts, directory);
}

/// The public suffixes that were asked for. libpsl reads no empty list.
std::optional<auth::PublicSuffixList> make_suffixes(const JudgedMessage& message) {
  if (!message.suffixes) return std::nullopt;
  std::string rules = "// as they were then\n";
  for (const std::string& suffix : *message.suffixes) rules += suffix + "\n";
  auto list = auth::PublicSuffixList::parse(rules);
  if (!list) return std::nullopt;
  return *std::move(list);
}

/// A directory in which just the names that were the organization's are its own.
Snapshot make_own_domains(const JudgedMessage& message) {
  Snapshot directory;
  directory.put_organization(OrganizationId{1}, directory::Guid(), "own", Time());
  for (std::size_t i = 0; i < message.own_domains.size(); ++i) {
    directory::AcceptedDomain domain{.name = message.own_domains[i]};
    if (i < message.own_switches.size()) domain.reject_direct_send = message.own_switches[i];
    directory.put_domain(OrganizationId{1}, std::move(domain));
  }
  return directory;
}

CompositeAuthentication authenticate_again(const JudgedRecipient& first,
                                           const JudgedOrganization& organization,
                                           const JudgedEvidence& evidence, const OwnDomains& own,
                                           const auth::PublicSuffixList* suffixes,
                                           Bringer bringer) {
  const JudgedMessage& message = *evidence.message;
  const ArcTestimony* const testimony = message.testimony ? &*message.testimony : nullptr;
  const bool own_author = std::ranges::any_of(
      message.author_domains, [&](const std::string& domain) { return own.has(domain); });
  const CompositeFacts facts{
      .dmarc = &message.dmarc,
      .spf = evidence.main_spf(),
      .dkim = message.dkim,
      .reverse_path_domain = first.reverse_path.domain,
      .author_domains = message.author_domains.size(),
      .own_author = own_author,
      .own_marks = own_author ? find_own_marks(message.dkim, testimony, own) : OwnMarks{},
      .bringer = bringer,
      .hidden_client = organization.config.gateway_in_front && !message.filtered,
      .testimony = testimony,
      .client = message.client,
      .iprev = &evidence.iprev,
      .hosts = message.hosts ? &*message.hosts : nullptr,
      .suffixes = suffixes};
  return authenticate(facts, first.facts.signals, organization.composite);
}

}  // namespace

Bringer find_bringer(std::span<const RcptVerdict* const> recipients, bool filtered) {
  const auto is_vouched = [](const RcptVerdict* one) { return vouches(one->matched_by); };
  if (filtered || !std::ranges::all_of(recipients, is_vouched)) return Bringer::stranger;
  const bool originating = std::ranges::all_of(
      recipients, [](const RcptVerdict* one) { return one->direction == Direction::originating; });
  return originating ? Bringer::own_servers : Bringer::connector;
}

mail::Reply spoof_refusal(const SpoofVerdict& verdict, std::string_view author_domain) {
  if (verdict.setting == "DmarcRejectAction") return dmarc_rejection(author_domain);
  // An administrator's Block, if it is to be refused.
  return {550, "5.7.1",
          "Access denied, " + std::string(author_domain) +
              " is not accepted as author from this source"};
}

JudgedAgain judge_again(std::span<const JudgedRecipient> recipients,
                        const JudgedEvidence& evidence) {
  JudgedAgain again;
  const JudgedRecipient* first = nullptr;
  std::vector<std::size_t> accepted;
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    const JudgedRecipient& one = recipients[i];
    again.recipients.push_back({.rcpt = decide_again(one)});
    if (again.recipients[i].rcpt.decision != Decision::accept || !one.facts.refused_by.empty())
      continue;
    if (first == nullptr) first = &one;
    accepted.push_back(i);
  }
  if (first == nullptr || !evidence.message) return again;

  // All recipients of a transaction have the same. It is there, since a recipient was accepted.
  const JudgedOrganization& organization = *std::ranges::find(
      first->settings.organizations, again.recipients[accepted.front()].rcpt.organization->name(),
      &JudgedOrganization::name);
  const JudgedMessage& message = *evidence.message;
  const auto suffix_list = make_suffixes(message);
  const auth::PublicSuffixList* const suffixes = suffix_list ? &*suffix_list : nullptr;
  const Snapshot own_domains = make_own_domains(message);
  const OwnDomains own{own_domains, OrganizationId{1}};
  std::vector<const RcptVerdict*> verdicts;
  for (const std::size_t i : accepted) verdicts.push_back(&again.recipients[i].rcpt);
  const Bringer bringer = find_bringer(verdicts, message.filtered);
  const auto authenticate_now = [&] {
    again.composite = authenticate_again(*first, organization, evidence, own, suffixes, bringer);
    again.signals = to_text(again.composite->implicit, organization.composite);
    for (const std::size_t i : accepted) again.recipients[i].is_judged = true;
  };

  const auto is_vouched = [](const RcptVerdict* one) { return vouches(one->matched_by); };
  if (!std::ranges::all_of(verdicts, is_vouched)) {
    again.claim =
        judge_claims({.reverse_path_domain = first->reverse_path.domain,
                      .author_domains = message.author_domains,
                      .spf = evidence.main_spf(),
                      .dkim = message.dkim,
                      .dmarc = &message.dmarc,
                      .testimony = message.testimony ? &*message.testimony : nullptr,
                      .suffixes = suffixes,
                      .to_be_proven = std::ranges::any_of(
                          verdicts, [](const RcptVerdict* one) { return one->to_be_proven; })},
                     organization.config, own);
    ClaimEffect effect = apply_claim(again.claim, verdicts);
    again.claim_decides = effect.decides;
    if (again.claim_decides) {
      authenticate_now();
      return again;
    }
    for (std::size_t i = 0; i < effect.recipients.size(); ++i)
      again.recipients[accepted[i]].claim = std::move(effect.recipients[i]);
  }

  again.deferral = defer_on_temp_error({.spf = evidence.mail_from ? &*evidence.mail_from : nullptr,
                                        .dkim = message.dkim,
                                        .dmarc = &message.dmarc,
                                        .vouched = bringer != Bringer::stranger},
                                       organization.config);
  if (again.deferral) return again;

  authenticate_now();
  again.is_refused = true;
  for (const std::size_t i : accepted) {
    RecipientAgain& one = again.recipients[i];
    one.spoof = spoof_verdict(*again.composite, message.dmarc.applied_policy,
                              first->facts.signals.pair, recipients[i].settings.policy);
    if (one.spoof.action != directory::SpoofAction::reject) again.is_refused = false;
  }
  if (again.is_refused)
    again.refusal =
        spoof_refusal(again.recipients[accepted.front()].spoof, message.dmarc.author_domain);
  return again;
}

}  // namespace postern::policy
