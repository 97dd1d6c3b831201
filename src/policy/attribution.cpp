#include "policy/attribution.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

#include "mail/domain_name.h"
#include "policy/attribution_rules.h"

namespace postern::policy {
namespace {

using directory::ConnectorIndex;
using directory::ConnectorType;
using directory::InboundConnector;
using directory::NameKey;
using directory::Organization;

/// Above every wildcard, whose rank is the length of its name.
constexpr unsigned exact_rank = 1'000;
constexpr unsigned any_domain_rank = 1;
/// An ambiguity names so many connectors.
constexpr std::size_t max_named = 5;

/// Keeps the best of the connectors it is shown.
class Choice {
 public:
  void consider(const InboundConnector& connector, const Rank& rank) {
    if (rank < rank_ || &connector == best_) return;
    if (rank > rank_ || best_ == nullptr) {
      rank_ = rank;
      best_ = &connector;
      equals_.clear();
    } else if (std::ranges::find(equals_, &connector) == equals_.end()) {
      equals_.push_back(&connector);
    }
  }
  bool empty() const { return best_ == nullptr; }
  const Rank& rank() const { return rank_; }

  /// The oldest of the best; `notes` gets a line if it is not alone.
  const InboundConnector* best(std::vector<std::string>& notes) {
    if (equals_.empty()) return best_;
    equals_.push_back(best_);
    std::ranges::sort(equals_, {}, [](const InboundConnector* one) {
      return std::pair(one->when_created, one->guid);
    });
    std::string note = "AmbiguousConnector: ";
    for (std::size_t i = 0; i < std::min(equals_.size(), max_named); ++i) {
      if (i > 0) note += ", ";
      note += equals_[i]->name;
    }
    if (equals_.size() > max_named) note += ", …";
    notes.push_back(std::move(note));
    return equals_.front();
  }

