// Reads a message while it streams by and gathers what it says of itself: the header section,
// the body hashes that its signatures ask for, and then the evidence of DKIM, ARC and DMARC.
//
//   checks.write(piece);  …              // the DNS is asked as soon as the header section is there
//   checks.finish_content();
//   const MessageEvidence* evidence = co_await Pending<MessageEvidence>::wait(checks.begin(spf,
//   now()));
//
// Memory does not grow with the body.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "auth/arc_validate.h"
#include "auth/author_hosts.h"
#include "auth/dkim_key_cache.h"
#include "auth/dkim_result.h"
#include "auth/dmarc.h"
#include "base/time.h"
#include "edge/asker.h"
#include "edge/sender_checks.h"
#include "mail/address_list.h"
#include "mail/author_domains.h"
#include "mail/header_fields.h"

namespace postern::edge {

struct MessageEvidence {
  /// One for each signature from the top; empty: none.
  std::vector<auth::DkimResult> dkim;
  /// Stamped and traced; it counts for nobody who did not say whose seals they trust.
  auth::ArcResult arc;
  auth::DmarcEvaluation dmarc;
  /// Of the author domain, if there is one and DMARC does not pass for it; else nothing was asked.
  std::optional<auth::AuthorHosts> hosts;
};

class MessageChecks {
 public:
  /// The first two belong to the thread and outlive everything that begins here. `suffixes` may be
  /// null.
  MessageChecks(Asker& asker, auth::DkimKeyCache& keys,
                std::shared_ptr<const auth::PublicSuffixList> suffixes);
  ~MessageChecks();

  /// The content as it arrives, cut anywhere.
  void write(std::string_view piece);
  /// Is the header section complete, so that `section` has all of it?
  bool has_header() const;
  /// The content is complete. A message may end within its header section.
  void finish_content();

  // What follows is known after finish_content; after a refused content it is what there is.

  const mail::HeaderSection& section();
  /// Who the From fields say wrote it.
  const mail::AuthorField& authors();
  const mail::AuthorDomains& author_domains();

  /// Verifies. The section must be readable (HeaderTrouble::none).
  std::shared_ptr<Pending<MessageEvidence>> begin(const SpfOutcome& spf, Time now,
                                                  std::shared_ptr<dns::Asked> asked);

 private:
  struct Message;

  void read_header();
  /// While the body is still arriving: what `begin` will need is then in the cache.
  void ask_ahead();

  Asker& asker_;
  auth::DkimKeyCache& keys_;
  const std::shared_ptr<const auth::PublicSuffixList> suffixes_;
  /// Shared with the questions that are under way, which may outlive the transaction.
  std::shared_ptr<Message> message_;
};

}  // namespace postern::edge
