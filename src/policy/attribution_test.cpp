// Attribution through the indexes agrees with a look at every connector, and what must never
// matter does not: the order of connectors, the case of addresses.
#include "policy/attribution.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/ascii.h"
#include "mail/domain_name.h"
#include "policy/attribution_walk.h"
#include "policy/decision.h"

using namespace postern;
using namespace postern::directory;
using namespace postern::policy;

namespace {

// Few names and addresses, close to each other, so that connectors meet.
const std::vector<std::string> domains = {"a.test", "b.a.test", "c.b.a.test",
                                          "b.test", "x.b.test", "test"};
const std::vector<std::string> patterns = {"*",          "a.test", "*.a.test", "b.a.test",
                                           "*.b.a.test", "b.test", "*.b.test", "x.b.test"};
const std::vector<std::string> certificate_names = {"mx.a.test",  "*.a.test", "mx.b.a.test",
                                                    "*.b.a.test", "b.test",   "*.b.test"};
const std::vector<std::string> addresses = {"192.0.2.1", "192.0.2.200", "198.51.100.1",
                                            "2001:db8::1", "2001:db8:1::1"};

class World {
 public:
  explicit World(unsigned seed) : random_(seed) {
    for (std::uint32_t id = 1; id <= 3; ++id) organizations_.push_back(OrganizationId{id});
    for (const std::string& domain : domains) {
      if (random_() % 3 > 0) domains_.emplace_back(any(organizations_), domain);
    }
    for (int i = 0; i < 12; ++i) connectors_.push_back(random_connector(i));
  }

  Snapshot directory() const {
    Snapshot directory;
    for (const OrganizationId id : organizations_) {
      const auto number = static_cast<std::uint32_t>(id);
      directory.put_organization(id, Guid(), "org" + std::to_string(number), Time());
      directory.set_config(id, {.reject_direct_send = number % 2 == 1});
    }
    for (const auto& [id, name] : domains_) {
      AcceptedDomain domain{.name = name};
      if (name.size() % 2 == 0) {
        domain.type = DomainType::internal_relay;
        domain.match_sub_domains = true;
      }
      directory.put_domain(id, domain);
      directory.put_recipient(id, {"ann@" + name, {}});
    }
    for (const InboundConnector& connector : connectors_) {
      directory.put_connectors(connector.organization, {connector});
    }
    return directory;
  }

  void shuffle_connectors() { std::ranges::shuffle(connectors_, random_); }
  const std::vector<InboundConnector>& connectors() const { return connectors_; }
  InboundConnector& connector(std::size_t index) { return connectors_[index]; }

  struct Mail {
    IpAddress client;
    std::vector<std::string> certificate_names;
    mail::Mailbox reverse_path;
    mail::Mailbox forward_path;
    bool tls = false;

    RcptFacts facts() const {
      return {.client = client,
              .hello = "client.example",
              .tls = tls,
              .certificate_names = certificate_names,
              .reverse_path = &reverse_path,
              .forward_path = &forward_path,
              .server_name = "mx.example"};
    }
  };
  Mail random_mail() {
    Mail mail;
    mail.client = IpAddress::parse(any(addresses)).value();
    mail.tls = random_() % 2 == 0;
    if (mail.tls) {
      for (auto count = random_() % 3; count > 0; --count) {
        mail.certificate_names.push_back(any(certificate_names));
      }
    }
    if (random_() % 8 > 0) mail.reverse_path = mail::parse_mailbox("bob@" + any(domains)).value();
    mail.forward_path = mail::parse_mailbox("ann@" + any(domains)).value();
    return mail;
  }

 private:
  template <class T>
  const T& any(const std::vector<T>& values) {
    return values[random_() % values.size()];
  }
  bool perhaps() { return random_() % 2 == 0; }

