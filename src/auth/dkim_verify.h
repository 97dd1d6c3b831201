// DKIM verification (RFC 6376 section 6, RFC 8301, RFC 8463): who takes responsibility for this
// message, and is it the message that they signed?
//
// A verifier is made when the header section is there, tells at once which keys it needs, and
// judges when the body has passed and the answers are there:
//
//   const mail::HeaderSection section = mail::parse_header_section(text);
//   BodyHashes body;
//   DkimVerifier dkim(text, section, body);
//   ask(dkim.questions(keys, now));                  // while the body is still arriving
//   body.update(piece);  …  body.finish();
//   auto results = dkim.evaluate(answers, keys, now);  // a value, or more questions
//
// It neither waits nor looks at a clock. `evaluate` may be called again with more answers; it
// verifies nothing before all keys are there, so starting over costs next to nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/body_hashes.h"
#include "auth/dkim_key_cache.h"
#include "auth/dkim_result.h"
#include "auth/dkim_signature.h"
#include "base/time.h"
#include "dns/answer.h"
#include "mail/header_fields.h"

namespace postern::auth {

struct DkimOptions {
  /// Signatures beyond this are not looked at (RFC 6376 section 6.1 lets us limit them). Each may
  /// cost a DNS question, a body hash and max_key_records public key operations.
  std::size_t max_signatures = 10;
  FieldCharset charset = FieldCharset::utf8;
};

class DkimVerifier {
 public:
  /// `message` begins with the header section that `section` describes; of the body nothing is
  /// needed. Both, and `body`, must outlive the verifier. `body` learns which hashes are needed.
  DkimVerifier(std::string_view message, const mail::HeaderSection& section, BodyHashes& body,
               const DkimOptions& options = {});

  /// Of DKIM-Signature fields, well-formed or not.
  bool has_signatures() const { return !signatures_.empty(); }

  /// What `evaluate` will ask with no answers yet. Keys that `keys` holds are not asked for.
  std::vector<dns::Question> questions(DkimKeyCache& keys, Time now) const;

  /// One result for each DKIM-Signature field from the top, beyond max_signatures one for all
  /// the rest; none for a message without signatures. `body` must be finished.
  dns::Asking<std::vector<DkimResult>> evaluate(const dns::AnswerSet& answers, DkimKeyCache& keys,
                                                Time now) const;

  /// The octets whose hash result `index` signs (RFC 6376 section 3.7), for showing why a
  /// signature fails. Empty if the signature could not be read.
  std::string signed_octets(std::size_t index) const;

 private:
  struct Candidate {
    ParsedSignature parsed;
    std::size_t field = 0;
    std::size_t body_hash = 0;  ///< index in BodyHashes
    std::string key_name;       ///< empty: the signature is not to be verified
  };

  /// For each signature its keys, nothing where none are needed. What is missing is added to
  /// `questions`.
  std::vector<DkimKeyLookup> look_up(const dns::AnswerSet& answers, DkimKeyCache& keys, Time now,
                                     std::vector<dns::Question>& questions) const;
  void verify(const Candidate& candidate, DkimKeySet& keys, DkimResult& result) const;

  std::string_view message_;
  const mail::HeaderSection* section_;
  const BodyHashes* body_;
  std::vector<Candidate> signatures_;
};

}  // namespace postern::auth
