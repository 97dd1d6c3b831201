// The ARC Sets of a message (RFC 8617 section 4): for each hop that sealed it one
// ARC-Authentication-Results, one ARC-Message-Signature and one ARC-Seal with the same instance
// number i=.
//
// A chain whose sets are not complete and numbered 1 to N is broken whatever its signatures say;
// that, and everything else that can be seen without keys, is found here.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim_signature.h"
#include "mail/header_fields.h"

namespace postern::auth {

/// RFC 8617 section 4.2.1.
inline constexpr int max_arc_sets = 50;

/// RFC 8617 section 4.4: what a validator found, and what a sealer says it found (cv=).
enum class ArcStatus { none, pass, fail };
std::string_view to_string(ArcStatus status);

/// Why a chain fails, in the order of RFC 8617 section 5.2.
enum class ArcProblem {
  none,
  header_unreadable,  ///< the header section is beyond the limits of mail/header_fields.h
  instance,           ///< a field without an i= from 1 to 50
  too_many_fields,    ///< two fields of one kind with the same i=, or more than 50 sets
  incomplete,         ///< a set that lacks a field, or a number that is missing
  seal_syntax,        ///< tags of an ARC-Seal
  sealed_as_failed,   ///< the newest sealer said cv=fail
  chain_status,       ///< cv= is not none in the first set and pass in all others
  message_signature,  ///< the newest ARC-Message-Signature does not verify
  seal                ///< an ARC-Seal does not verify
};
/// A phrase for reason= and logs, such as `ARC-Seal did not verify`; empty for none.
std::string_view to_sentence(ArcProblem problem);

struct ArcFault {
  ArcProblem problem = ArcProblem::none;
  /// The set it is about; 0: none in particular.
  int instance = 0;
  std::string detail;
};

struct ArcSet {
  int instance = 0;
  // Places among the header section's fields.
  std::size_t results_field = 0;
  std::size_t signature_field = 0;
  std::size_t seal_field = 0;
  /// What ARC-Authentication-Results says behind `i=1;`, folds and all; a view on the field.
  std::string_view results;
  ParsedSignature signature;  ///< ARC-Message-Signature. A fault matters in the newest set only.
  ParsedSignature seal;       ///< ARC-Seal
  ArcStatus chain_status = ArcStatus::none;  ///< cv= of the seal
};

struct ArcChain {
  /// Oldest first, numbered from 1. Empty with a fault of the structure, and without ARC.
  std::vector<ArcSet> sets;
  /// The highest i= of any field, also of a broken chain: who seals next needs it.
  int highest_instance = 0;
  std::optional<ArcFault> fault;

  bool is_absent() const { return sets.empty() && !fault; }
};

/// RFC 8617 section 5.2, steps 1 to 3.
ArcChain parse_arc_chain(const mail::HeaderSection& section);

}  // namespace postern::auth