  InboundConnector random_connector(int number) {
    InboundConnector connector;
    connector.guid =
        Guid::parse("00000000-0000-0000-0000-0000000000" + std::to_string(10 + number)).value();
    connector.name = "c" + std::to_string(number);
    connector.organization = any(organizations_);
    connector.when_created = Time(std::chrono::seconds(random_() % 4));
    connector.type = random_() % 3 == 0 ? ConnectorType::on_premises : ConnectorType::partner;
    connector.enabled = random_() % 6 > 0;
    connector.require_tls = perhaps();
    connector.sender_domains =
        perhaps() ? NameList{any(patterns)} : NameList{any(patterns), any(patterns)};
    if (perhaps()) {
      const IpAddress address = IpAddress::parse(any(addresses)).value();
      connector.sender_ip_addresses = {IpPrefix(address, perhaps()               ? address.width()
                                                         : address.width() == 32 ? 24
                                                                                 : 48)};
    }
    if (perhaps()) connector.tls_sender_certificate_name = any(certificate_names);
    if (!connector.sender_ip_addresses.empty())
      connector.restrict_domains_to_ip_addresses = perhaps();
    if (random_() % 5 == 0) connector.associated_accepted_domains = {any(domains)};
    return connector;
  }

  std::mt19937 random_;
  std::vector<OrganizationId> organizations_;
  std::vector<std::pair<OrganizationId, std::string>> domains_;
  std::vector<InboundConnector> connectors_;
};

// What follows says the rules once more, without indexes: every connector is looked at.

bool is_older(const InboundConnector& a, const InboundConnector& b) {
  return std::pair(a.when_created, a.guid) < std::pair(b.when_created, b.guid);
}

template <class RankOf>
const InboundConnector* best_of(const std::vector<InboundConnector>& connectors, RankOf rank_of) {
  const InboundConnector* best = nullptr;
  for (const InboundConnector& one : connectors) {
    const auto rank = rank_of(one);
    if (rank == decltype(rank){}) continue;
    if (best == nullptr || rank > rank_of(*best) ||
        (rank == rank_of(*best) && is_older(one, *best)))
      best = &one;
  }
  return best;
}

bool in_scope(const InboundConnector& one, const AttributionFacts& facts) {
  const auto& associated = one.associated_accepted_domains;
  return one.enabled && one.type == ConnectorType::partner &&
         one.organization == facts.recipient.organization->id() &&
         (associated.empty() || associated.contains(facts.recipient.domain->name)) &&
         rank_sender_domain(one.sender_domains, facts.sender_domain) > 0;
}

const InboundConnector* search_incoming(const std::vector<InboundConnector>& connectors,
                                        const AttributionFacts& facts) {
  const auto strong = [&](const InboundConnector& one) {
    Rank rank{rank_certificate(one.tls_sender_certificate_name, facts.certificate_names),
              rank_address(one.sender_ip_addresses, facts.client),
              rank_sender_domain(one.sender_domains, facts.sender_domain)};
    if (!in_scope(one, facts) || (rank.certificate == 0 && rank.address == 0)) rank = {};
    return rank;
  };
  const auto weak = [&](const InboundConnector& one) {
    Rank rank{.sender_domain = rank_sender_domain(one.sender_domains, facts.sender_domain)};
    if (!in_scope(one, facts) || !one.sender_ip_addresses.empty() ||
        !one.tls_sender_certificate_name.empty())
      rank = {};
    return rank;
  };
  const InboundConnector* const found = best_of(connectors, strong);
  return found != nullptr ? found : best_of(connectors, weak);
}

const InboundConnector* search_restriction(const std::vector<InboundConnector>& connectors,
                                           const AttributionFacts& facts) {
  return best_of(connectors, [&](const InboundConnector& one) {
    return in_scope(one, facts) && one.restricts()
               ? rank_sender_domain(one.sender_domains, facts.sender_domain)
               : 0u;
  });
}

const InboundConnector* search_originating(const std::vector<InboundConnector>& connectors,
                                           const AttributionFacts& facts,
                                           const Snapshot& directory) {
  const auto owns = [](const Snapshot::DomainOwner& owner, const InboundConnector& one) {
    return owner && owner.organization->id() == one.organization;
  };
  const auto applies = [&](const InboundConnector& one) {
    const AcceptedDomain* domain = owns(facts.sender, one)      ? facts.sender.domain
                                   : owns(facts.recipient, one) ? facts.recipient.domain
                                                                : nullptr;
    const auto& associated = one.associated_accepted_domains;
    return one.enabled && one.type == ConnectorType::on_premises &&
           (associated.empty() || (domain != nullptr && associated.contains(domain->name)));
  };
  const auto backing = [&](const InboundConnector& one) {
    const std::string_view wanted = one.tls_sender_certificate_name;
    const std::string_view name = wanted.starts_with("*.") ? wanted.substr(2) : wanted;
    for (const AcceptedDomain& domain :
         directory.find_organization(one.organization)->accepted_domains()) {
      if (mail::is_below(name, domain.name, mail::Self::included)) return 3u;
      if (name != wanted && mail::is_below(domain.name, name, mail::Self::excluded)) return 3u;
    }
    return owns(facts.sender, one) ? 2u : owns(facts.recipient, one) ? 1u : 0u;
  };
  using Keys = std::tuple<unsigned, unsigned, unsigned>;
  const InboundConnector* const found = best_of(connectors, [&](const InboundConnector& one) {
    const unsigned rank =
        rank_certificate(one.tls_sender_certificate_name, facts.certificate_names);
    if (rank == 0 || !applies(one) || backing(one) == 0) return Keys{};
    return Keys{backing(one), rank, owns(facts.sender, one) ? 1 : 0};
  });
  if (found != nullptr) return found;
  return best_of(connectors, [&](const InboundConnector& one) {
    return applies(one) && owns(facts.sender, one)
               ? rank_address(one.sender_ip_addresses, facts.client)
               : 0u;
  });
}

bool has_client(const InboundConnector& one, const AttributionFacts& facts) {
  return rank_certificate(one.tls_sender_certificate_name, facts.certificate_names) > 0 ||
         rank_address(one.sender_ip_addresses, facts.client) > 0;
}

/// Which kind of nearest miss there is, by how its sentence goes on after the connector's name.
std::string search_nearest_miss(const std::vector<InboundConnector>& connectors,
                                const AttributionFacts& facts) {
  const Organization* const organization = facts.recipient.organization;
  bool hit = false;
  bool neighbour = false;
  bool same_domain = false;
  for (const InboundConnector& one : connectors) {
    if (organization == nullptr || one.organization != organization->id()) continue;
    hit = hit || has_client(one, facts);
    const unsigned length = facts.client.is_v4() ? 24 : 48;
    for (const IpPrefix& prefix : one.sender_ip_addresses) {
      neighbour = neighbour || IpPrefix(facts.client, length).contains(prefix);
    }
    for (const std::string& name : facts.certificate_names) {
      // All names in these worlds have the organizational domain a.test or b.test.
      const std::string_view wanted = one.tls_sender_certificate_name;
      same_domain = same_domain || (!wanted.empty() && wanted.substr(wanted.size() - 6) ==
                                                           name.substr(name.size() - 6));
    }
  }
  if (hit) return " matches ";
  if (neighbour) return " lists ";
  if (same_domain) return " wants a certificate ";
  return search_restriction(connectors, facts) != nullptr ? " is for the sender's domain" : "";
}

Guid guid_of(const InboundConnector* connector) {
  return connector == nullptr ? Guid() : connector->guid;
}
Guid guid_of(const SharedConnector& connector) {
  return guid_of(connector.get());
}

struct Seen {
  std::string reply;
  Guid connector;
  bool direct_send;
  std::string recipient;
  std::vector<std::string> reasons;

