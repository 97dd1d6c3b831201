// Attribution told step by step: which index was asked, which connectors it had, and for each
// whether it matches or what it wants.
//
// It asks the same indexes in the same order, with the same conditions, and takes the winner from
// attribution itself: what is told here can say too little, never something else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/attribution.h"

namespace postern::policy {

enum class AttributionRule {
  on_premises_certificate,
  on_premises_address,
  partner_certificate,
  partner_address,
  partner_sender_domain,
  restriction
};
/// `OnPremises by certificate`, …
std::string_view to_string(AttributionRule rule);

struct AttributionStep {
  AttributionRule rule{};
  /// Under which the connector stands in the index, `*.vendor.test` or `198.51.100.0/24`; without
  /// a connector what was asked for.
  std::string key;
  /// Null: the index has none, or was not asked.
  const directory::InboundConnector* connector = nullptr;
  enum class Result { chosen, matches, no } result = Result::no;
  /// Why not, or why another one was chosen; or why the index has none.
  std::string why;
};

/// Steps beyond are left out.
inline constexpr std::size_t max_attribution_steps = 1'000;

/// Valid as long as the Snapshot.
std::vector<AttributionStep> walk_attribution(const AttributionFacts& facts,
                                              const directory::Snapshot& directory);

}  // namespace postern::policy
