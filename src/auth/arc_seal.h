// ARC sealing (RFC 8617 section 5.1): writes down what we found about a message before we pass it
// on changed, so that the next hop can know what was true when it reached us.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/arc_validate.h"
#include "auth/body_hashes.h"
#include "auth/private_key.h"
#include "base/time.h"
#include "mail/header_fields.h"

namespace postern::auth {

struct ArcSealing {
  std::string domain;    ///< d= of both signatures, as A-label
  std::string selector;  ///< s= of both
  /// Of the message signature. Seals are always relaxed.
  Canonicalization header = Canonicalization::relaxed;
  Canonicalization body = Canonicalization::relaxed;
  /// What the message signature covers. Never ARC-Seal, and better not what relays add.
  std::vector<std::string> header_names = {"From",
                                           "Sender",
                                           "Reply-To",
                                           "Subject",
                                           "Date",
                                           "Message-ID",
                                           "To",
                                           "Cc",
                                           "References",
                                           "In-Reply-To",
                                           "MIME-Version",
                                           "Content-Type",
                                           "Content-Transfer-Encoding",
                                           "DKIM-Signature"};
  std::optional<Time> sealed_at;  ///< t=
};

/// The three fields, to be put on top of the message: ARC-Seal, ARC-Message-Signature,
/// ARC-Authentication-Results. Nothing if the chain must not go on: it has 50 sets, or an earlier
/// hop already sealed it as failed.
///
/// `message` begins with the header section that `section` describes, as it is passed on;
/// `body_hash` is the hash of its body in the canonicalization of `sealing`. `chain` is what the
/// message was found to be when it came in. `results` goes behind `i=N; `: authserv-id and
/// results (RFC 8601 section 2.2), folded already or short, without CRLF at its end.
std::optional<std::string> seal_arc(std::string_view message, const mail::HeaderSection& section,
                                    const Digest& body_hash, const ArcResult& chain,
                                    std::string_view results, const PrivateKey& key,
                                    const ArcSealing& sealing);

}  // namespace postern::auth
