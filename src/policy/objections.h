// Why a connector that an index has found is not the client's after all.
//
// The words say nothing that the client chose, only what the connector is: so a flood of mail
// leaves few different texts in the trace, and none that a stranger wrote.
#pragma once

#include <bit>
#include <string>

#include "policy/attribution_rules.h"

namespace postern::policy {

enum class Objection : unsigned {
  not_enabled = 1u << 0,
  /// A Partner connector, and the mail is for a domain that nobody here accepts.
  no_relay = 1u << 1,
  sender_domain = 1u << 2,  ///< not among its SenderDomains
  /// AssociatedAcceptedDomains of a Partner connector are about the recipient, those of an
  /// OnPremises connector about the sender.
  recipient_domain = 1u << 3,
  own_domain = 1u << 4,
  foreign_sender = 1u << 5,  ///< known by address only, and MAIL FROM is not the organization's
  /// The organization accepts neither the certificate's domain nor that of sender or recipient.
  not_backed = 1u << 6,
};

class Objections {
 public:
  void add(Objection one, bool holds) {
    if (holds) bits_ |= static_cast<unsigned>(one);
  }
  bool has(Objection one) const { return (bits_ & static_cast<unsigned>(one)) != 0; }
  bool empty() const { return bits_ == 0; }
  int count() const { return std::popcount(bits_); }

 private:
  unsigned bits_ = 0;
};

enum class FoundBy { certificate, address };

/// Empty: the connector matches. For a connector that has the client's address, or whose
/// certificate name is the client's.
Objections objections_of(const directory::InboundConnector& connector, FoundBy found_by,
                         const AttributionFacts& facts, const directory::Snapshot& directory);

/// `it is not enabled and its SenderDomains do not cover the sender's domain`; nothing for none.
std::string to_words(const Objections& objections, const directory::InboundConnector& connector,
                     const AttributionFacts& facts);

/// Why the connector does not know the client: `the client's address is not among its
/// SenderIPAddresses and the client showed no trusted certificate`.
std::string why_unknown(const directory::InboundConnector& connector,
                        const AttributionFacts& facts);

}  // namespace postern::policy