  explicit Seen(const RcptVerdict& verdict)
      : reply(verdict.reply.to_line()),
        connector(guid_of(verdict.connector)),
        direct_send(verdict.direct_send),
        recipient(verdict.recipient),
        reasons(verdict.reasons) {}
  bool operator==(const Seen&) const = default;
};

}  // namespace

TEST_CASE("attribution agrees with a look at every connector") {
  int attributed = 0;
  int originating = 0;
  int restricted = 0;
  int relayed = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    World world(seed);
    const Snapshot directory = world.directory();
    for (int i = 0; i < 40; ++i) {
      const World::Mail mail = world.random_mail();
      const AttributionFacts facts(mail.facts(), directory,
                                   directory.find_domain(mail.forward_path.domain));
      const Attribution found = attribute_originating(facts, directory);
      REQUIRE(guid_of(found.connector) ==
              guid_of(search_originating(world.connectors(), facts, directory)));
      originating += found.connector != nullptr;
      // Nobody relays but own servers, whatever else there is.
      RcptFacts with_relay = mail.facts();
      with_relay.has_relay = true;
      const bool may_relay = !facts.recipient && found.connector != nullptr;
      REQUIRE(decide_rcpt(with_relay, directory).relay == may_relay);
      relayed += may_relay;
      if (!facts.recipient) continue;
      const Attribution incoming = attribute_incoming(facts);
      REQUIRE(guid_of(incoming.connector) == guid_of(search_incoming(world.connectors(), facts)));
      attributed += incoming.connector != nullptr;
      const InboundConnector* restriction = find_restriction(facts);
      REQUIRE(guid_of(restriction) == guid_of(search_restriction(world.connectors(), facts)));
      restricted += restriction != nullptr;
    }
  }
  // The random worlds are such that all of it happens.
  CHECK(attributed > 500);
  CHECK(originating > 500);
  CHECK(restricted > 500);
  CHECK(relayed > 100);
}

