// What a milter session asks of the rest of the edge: the same as an SMTP session does
// (smtp/receiver.h), and how the message is to be changed, which the MTA does itself.
#pragma once

#include "delivery/edited.h"
#include "smtp/receiver.h"

namespace postern::milter {

class Receiver : public smtp::Receiver {
 public:
  /// The MTA has a client; what was known of an earlier one is over. `facts` outlive the client's
  /// transactions.
  virtual void connected(const smtp::SessionFacts& facts) = 0;

  /// After Transaction::finish has said 2xx, and before that transaction ends: how the message
  /// shall differ from what was written.
  virtual const delivery::Edit& edit() const = 0;
};

}  // namespace postern::milter
