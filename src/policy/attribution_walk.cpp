#include "policy/attribution_walk.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "policy/objections.h"

namespace postern::policy {
namespace {

using directory::ConnectorIndex;
using directory::ConnectorType;
using directory::InboundConnector;
using directory::NameKey;
using Result = AttributionStep::Result;

/// As far as comparing goes: the better is greater, as in attribution.
using Order = std::array<unsigned, 3>;

std::string join_names(const std::vector<std::string>& names) {
  constexpr std::size_t most = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, names.size()); ++i) {
    if (i > 0) text += ", ";
    text += names[i];
  }
  return names.size() > most ? text + ", …" : text;
}

class Walk {
 public:
  Walk(const AttributionFacts& facts, const directory::Snapshot& directory)
      : facts_(facts), directory_(directory) {}

  std::vector<AttributionStep> run() {
    const Attribution originating = attribute_originating(facts_, directory_);
    const InboundConnector* const own = originating.connector;
    by_certificate_of_servers(own);
    by_address_of_servers(own, originating.matched_by);
    if (!facts_.recipient) return std::move(steps_);

    const bool is_own = own != nullptr && originating.organization == facts_.recipient.organization;
    const Attribution incoming = is_own ? Attribution{} : attribute_incoming(facts_);
    const bool vouched = is_own || incoming.vouches();
    if (is_own) {
      constexpr std::string_view why = "not asked: the mail originates in the organization";
      tell(AttributionRule::partner_certificate, "", why);
      tell(AttributionRule::partner_address, "", why);
    } else {
      by_certificate_of_partners(incoming);
      by_address_of_partners(incoming);
    }
    if (vouched) {
      constexpr std::string_view why = "not asked: a connector vouches for the client";
      tell(AttributionRule::partner_sender_domain, "", why);
      tell(AttributionRule::restriction, "", why);
    } else {
      by_sender_domain(AttributionRule::partner_sender_domain, incoming.connector);
      by_sender_domain(AttributionRule::restriction, find_restriction(facts_));
    }
    return std::move(steps_);
  }

 private:
  struct Candidate {
    const InboundConnector* connector;
    std::string key;
    std::string objection;
    Order order;
  };

  void add(AttributionStep step) {
    if (steps_.size() < max_attribution_steps) steps_.push_back(std::move(step));
  }
  void tell(AttributionRule rule, std::string key, std::string_view why) {
    add({rule, std::move(key), nullptr, Result::no, std::string(why)});
  }

  /// Each connector once, by its best key.
  static void keep(std::vector<Candidate>& candidates, Candidate candidate) {
    const auto there = std::ranges::find(candidates, candidate.connector, &Candidate::connector);
    if (there == candidates.end()) {
      candidates.push_back(std::move(candidate));
    } else if (candidate.order > there->order) {
      *there = std::move(candidate);
    }
  }