TEST_CASE(
    "the nearest miss agrees with a look at every connector, and is told where none vouches") {
  std::map<std::string, int> kinds;
  for (unsigned seed = 0; seed < 300; ++seed) {
    World world(seed);
    const Snapshot directory = world.directory();
    for (int i = 0; i < 40; ++i) {
      const World::Mail mail = world.random_mail();
      const RcptVerdict verdict = decide_rcpt(mail.facts(), directory);
      std::string told;
      for (const std::string& reason : verdict.reasons) {
        if (reason.starts_with(nearest_miss_mark)) told = reason;
      }
      if (vouches(verdict.matched_by)) {
        REQUIRE(told.empty());
        continue;
      }
      const AttributionFacts facts(mail.facts(), directory,
                                   directory.find_domain(mail.forward_path.domain));
      // Whose connector wants TLS is not asked for a restriction.
      if (!facts.recipient || verdict.decision == Decision::defer) continue;
      const std::string kind = search_nearest_miss(world.connectors(), facts);
      CAPTURE(told);
      REQUIRE(told.empty() == kind.empty());
      REQUIRE(told.contains(kind));
      ++kinds[kind];
    }
  }
  for (const char* kind :
       {"", " matches ", " lists ", " wants a certificate ", " is for the sender's domain"}) {
    CAPTURE(kind);
    CHECK(kinds[kind] > 50);
  }
}

