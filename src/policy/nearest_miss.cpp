#include "policy/nearest_miss.h"

#include <algorithm>
#include <tuple>

#include "directory/organizational_domain.h"
#include "policy/objections.h"

namespace postern::policy {
namespace {

using directory::ConnectorIndex;
using directory::InboundConnector;
using directory::NameKey;
using directory::Organization;

/// So many connectors for other names of a certificate's domains are looked at.
constexpr std::size_t max_considered = 100;

bool is_older(const InboundConnector& a, const InboundConnector& b) {
  return std::tie(a.when_created, a.guid) < std::tie(b.when_created, b.guid);
}

/// Of the connectors that have the client's certificate name or address, the one that wants the
/// least; then the one that matches best.
class Hits {
 public:
  Hits(const AttributionFacts& facts, const directory::Snapshot& directory)
      : facts_(facts), directory_(directory) {}

  void by_certificate(const InboundConnector& one) {
    const unsigned rank =
        rank_certificate(one.tls_sender_certificate_name, facts_.certificate_names);
    if (rank > 0) consider(one, FoundBy::certificate, {.certificate = rank});
  }
  void by_address(const InboundConnector& one, unsigned length) {
    consider(one, FoundBy::address, {.address = length + 1});
  }

  const InboundConnector* best() const { return best_; }
  std::string sentence() const {
    const std::string what =
        found_by_ == FoundBy::certificate ? "the client's certificate" : "the client's address";
    // Without an objection it would have matched, had it not been for somebody else's.
    const std::string but = objections_.empty()
                                ? "a connector of another organization matches better"
                                : to_words(objections_, *best_, facts_);
    return "connector " + best_->name.str() + " matches " + what + ", but " + but;
  }

 private:
  void consider(const InboundConnector& one, FoundBy found_by, const Rank& rank) {
    const Objections objections = objections_of(one, found_by, facts_, directory_);
    const bool is_better = best_ == nullptr || objections.count() < objections_.count() ||
                           (objections.count() == objections_.count() &&
                            (rank > rank_ || (rank == rank_ && is_older(one, *best_))));
    if (!is_better) return;
    best_ = &one;
    found_by_ = found_by;
    objections_ = objections;
    rank_ = rank;
  }

  const AttributionFacts& facts_;
  const directory::Snapshot& directory_;
  const InboundConnector* best_ = nullptr;
  FoundBy found_by_ = FoundBy::address;
  Objections objections_;
  Rank rank_;
};

/// Enabled before not enabled, then the older.
bool is_likelier(const InboundConnector& a, const InboundConnector& b) {
  if (a.enabled != b.enabled) return a.enabled;
  return is_older(a, b);
}

std::string unless_enabled(const InboundConnector& one) {
  return one.enabled ? "" : ", and it is not enabled";
}

std::optional<NearestMiss> find_neighbour(const Organization& organization,
                                          const IpAddress& client) {
  const unsigned length = client.is_v4() ? near_v4_prefix : near_v6_prefix;
  const auto found = organization.connector_index().nearest(client, IpPrefix(client, length));
  if (found.empty()) return std::nullopt;
  const auto& best = *std::ranges::min_element(found, [](const auto& a, const auto& b) {
    if (a.connector != b.connector) return is_likelier(*a.connector, *b.connector);
    return a.prefix.length() > b.prefix.length();
  });
  return NearestMiss{&organization, best.connector,
                     "connector " + best.connector->name.str() + " lists " +
                         best.prefix.to_string() + ", which is in the client's /" +
                         std::to_string(length) + unless_enabled(*best.connector)};
}

std::optional<NearestMiss> find_in_domain(const Organization& organization,
                                          const std::vector<std::string>& certificate_names) {
  const InboundConnector* best = nullptr;
  std::string_view its_domain;
  std::size_t considered = 0;
  for (const std::string& name : certificate_names) {
    const std::string_view domain = directory::organizational_domain(without_wildcard(name));
    if (!domain.contains('.')) continue;  // a host without a domain
    const auto found =
        organization.connector_index().by_certificate_domain(NameKey::certificate(name));
    for (const auto& [key, one] : found) {
      if (++considered > max_considered) break;
      const std::string_view wanted = without_wildcard(one->tls_sender_certificate_name);
      if (directory::organizational_domain(wanted) != domain) continue;
      if (best != nullptr && !is_likelier(*one, *best)) continue;
      best = one;
      its_domain = directory::organizational_domain(wanted);
    }
  }
  if (best == nullptr) return std::nullopt;
  return NearestMiss{&organization, best,
                     "connector " + best->name.str() + " wants a certificate for " +
                         best->tls_sender_certificate_name.str() +
                         ", and the client's is for another name of " + std::string(its_domain) +
                         unless_enabled(*best)};
}

}  // namespace

std::optional<NearestMiss> find_nearest_miss(const AttributionFacts& facts,
                                             const directory::Snapshot& directory,
                                             const InboundConnector* restriction) {
  const Organization* const organization =
      facts.recipient ? facts.recipient.organization : facts.sender.organization;
  Hits hits(facts, directory);
  for (const std::string& name : facts.certificate_names) {
    for_each_certificate_key(name, [&](NameKey key) {
      if (organization != nullptr) {
        const ConnectorIndex& index = organization->connector_index();
        for (const auto& [its_key, one] : index.by_certificate_name(key)) hits.by_certificate(*one);
      }
      if (facts.recipient) return;
      // A server that is somebody's, and wants to send to other domains.
      for (const InboundConnector* one : directory.on_premises().by_certificate_name(key)) {
        hits.by_certificate(*one);
      }
    });
  }
  if (organization != nullptr) {
    organization->connector_index().for_each_by_address(
        facts.client,
        [&](const InboundConnector& one, unsigned length) { hits.by_address(one, length); });
  }
  if (const InboundConnector* const hit = hits.best()) {
    return NearestMiss{directory.peek_organization(hit->organization), hit, hits.sentence()};
  }
  if (organization == nullptr) return std::nullopt;

  if (auto near = find_neighbour(*organization, facts.client)) return near;
  if (auto near = find_in_domain(*organization, facts.certificate_names)) return near;
  if (restriction == nullptr) return std::nullopt;
  return NearestMiss{organization, restriction,
                     "connector " + restriction->name.str() + " is for the sender's domain, but " +
                         why_unknown(*restriction, facts)};
}

}  // namespace postern::policy
