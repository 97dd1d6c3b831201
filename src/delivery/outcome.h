// What became of a message, recipient by recipient, and what the client is told about all of
// them with the one reply it gets.
//
//   all delivered (or kept in quarantine)      250
//   some deferred                              451: the client comes again, and the ledger keeps
//                                              those who have it already from getting it twice
//   some refused, none deferred, some safe     250, after a DSN or a quarantine copy took care
//                                              of the refused ones
//   all refused                                the hop's own 5xx
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mail/reply.h"

namespace postern::delivery {

enum class Fate {
  delivered,
  deferred,
  refused,  ///< for good; where the client got 250, a DSN has told the sender
  quarantined
};

struct RecipientOutcome {
  std::string forward_path;
  Fate fate = Fate::deferred;
  mail::Reply reply;     ///< the hop's own words, or ours where we spoke for it
  std::string next_hop;  ///< who said so: `lmtp:127.0.0.1:24`
  /// Of the server behind `next_hop`; empty for a Maildir, a Unix socket, or where none was
  /// reached.
  std::string hop_address;
  std::string original_recipient = {};  ///< ORCPT of RFC 3461, as sent
};

struct Outcome {
  mail::Reply reply;                         ///< for the client
  std::vector<RecipientOutcome> recipients;  ///< in the order of add_recipient
};

/// 2xx delivered, 5xx refused; anything else is not safe and has to come again.
Fate fate_of(const mail::Reply& reply);

enum class Conclusion { safe, try_again, refused, refused_in_part };
Conclusion conclude(std::span<const RecipientOutcome> recipients);

/// `250 2.0.0 Ok: safe, id …`. Where it is safe is for the log and the trace: what stands behind
/// the edge is nobody's business outside.
mail::Reply safe_reply(std::string_view id);
/// The hop's own 4xx if it is the only voice, else `451 4.3.0` with who is still waiting.
mail::Reply try_again_reply(std::span<const RecipientOutcome> recipients);
/// The hop's own 5xx; where recipients differ, the first one's code and a line for each.
mail::Reply refusal_reply(std::span<const RecipientOutcome> recipients);

}  // namespace postern::delivery