TEST_CASE("the walk tells of every connector what attribution makes of it") {
  int chosen = 0;
  int beaten = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    World world(seed);
    const Snapshot directory = world.directory();
    for (int i = 0; i < 40; ++i) {
      const World::Mail mail = world.random_mail();
      const AttributionFacts facts(mail.facts(), directory,
                                   directory.find_domain(mail.forward_path.domain));
      const Attribution originating = attribute_originating(facts, directory);
      const bool is_own = originating.connector != nullptr &&
                          originating.organization == facts.recipient.organization;
      const Attribution incoming =
          is_own || !facts.recipient ? Attribution{} : attribute_incoming(facts);
      const bool vouched = is_own || incoming.vouches();

      std::multiset<Guid> expected;
      for (const auto* one : {originating.connector, incoming.connector}) {
        if (one != nullptr) expected.insert(one->guid);
      }
      if (facts.recipient && !vouched && find_restriction(facts) != nullptr)
        expected.insert(find_restriction(facts)->guid);
      std::multiset<Guid> told;
      bool walked_off = false;
      for (const AttributionStep& step : walk_attribution(facts, directory)) {
        switch (step.result) {
          case AttributionStep::Result::chosen:
            told.insert(step.connector->guid);
            walked_off = walked_off || !step.why.empty();
            break;
          case AttributionStep::Result::matches:
            ++beaten;
            // Somebody is better, who is named as chosen.
            walked_off = walked_off || expected.empty();
            break;
          case AttributionStep::Result::no:
            walked_off = walked_off || step.why.empty();
            break;
        }
      }
      REQUIRE(told == expected);
      REQUIRE_FALSE(walked_off);
      chosen += static_cast<int>(told.size());
    }
  }
  CHECK(chosen > 500);
  CHECK(beaten > 100);
}

TEST_CASE("neither the order of connectors nor the case of addresses changes a verdict") {
  for (unsigned seed = 0; seed < 200; ++seed) {
    World world(seed);
    const Snapshot directory = world.directory();
    world.shuffle_connectors();
    const Snapshot shuffled = world.directory();
    for (int i = 0; i < 30; ++i) {
      World::Mail mail = world.random_mail();
      const Seen seen(decide_rcpt(mail.facts(), directory));
      REQUIRE(seen == Seen(decide_rcpt(mail.facts(), shuffled)));
      const auto in_upper_case = [](const mail::Mailbox& mailbox) {
        std::string text = mailbox.text;
        std::ranges::transform(text, text.begin(), [](char c) {
          return is_alpha(c) ? static_cast<char>(c & ~0x20) : c;
        });
        return text.empty() ? mailbox : mail::parse_mailbox(text).value();
      };
      mail.reverse_path = in_upper_case(mail.reverse_path);
      mail.forward_path = in_upper_case(mail.forward_path);
      REQUIRE(seen == Seen(decide_rcpt(mail.facts(), directory)));
    }
  }
}

TEST_CASE(
    "an enabled connector that lists the client exempts from the switch and from every "
    "restriction") {
  int exempted = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    World world(seed);
    for (int i = 0; i < 12; ++i) {
      InboundConnector& connector = world.connector(static_cast<std::size_t>(i));
      const InboundConnector before = connector;
      const World::Mail mail = world.random_mail();
      connector.type = ConnectorType::partner;
      connector.enabled = true;
      connector.sender_domains = {"*"};
      connector.associated_accepted_domains = {};
      connector.sender_ip_addresses = {IpPrefix(mail.client, mail.client.width())};
      const RcptVerdict verdict = decide_rcpt(mail.facts(), world.directory());
      if (verdict.organization && verdict.organization->id() == connector.organization) {
        const bool exempt = verdict.reply.enhanced != "5.7.68" &&
                            verdict.reply.enhanced != "5.7.51" && !verdict.direct_send;
        CHECK((exempt || verdict.reply.enhanced == "5.7.64"));
        ++exempted;
      }
      connector = before;
    }
  }
  CHECK(exempted > 100);
}

TEST_CASE("a refusal gets a tail, an acceptance does not") {
  const mail::Reply refused{550, "5.7.68", "TenantInboundAttribution; Direct Send not allowed"};
  CHECK(with_tail(refused, "mx.example.com", "2025-01-29T19:07:30.476Z", "08DD3FA5DBC8F401")
            .to_line() ==
        "550 5.7.68 TenantInboundAttribution; Direct Send not allowed "
        "[mx.example.com 2025-01-29T19:07:30.476Z 08DD3FA5DBC8F401]");
  const mail::Reply accepted{250, "2.1.5", "Recipient OK"};
  CHECK(with_tail(accepted, "mx.example.com", "2025-01-29T19:07:30.476Z", "08DD3FA5DBC8F401") ==
        accepted);
}