 private:
  Rank rank_;
  const InboundConnector* best_ = nullptr;
  std::vector<const InboundConnector*> equals_;  // of the same rank, which is seldom
};

Attribution originating_by_certificate(const AttributionFacts& facts,
                                       const directory::Snapshot& directory) {
  if (facts.certificate_names.empty()) return {};
  // One Choice for each Backing: an exact name without a domain of its own does not win over
  // a wildcard that has one.
  std::array<Choice, static_cast<std::size_t>(Backing::certificate) + 1> choices;
  const auto consider = [&](NameKey key) {
    for (const InboundConnector* one : directory.on_premises().by_certificate_name(key)) {
      const unsigned rank =
          rank_certificate(one->tls_sender_certificate_name, facts.certificate_names);
      if (!one->enabled || rank == 0 || !concerns_originating(*one, facts)) continue;
      const Backing backing = backing_of(*one, facts, directory);
      if (backing == Backing::none) continue;
      // Two organizations with the same name: the sender's own.
      const unsigned own = is_owner(facts.sender, one->organization) ? 1 : 0;
      choices[static_cast<std::size_t>(backing)].consider(
          *one, {.certificate = rank, .sender_domain = own});
    }
  };
  for (const std::string& name : facts.certificate_names) for_each_certificate_key(name, consider);

  const auto choice = std::find_if(choices.rbegin(), choices.rend(),
                                   [](const Choice& one) { return !one.empty(); });
  Attribution result;
  if (choice == choices.rend()) return result;
  result.connector = choice->best(result.notes);
  result.organization = directory.peek_organization(result.connector->organization);
  result.matched_by = MatchedBy::certificate;
  if (choice != choices.rbegin()) {
    // Exchange Online warns of such connectors: they may stop working without notice.
    result.notes.push_back("CertificateDomainNotAccepted: " + result.connector->name.str());
  }
  return result;
}

/// An address alone does not say whose mail it is; the reverse-path does.
Attribution originating_by_address(const AttributionFacts& facts) {
  Attribution result;
  if (!facts.sender) return result;
  Choice choice;
  facts.sender.organization->connector_index().for_each_by_address(
      facts.client, [&](const InboundConnector& one, unsigned length) {
        if (one.type != ConnectorType::on_premises || !one.enabled) return;
        if (concerns_originating(one, facts)) choice.consider(one, {.address = length + 1});
      });
  if (choice.empty()) return result;
  result.organization = facts.sender.organization;
  result.connector = choice.best(result.notes);
  result.matched_by = MatchedBy::address;
  return result;
}

/// The Partner connectors that are found by the sender's domain, with their ranks for it.
template <class Use>
void for_each_by_sender_domain(const AttributionFacts& facts, Use&& use) {
  const ConnectorIndex& index = facts.recipient.organization->connector_index();
  const auto use_key = [&](NameKey key) {
    for (const auto& [its_key, one] : index.by_sender_domain(key)) {
      if (const unsigned rank = rank_partner(*one, facts)) use(*one, rank);
    }
  };
  for_each_sender_domain_key(facts.sender_domain, use_key);
}

std::optional<std::string> normalize_certificate_name(std::string_view name) {
  auto normalized = mail::to_a_label(without_wildcard(name));
  if (normalized && name.starts_with(wildcard)) normalized->insert(0, wildcard);
  return normalized;
}

}  // namespace

std::string_view to_string(Direction direction) {
  switch (direction) {
    case Direction::incoming:
      return "Incoming";
    case Direction::originating:
      return "Originating";
  }
  std::abort();  // never a Direction
}

std::string_view to_string(MatchedBy matched_by) {
  switch (matched_by) {
    case MatchedBy::nothing:
      return "Nothing";
    case MatchedBy::sender_domain:
      return "SenderDomain";
    case MatchedBy::address:
      return "Address";
    case MatchedBy::certificate:
      return "Certificate";
  }
  std::abort();  // never a MatchedBy
}

AttributionFacts::AttributionFacts(const RcptFacts& facts, const directory::Snapshot& directory,
                                   directory::Snapshot::DomainOwner its_recipient)
    : client(facts.client),
      sender_domain(facts.reverse_path->domain),
      sender(!sender_domain.empty() && sender_domain == facts.forward_path->domain
                 ? its_recipient
                 : directory.find_domain(sender_domain)),
      recipient(its_recipient) {
  for (const std::string& name : facts.certificate_names) {
    if (certificate_names.size() == max_certificate_names) break;
    if (auto normalized = normalize_certificate_name(name)) {
      certificate_names.push_back(*std::move(normalized));
    }
  }
}

unsigned rank_sender_domain(const directory::NameList& sender_domains, std::string_view domain) {
  unsigned best = 0;
  for (const std::string_view pattern : sender_domains) {
    unsigned rank = 0;
    if (pattern == "*") {
      rank = any_domain_rank;  // the null reverse-path, too
    } else if (pattern == domain) {
      rank = exact_rank;
    } else if (pattern.starts_with(wildcard)) {
      const std::string_view name = without_wildcard(pattern);
      if (mail::is_below(domain, name, mail::Self::included)) {
        rank = any_domain_rank + static_cast<unsigned>(name.size());
      }
    }
    best = std::max(best, rank);
  }
  return best;
}

unsigned rank_certificate(std::string_view wanted, const std::vector<std::string>& names) {
  unsigned best = 0;
  for (const std::string& name : names) {
    if (name == wanted) return exact_rank;
    const std::string_view above = without_wildcard(wanted);
    if (above.size() != wanted.size() && mail::is_below(name, above, mail::Self::excluded)) {
      best = static_cast<unsigned>(above.size());
    }
  }
  return best;
}

unsigned rank_address(const directory::CompactList<IpPrefix>& prefixes, const IpAddress& client) {
  unsigned best = 0;
  for (const IpPrefix& prefix : prefixes) {
    if (prefix.contains(client)) best = std::max(best, prefix.length() + 1);
  }
  return best;
}

Attribution attribute_originating(const AttributionFacts& facts,
                                  const directory::Snapshot& directory) {
  Attribution result = originating_by_certificate(facts, directory);
  if (result.connector == nullptr) result = originating_by_address(facts);
  return result;
}

Attribution attribute_incoming(const AttributionFacts& facts) {
  const ConnectorIndex& index = facts.recipient.organization->connector_index();
  Choice choice;
  const auto consider = [&](const InboundConnector& one, unsigned address) {
    const unsigned sender_domain = rank_partner(one, facts);
    if (sender_domain == 0) return;
    const Rank rank{
        .certificate = rank_certificate(one.tls_sender_certificate_name, facts.certificate_names),
        .address = address,
        .sender_domain = sender_domain};
    if (rank.certificate > 0 || rank.address > 0) choice.consider(one, rank);
  };
  for (const std::string& name : facts.certificate_names) {
    for_each_certificate_key(name, [&](NameKey key) {
      for (const auto& [its_key, one] : index.by_certificate_name(key)) {
        consider(*one, rank_address(one->sender_ip_addresses, facts.client));
      }
    });
  }
  index.for_each_by_address(facts.client, [&](const InboundConnector& one, unsigned length) {
    consider(one, length + 1);
  });
  MatchedBy matched_by =
      choice.rank().certificate > 0 ? MatchedBy::certificate : MatchedBy::address;

  if (choice.empty()) {
    matched_by = MatchedBy::sender_domain;
    for_each_by_sender_domain(facts, [&](const InboundConnector& one, unsigned rank) {
      const bool has_neither =
          one.sender_ip_addresses.empty() && one.tls_sender_certificate_name.empty();
      if (has_neither) choice.consider(one, {.sender_domain = rank});
    });
  }

  Attribution result;
  if (choice.empty()) return result;
  result.organization = facts.recipient.organization;
  result.connector = choice.best(result.notes);
  result.matched_by = matched_by;
  return result;
}

const InboundConnector* find_restriction(const AttributionFacts& facts) {
  Choice choice;
  for_each_by_sender_domain(facts, [&](const InboundConnector& one, unsigned rank) {
    if (one.restricts()) choice.consider(one, {.sender_domain = rank});
  });
  if (choice.empty()) return nullptr;
  std::vector<std::string> ignored;
  return choice.best(ignored);
}

}  // namespace postern::policy
