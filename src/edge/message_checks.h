// Reads a message while it streams by and gathers what it says of itself: the header section,
// the body hashes that its signatures ask for, and then the evidence of DKIM and ARC.
//
//   checks.write(piece);  …              // the DNS is asked as soon as the header section is there
//   checks.finish_content();
//   const MessageEvidence* evidence = co_await Pending<MessageEvidence>::wait(checks.begin(now()));
//
// Memory does not grow with the body.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "auth/arc_validate.h"
#include "auth/dkim_key_cache.h"
#include "auth/dkim_result.h"
#include "base/time.h"
#include "edge/asker.h"
#include "mail/address_list.h"
#include "mail/header_fields.h"

namespace postern::edge {

struct MessageEvidence {
  /// One for each signature from the top; empty: none.
  std::vector<auth::DkimResult> dkim;
  /// Stamped and traced; it counts for nobody who did not say whose seals they trust.
  auth::ArcResult arc;
};

class MessageChecks {
 public:
  /// Both belong to the thread and outlive everything that begins here.
  MessageChecks(Asker& asker, auth::DkimKeyCache& keys);
  ~MessageChecks();

  /// The content as it arrives, cut anywhere.
  void write(std::string_view piece);
  /// The content is complete. A message may end within its header section.
  void finish_content();

  // What follows is known after finish_content; after a refused content it is what there is.

  const mail::HeaderSection& section();
  /// Who the From fields say wrote it.
  const mail::AuthorField& authors();

  /// Verifies. The section must be readable (HeaderTrouble::none).
  std::shared_ptr<Pending<MessageEvidence>> begin(Time now);

 private:
  struct Message;

  void read_header();

  Asker& asker_;
  auth::DkimKeyCache& keys_;
  /// Shared with the questions that are under way, which may outlive the transaction.
  std::shared_ptr<Message> message_;
};

}  // namespace postern::edge
