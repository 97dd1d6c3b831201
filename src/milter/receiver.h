// What a milter session asks of the rest of the edge: the same as an SMTP session does
// (smtp/receiver.h), and how the message is to be changed, which the MTA does itself.
#pragma once

#include <string_view>

#include "delivery/edited.h"
#include "smtp/receiver.h"

namespace postern::milter {

class Receiver : public smtp::Receiver {
 public:
  /// The MTA has a client; what was known of an earlier one is over. `facts` outlive the client's
  /// transactions. `can_hold`: the MTA keeps messages for its administrator if it is asked to.
  virtual void connected(const smtp::SessionFacts& facts, bool can_hold) = 0;

  /// After Transaction::finish has said 2xx, and before that transaction ends: how the message
  /// shall differ from what was written.
  virtual const delivery::Edit& edit() const = 0;
  /// Then also: why the MTA shall hold the message instead of delivering it, in one line. Empty: it
  /// shall not; always so where it cannot.
  virtual std::string_view hold_reason() const = 0;
};

}  // namespace postern::milter
