// ARC validation (RFC 8617 section 5.2): are the authentication results that earlier hops wrote
// down still the ones they wrote, and is the message the one they saw?
//
// A chain that passes says nothing about whether its sealers tell the truth. So it counts only as
// far as every hop from the newest down is one that the organization trusts; `trusted_results`
// finds how far that is. Nothing else in Postern looks at the results of others.
//
// Used as DkimVerifier is, and with the same BodyHashes beside it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "auth/arc_set.h"
#include "auth/body_hashes.h"
#include "auth/dkim_key_cache.h"
#include "auth/dkim_result.h"
#include "base/time.h"
#include "dns/answer.h"
#include "mail/header_fields.h"

namespace postern::auth {

/// One hop of a chain.
struct ArcHop {
  int instance = 0;
  std::string seal_domain;       ///< d= of ARC-Seal
  std::string seal_selector;     ///< s= of ARC-Seal
  std::string signature_domain;  ///< d= of ARC-Message-Signature; empty: it could not be read
  /// What the hop's ARC-Authentication-Results says behind `i=1;`, folds and all.
  std::string results;
};

struct ArcResult {
  /// none: the message has no ARC fields.
  ArcStatus status = ArcStatus::none;
  ArcProblem problem = ArcProblem::none;
  /// The set the problem is in; 0: none in particular.
  int instance = 0;
  /// For message_signature and seal: the step of DKIM that failed.
  DkimProblem step = DkimProblem::none;
  std::string detail;

  /// Oldest first; empty if the structure is broken. With fail they are what is claimed.
  std::vector<ArcHop> hops;
  /// The highest instance there is, broken or not.
  int highest_instance = 0;
  /// RFC 8617 section 5.2, step 5: the lowest instance from which on all ARC-Message-Signatures
  /// still verify; 0: all do. Who is below saw another message. Known if the chain passes.
  int oldest_pass = 0;
};

class ArcValidator {
 public:
  /// As for DkimVerifier: `message`, `section` and `body` outlive the validator.
  ArcValidator(std::string_view message, const mail::HeaderSection& section, BodyHashes& body);

  bool has_chain() const { return !chain_.is_absent(); }

  /// What `evaluate` will ask with no answers yet.
  std::vector<dns::Question> questions(DkimKeyCache& keys, Time now) const;

  /// `body` must be finished. RFC 8617 section 5.2.1: a key that the DNS does not give fails the
  /// chain for good, there is no temperror.
  dns::Asking<ArcResult> evaluate(const dns::AnswerSet& answers, DkimKeyCache& keys,
                                  Time now) const;

  /// The octets that the seal of `instance` is made over (section 5.1.1); empty if there is none.
  std::string sealed_octets(int instance) const;

 private:
  struct Keys {
    DkimKeyLookup seal;
    DkimKeyLookup signature;
  };

  std::vector<Keys> look_up(const dns::AnswerSet& answers, DkimKeyCache& keys, Time now,
                            std::vector<dns::Question>& questions) const;
  // `index` counts sets from 0.
  std::optional<DkimFault> verify_signature(std::size_t index, const DkimKeyLookup& lookup) const;
  std::optional<DkimFault> verify_seal(std::size_t index, const DkimKeyLookup& lookup) const;

  std::string_view message_;
  const mail::HeaderSection* section_;
  const BodyHashes* body_;
  ArcChain chain_;
  /// For each set the index in BodyHashes; nothing: its message signature is not verified.
  std::vector<std::optional<std::size_t>> body_hashes_;
};

/// Appends what the seal of the last of `sets` is made over (RFC 8617 section 5.1.1): the fields of
/// all of them in order, the seal itself with nothing in b=.
void append_sealed_fields(std::string& out, std::string_view message,
                          std::span<const mail::HeaderField> fields, std::span<const ArcSet> sets);

/// The oldest hop whose results can be believed: the chain passes, and this hop and all newer ones
/// were sealed *and* signed by a domain of `trusted` (A-labels, lower case), which is what Exchange
/// Online asks of ArcTrustedSealers. Null: none can.
const ArcHop* trusted_results(const ArcResult& result, std::span<const std::string> trusted);

}  // namespace postern::auth