  void tell_all(AttributionRule rule, std::vector<Candidate> candidates,
                const InboundConnector* chosen, std::string key, std::string_view none) {
    if (candidates.empty()) {
      tell(rule, std::move(key), none);
      return;
    }
    // The best first; equals as attribution ranks them.
    std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
      if (a.objection.empty() != b.objection.empty()) return a.objection.empty();
      if (a.order != b.order) return a.order > b.order;
      return std::pair(a.connector->when_created, a.connector->guid) <
             std::pair(b.connector->when_created, b.connector->guid);
    });
    const auto best = std::ranges::find(candidates, chosen, &Candidate::connector);
    for (const Candidate& one : candidates) {
      AttributionStep step{rule, one.key, one.connector, Result::no, one.objection};
      if (one.connector == chosen) {
        step.result = Result::chosen;
      } else if (one.objection.empty()) {
        step.result = Result::matches;
        step.why = "another connector matches better";
        if (best != candidates.end() && best->order == one.order)
          step.why = "another connector matches as well and is older";
        if (one.connector == chosen_before_) step.why = "it was chosen by its certificate";
      }
      add(std::move(step));
    }
  }

  template <class Use>
  void for_each_by_certificate(const ConnectorIndex* index, Use use) {
    for (const std::string& name : facts_.certificate_names) {
      for_each_certificate_key(name, [&](NameKey key) {
        if (index == nullptr) {
          for (const InboundConnector* one : directory_.on_premises().by_certificate_name(key))
            use(*one);
        } else {
          for (const auto& [its_key, one] : index->by_certificate_name(key)) use(*one);
        }
      });
    }
  }

  /// `index` null: that of the OnPremises connectors of all organizations.
  std::vector<Candidate> candidates_by_certificate(const ConnectorIndex* index,
                                                   ConnectorType type) {
    std::vector<Candidate> found;
    for_each_by_certificate(index, [&](const InboundConnector& one) {
      const unsigned rank =
          rank_certificate(one.tls_sender_certificate_name, facts_.certificate_names);
      if (one.type != type || rank == 0) return;
      Order order{rank, rank_address(one.sender_ip_addresses, facts_.client),
                  rank_sender_domain(one.sender_domains, facts_.sender_domain)};
      if (type == ConnectorType::on_premises) {
        order = {static_cast<unsigned>(backing_of(one, facts_, directory_)), rank,
                 is_owner(facts_.sender, one.organization) ? 1u : 0u};
      }
      const Objections objections = objections_of(one, FoundBy::certificate, facts_, directory_);
      keep(found,
           {&one, one.tls_sender_certificate_name.str(), to_words(objections, one, facts_), order});
    });
    return found;
  }

  std::vector<Candidate> candidates_by_address(const ConnectorIndex& index, ConnectorType type) {
    std::vector<Candidate> found;
    index.for_each_by_address(facts_.client, [&](const InboundConnector& one, unsigned length) {
      if (one.type != type) return;
      Order order{0, length + 1, 0};
      if (type == ConnectorType::partner)
        order[2] = rank_sender_domain(one.sender_domains, facts_.sender_domain);
      const Objections objections = objections_of(one, FoundBy::address, facts_, directory_);
      keep(found, {&one, IpPrefix(facts_.client, length).to_string(),
                   to_words(objections, one, facts_), order});
    });
    return found;
  }

  void tell_certificates(AttributionRule rule, std::vector<Candidate> candidates,
                         const InboundConnector* chosen) {
    tell_all(rule, std::move(candidates), chosen, join_names(facts_.certificate_names),
             facts_.certificate_names.empty() ? "the client showed no trusted certificate"
                                              : "no connector has a name of the certificate");
  }

  void by_certificate_of_servers(const InboundConnector* chosen) {
    tell_certificates(AttributionRule::on_premises_certificate,
                      candidates_by_certificate(nullptr, ConnectorType::on_premises), chosen);
  }

  void by_address_of_servers(const InboundConnector* chosen, MatchedBy matched_by) {
    constexpr auto rule = AttributionRule::on_premises_address;
    const std::string client = facts_.client.to_string();
    if (matched_by == MatchedBy::certificate) {
      tell(rule, client, "not asked: a server was known by its certificate");
      return;
    }
    // Attribution asks the sender's organization only; the recipient's is where one that is missed
    // would be looked for.
    const directory::Organization* const organization =
        facts_.sender ? facts_.sender.organization : facts_.recipient.organization;
    if (organization == nullptr) {
      tell(rule, client, "not asked: the sender's domain is nobody's accepted domain");
      return;
    }
    tell_all(rule,
             candidates_by_address(organization->connector_index(), ConnectorType::on_premises),
             chosen, client, "no connector of the organization lists the address");
  }

  void by_certificate_of_partners(const Attribution& incoming) {
    tell_certificates(AttributionRule::partner_certificate,
                      candidates_by_certificate(&facts_.recipient.organization->connector_index(),
                                                ConnectorType::partner),
                      incoming.matched_by == MatchedBy::certificate ? incoming.connector : nullptr);
  }

  void by_address_of_partners(const Attribution& incoming) {
    if (incoming.matched_by == MatchedBy::certificate) chosen_before_ = incoming.connector;
    tell_all(AttributionRule::partner_address,
             candidates_by_address(facts_.recipient.organization->connector_index(),
                                   ConnectorType::partner),
             incoming.matched_by == MatchedBy::address ? incoming.connector : nullptr,
             facts_.client.to_string(), "no connector of the organization lists the address");
  }

  /// The pattern among its SenderDomains that covers the sender's domain best.
  std::string covering_pattern(const InboundConnector& one) const {
    std::string best;
    unsigned best_rank = 0;
    for (const std::string_view pattern : one.sender_domains) {
      const unsigned rank = rank_sender_domain({std::string(pattern)}, facts_.sender_domain);
      if (rank <= best_rank) continue;
      best = pattern;
      best_rank = rank;
    }
    return best;
  }

  void by_sender_domain(AttributionRule rule, const InboundConnector* chosen) {
    const bool restriction = rule == AttributionRule::restriction;
    std::vector<Candidate> found;
    const auto use = [&](const InboundConnector& one) {
      const unsigned rank = rank_sender_domain(one.sender_domains, facts_.sender_domain);
      const bool knows_clients =
          !one.sender_ip_addresses.empty() || !one.tls_sender_certificate_name.empty();
      if (rank == 0 || (restriction ? !one.restricts() : knows_clients)) return;
      Objections objections;
      objections.add(Objection::not_enabled, !one.enabled);
      objections.add(Objection::recipient_domain, !concerns(one, facts_.recipient.domain));
      keep(found, {&one, covering_pattern(one), to_words(objections, one, facts_), {0, 0, rank}});
    };
    const ConnectorIndex& index = facts_.recipient.organization->connector_index();
    for_each_sender_domain_key(facts_.sender_domain, [&](NameKey key) {
      for (const auto& [its_key, one] : index.by_sender_domain(key)) use(*one);
    });
    const std::string key = facts_.sender_domain.empty() ? "<>" : std::string(facts_.sender_domain);
    tell_all(rule, std::move(found), chosen, key,
             restriction ? "no connector restricts mail of the sender's domain"
                         : "no connector is for the sender's domain alone");
  }

  const AttributionFacts& facts_;
  const directory::Snapshot& directory_;
  std::vector<AttributionStep> steps_;
  const InboundConnector* chosen_before_ = nullptr;
};

}  // namespace

std::string_view to_string(AttributionRule rule) {
  switch (rule) {
    case AttributionRule::on_premises_certificate:
      return "OnPremises by certificate";
    case AttributionRule::on_premises_address:
      return "OnPremises by address";
    case AttributionRule::partner_certificate:
      return "Partner by certificate";
    case AttributionRule::partner_address:
      return "Partner by address";
    case AttributionRule::partner_sender_domain:
      return "Partner by sender domain";
    case AttributionRule::restriction:
      return "Restriction";
  }
  std::abort();  // never an AttributionRule
}

std::vector<AttributionStep> walk_attribution(const AttributionFacts& facts,
                                              const directory::Snapshot& directory) {
  return Walk(facts, directory).run();
}

}  // namespace postern::policy
