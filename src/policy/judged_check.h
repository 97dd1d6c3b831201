// For tests: is a decision the same when it is made again from what the trace would keep?
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "policy/judge_again.h"

namespace postern::policy {

inline std::string name_of(const std::shared_ptr<const directory::Organization>& organization) {
  return organization ? organization->name() : "";
}
inline std::string name_of(const std::shared_ptr<const directory::InboundConnector>& connector) {
  return connector ? connector->name.str() : "";
}

inline void check_same(const RcptVerdict& a, const RcptVerdict& b) {
  CHECK(a.decision == b.decision);
  CHECK(a.reply.to_line() == b.reply.to_line());
  CHECK(name_of(a.organization) == name_of(b.organization));
  CHECK(name_of(a.connector) == name_of(b.connector));
  CHECK(a.matched_by == b.matched_by);
  CHECK(a.direction == b.direction);
  CHECK(a.direct_send == b.direct_send);
  CHECK(a.to_be_proven == b.to_be_proven);
  CHECK(a.stage.by == b.stage.by);
  CHECK(a.stage.words == b.stage.words);
  CHECK(a.own_sender == b.own_sender);
  CHECK(a.recipient == b.recipient);
  CHECK(a.detail == b.detail);
  CHECK(a.wildcard == b.wildcard);
  CHECK(a.relay == b.relay);
  CHECK(a.next_hop == b.next_hop);
  CHECK(a.reasons == b.reasons);
}

/// What the trace would keep of a recipient, and has after it was written and read.
inline JudgedRecipient through_the_trace(const RcptFacts& facts,
                                         const directory::Snapshot& directory,
                                         const RcptVerdict& verdict, const Signals& signals = {}) {
  RcptBasis basis = find_basis(facts, directory, verdict);
  basis.facts.signals = signals;
  const auto settings = read_settings(to_archive(basis.settings));
  const auto its_facts = read_facts(to_archive(basis.facts));
  REQUIRE(settings);
  REQUIRE(its_facts);
  return {.client = facts.client,
          .hello = std::string(facts.hello),
          .tls = facts.tls,
          .time = facts.time,
          .reverse_path = *facts.reverse_path,
          .forward_path = *facts.forward_path,
          .facts = *its_facts,
          .settings = *settings};
}

inline void check_decided_again(const RcptFacts& facts, const directory::Snapshot& directory,
                                const RcptVerdict& verdict) {
  const JudgedRecipient kept = through_the_trace(facts, directory, verdict);
  const JudgedAgain again = judge_again({&kept, 1}, {});
  check_same(verdict, again.recipients.front().rcpt);
}

}  // namespace postern::policy
