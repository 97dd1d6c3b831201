#include "policy/objections.h"

#include <cstdlib>

namespace postern::policy {
namespace {

using directory::ConnectorType;
using directory::InboundConnector;

void append(std::string& words, std::string_view clause) {
  if (!words.empty()) words += " and ";
  words += clause;
}

std::string about_certificate(const InboundConnector& connector, const AttributionFacts& facts) {
  if (facts.certificate_names.empty()) return "the client showed no trusted certificate";
  return "the client's certificate is not for " + connector.tls_sender_certificate_name.str();
}

}  // namespace

Objections objections_of(const InboundConnector& connector, FoundBy found_by,
                         const AttributionFacts& facts, const directory::Snapshot& directory) {
  Objections found;
  found.add(Objection::not_enabled, !connector.enabled);
  switch (connector.type) {
    case ConnectorType::partner:
      found.add(Objection::no_relay, !facts.recipient);
      if (!facts.recipient) return found;
      found.add(Objection::sender_domain,
                rank_sender_domain(connector.sender_domains, facts.sender_domain) == 0);
      found.add(Objection::recipient_domain, !concerns(connector, facts.recipient.domain));
      return found;
    case ConnectorType::on_premises: {
      const bool by_certificate = found_by == FoundBy::certificate;
      const bool foreign = !by_certificate && !is_owner(facts.sender, connector.organization);
      found.add(Objection::foreign_sender, foreign);
      found.add(Objection::not_backed,
                by_certificate && backing_of(connector, facts, directory) == Backing::none);
      found.add(Objection::own_domain, !foreign && !concerns_originating(connector, facts));
      return found;
    }
  }
  std::abort();  // never a ConnectorType
}

std::string to_words(const Objections& objections, const InboundConnector& connector,
                     const AttributionFacts& facts) {
  std::string words;
  const auto tell = [&](Objection one, std::string_view clause) {
    if (objections.has(one)) append(words, clause);
  };
  tell(Objection::not_enabled, "it is not enabled");
  tell(Objection::no_relay, "a Partner connector lets nobody send to other domains");
  tell(Objection::sender_domain, "its SenderDomains do not cover the sender's domain");
  tell(Objection::recipient_domain,
       "its AssociatedAcceptedDomains do not have the recipient's domain");
  tell(Objection::own_domain, "its AssociatedAcceptedDomains do not have the sender's domain");
  tell(Objection::foreign_sender,
       "the sender's domain is not an accepted domain of the organization");
  if (objections.has(Objection::foreign_sender) && !connector.tls_sender_certificate_name.empty())
    append(words, about_certificate(connector, facts));
  tell(Objection::not_backed,
       "none of the domains of its certificate name, the sender and the recipient is an accepted "
       "domain of the organization");
  return words;
}

std::string why_unknown(const InboundConnector& connector, const AttributionFacts& facts) {
  std::string words;
  if (!connector.sender_ip_addresses.empty()) {
    append(words, "the client's address is not among its SenderIPAddresses");
  }
  if (!connector.tls_sender_certificate_name.empty()) {
    append(words, about_certificate(connector, facts));
  }
  return words;
}

}  // namespace postern::policy
