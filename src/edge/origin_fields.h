// The fields that say where a message comes from and what that means: X-Postern-*, and on request
// the names that Exchange gives the same things. docs/header-fields.md has the table.
#pragma once

#include <string>
#include <string_view>

#include "policy/decision.h"
#include "policy/enhanced_filtering.h"
#include "policy/header_trust.h"
#include "policy/impersonation.h"

namespace postern::edge {

struct OriginFacts {
  std::string_view server_name;
  std::string_view transaction_id;
  const policy::RcptVerdict* verdict = nullptr;
  const policy::Promotion* promotion = nullptr;
  const policy::Filtering* filtering = nullptr;          ///< null: no Enhanced Filtering
  const policy::Impersonation* impersonation = nullptr;  ///< null: not looked for
  bool exchange_names = false;                           ///< StampExchangeHeaders
};

/// Whole header fields. Promoted fields are among them only with `exchange_names`: they have no
/// other name.
std::string origin_fields(const OriginFacts& facts);

}  // namespace postern::edge
