#include "policy/decision.h"

#include <cstdlib>

#include "base/ascii.h"
#include "mail/domain_name.h"
#include "policy/nearest_miss.h"

namespace postern::policy {
namespace {

using directory::Snapshot;

// Word for word as Exchange Online says them, since administrators search for them.
const mail::Reply relay_denied{550, "5.7.64", "TenantAttribution; Relay Access Denied"};
const mail::Reply no_relay{550, "5.7.64",
                           "TenantAttribution; Relay Access Denied, since this server has no relay "
                           "for mail to other domains"};
const mail::Reply no_relay_to_literal{
    550, "5.7.64",
    "TenantAttribution; Relay Access Denied, since mail is relayed to domains and not to addresses "
    "in brackets"};
const mail::Reply starttls_required{451, "5.7.3", "STARTTLS is required to send mail"};
const mail::Reply partner_restricted{
    550, "5.7.51",
    "TenantInboundAttribution; There is a partner connector configured that matched the message's "
    "recipient domain. The connector had either the RestrictDomainsToIPAddresses or "
    "RestrictDomainsToCertificate set"};
const mail::Reply direct_send_refused{
    550, "5.7.68",
    "TenantInboundAttribution; Direct Send not allowed for this organization from unauthorized "
    "sources"};
const mail::Reply recipient_unknown{550, "5.4.1", "Recipient address rejected: Access denied"};
const mail::Reply bad_hello{550, "5.7.506", "Access Denied, Bad HELO"};
const mail::Reply accepted{250, "2.1.5", "Recipient OK"};

mail::Reply no_reverse_name(const IpAddress& client) {
  return {550, "5.7.25",
          "Access denied, the sending IPv6 address [" + client.to_string() +
              "] must have a reverse DNS record"};
}

mail::Reply reverse_name_unavailable(const IpAddress& client) {
  return {451, "4.7.25",
          "The reverse DNS record of the sending IPv6 address [" + client.to_string() +
              "] cannot be looked up now, please try again later"};
}

/// RFC 5321 section 4.5.1: `<Postmaster>` without a domain is who looks after this server: that
/// of the accepted domain above our name, or of the only organization.
Snapshot::DomainOwner find_postmaster_owner(const Snapshot& directory,
                                            std::string_view server_name) {
  const std::string name = mail::to_a_label(server_name).value_or("");
  for (std::string_view above = name; !above.empty();) {
    if (auto owner = directory.find_domain(above)) return owner;
    const std::size_t dot = above.find('.');
    above = dot == std::string_view::npos ? std::string_view{} : above.substr(dot + 1);
  }
  if (const auto only = directory.only_organization()) {
    if (const auto* const domain = only->default_domain()) return {only.get(), domain};
  }
  return {};
}

/// Does the client greet us with our own name?
bool says_our_name(const RcptFacts& facts) {
  std::string_view hello = facts.hello;
  if (hello.ends_with('.')) hello.remove_suffix(1);
  return !facts.server_name.empty() && iequals(hello, facts.server_name);
}

RcptVerdict& refuse(RcptVerdict& verdict, const mail::Reply& reply, std::string reason) {
  verdict.decision = reply.is_temporary() ? Decision::defer : Decision::reject;
  verdict.reply = reply;
  verdict.reasons.insert(verdict.reasons.begin(), std::move(reason));
  return verdict;
}

/// `verdict.organization` is the connector's.
void attribute(RcptVerdict& verdict, Attribution attribution, Direction direction) {
  // The organization owns its connectors, so sharing it keeps them.
  if (attribution.connector != nullptr) {
    verdict.connector = {verdict.organization, attribution.connector};
  }
  verdict.matched_by = attribution.matched_by;
  verdict.direction = direction;
  verdict.reasons = std::move(attribution.notes);
}

/// The client is known to be one of the organization's own servers.
RcptVerdict& relay(RcptVerdict& verdict, const RcptFacts& facts) {
  const mail::Mailbox& forward_path = *facts.forward_path;
  // An address in brackets names a machine, perhaps one that only the relay can reach.
  if (forward_path.has_literal() || forward_path.domain.empty())
    return refuse(verdict, no_relay_to_literal, "RelayToAddressLiteral");
  verdict.next_hop = verdict.organization->config().relay_next_hop.str();
  if (verdict.next_hop.empty() && !facts.has_relay) return refuse(verdict, no_relay, "NoRelay");
  verdict.decision = Decision::accept;
  verdict.reply = accepted;
  verdict.relay = true;
  verdict.recipient = forward_path.text;
  verdict.reasons.insert(verdict.reasons.begin(), "Relay");
  return verdict;
}

/// Direct Send: refused here, or let in with the reason why.
bool refuses_direct_send(RcptVerdict& verdict, const RcptFacts& facts,
                         const AttributionFacts& known) {
  const directory::OrganizationConfig& config = known.recipient.organization->config();
  const directory::AcceptedDomain& claimed = *known.sender.domain;
  const bool is_on = rejects_direct_send(claimed, config);
  if (is_on != config.reject_direct_send) {
    verdict.reasons.insert(verdict.reasons.begin(), "RejectDirectSendOfDomain: " + claimed.name +
                                                        (is_on ? " True" : " False"));
  }
  std::string reason = "DirectSend";
  if (is_on) {
    verdict.stage = find_stage(facts, known);
    const bool may_be_proven = config.reject_direct_send_allow_authenticated;
    if (verdict.stage.is_enforced() && !may_be_proven) return true;
    // What is audited may be proven as well: then it is not what would be refused.
    verdict.to_be_proven = may_be_proven && !verdict.stage.is_excepted();
    reason = verdict.to_be_proven ? "DirectSendToBeProven" : to_reason(verdict.stage);
  }
  verdict.reasons.insert(verdict.reasons.begin(), std::move(reason));
  return false;
}

/// `restriction` gets the connector that restricts mail of the sender's domain, if that is asked.
RcptVerdict decide(const RcptFacts& facts, const AttributionFacts& known, const Snapshot& directory,
                   const directory::InboundConnector*& restriction) {
  const mail::Mailbox& forward_path = *facts.forward_path;
  const Snapshot::DomainOwner& recipient = known.recipient;
  Attribution originating = attribute_originating(known, directory);
  RcptVerdict verdict;

  if (!recipient) {
    // Nobody here takes mail for that domain: only own servers may send it on.
    if (originating.connector == nullptr) return refuse(verdict, relay_denied, "RelayAccessDenied");
    verdict.organization = directory.find_organization(originating.organization->id());
    attribute(verdict, std::move(originating), Direction::originating);
    return relay(verdict, facts);
  }

  // Mail from one organization's servers to another organization comes in there like any other.
  verdict.organization = directory.find_organization(recipient.organization->id());
  const bool is_own = originating.organization == recipient.organization;
  Attribution attribution = is_own ? std::move(originating) : attribute_incoming(known);
  const bool vouched = attribution.vouches();
  attribute(verdict, std::move(attribution), is_own ? Direction::originating : Direction::incoming);
  verdict.direct_send = !vouched && known.sender.organization == recipient.organization;

  if (verdict.connector != nullptr && verdict.direction == Direction::incoming &&
      verdict.connector->require_tls && !facts.tls) {
    return refuse(verdict, starttls_required, "StartTlsRequired: " + verdict.connector->name.str());
  }

  if (!vouched) {
    restriction = find_restriction(known);
    if (restriction != nullptr) {
      return refuse(verdict, partner_restricted,
                    "PartnerConnectorRestriction: " + restriction->name.str());
    }
  }

  const directory::OrganizationConfig& config = recipient.organization->config();
  if (verdict.direct_send) {
    if (refuses_direct_send(verdict, facts, known))
      return refuse(verdict, direct_send_refused, "RejectDirectSend");
  } else if (!vouched && config.reject_direct_send_check_header_from) {
    verdict.stage = find_stage(facts, known);
  }

  const std::string_view domain =
      forward_path.domain.empty() ? recipient.domain->name : std::string_view(forward_path.domain);
  auto destination =
      recipient.organization->find_destination(forward_path.local_part, domain, *recipient.domain);
  if (!destination) return refuse(verdict, recipient_unknown, "UnknownRecipient");

  if (!vouched && needs_reverse_name(facts.client)) {
    switch (facts.reverse_name) {
      case RcptFacts::ReverseName::unknown:
      case RcptFacts::ReverseName::present:
        break;
      case RcptFacts::ReverseName::absent:
        return refuse(verdict, no_reverse_name(facts.client), "NoReverseName");
      case RcptFacts::ReverseName::temporary_failure:
        return refuse(verdict, reverse_name_unavailable(facts.client), "ReverseNameUnavailable");
    }
  }
  if (!vouched && !facts.client.is_loopback() && says_our_name(facts)) {
    return refuse(verdict, bad_hello, "BadHello");
  }

  verdict.decision = Decision::accept;
  verdict.reply = accepted;
  verdict.recipient = std::move(destination->recipient);
  verdict.detail = std::move(destination->detail);
  verdict.wildcard = destination->wildcard;
  verdict.next_hop = recipient.domain->next_hop;
  verdict.junk_detail = recipient.domain->junk_detail;
  return verdict;
}

}  // namespace

std::string_view to_string(Decision decision) {
  switch (decision) {
    case Decision::accept:
      return "Accept";
    case Decision::reject:
      return "Reject";
    case Decision::defer:
      return "Defer";
  }
  std::abort();  // never a Decision
}

bool needs_reverse_name(const IpAddress& client) {
  return client.is_v6() && !client.is_loopback();
}

Snapshot::DomainOwner find_recipient_owner(const RcptFacts& facts, const Snapshot& directory) {
  const std::string_view domain = facts.forward_path->domain;
  return domain.empty() ? find_postmaster_owner(directory, facts.server_name)
                        : directory.find_domain(domain);
}

RcptVerdict decide_rcpt(const RcptFacts& facts, const Snapshot& directory) {
  const AttributionFacts known(facts, directory, find_recipient_owner(facts, directory));
  const directory::InboundConnector* restriction = nullptr;
  RcptVerdict verdict = decide(facts, known, directory, restriction);
  verdict.own_sender = known.sender && verdict.organization != nullptr &&
                       known.sender.organization->id() == verdict.organization->id();
  if (vouches(verdict.matched_by)) return verdict;
  if (const auto miss = find_nearest_miss(known, directory, restriction)) {
    verdict.reasons.push_back(std::string(nearest_miss_mark) + miss->sentence);
    // Else nobody would find relaying that was denied in a trace of his own.
    if (verdict.organization == nullptr) {
      verdict.organization = directory.find_organization(miss->organization->id());
    }
  }
  return verdict;
}

mail::Reply with_tail(mail::Reply reply, std::string_view server_name, std::string_view time_text,
                      std::string_view session_id) {
  if (reply.is_success()) return reply;
  reply.text.append(" [").append(server_name).append(" ").append(time_text).append(" ");
  reply.text.append(session_id).append("]");
  return reply;
}

}  // namespace postern::policy
