// What becomes of the copies of a message whose recipients' policies differ: it was judged once,
// and each recipient has a treatment of his own.
//
//   deliver      as it is
//   junk         with the fields on top by which mailboxes and programs file it as junk, and if
//                the recipient has a junk_detail, in that folder
//   quarantine   kept in the quarantine folder before the client hears 250; no hop sees it
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern::delivery {

struct Recipient;

/// Whom an LMTP hop is told for a junk copy: `ann+Junk@contoso.com` in place of `ann@…` and
/// `ann+news@…`. Addresses with a quoted local part or no room stay as they are.
std::string junk_address(const Recipient& recipient);

enum class Treatment : std::uint8_t { deliver, junk, quarantine };

/// On top of a junk copy. Copies of both that a client sends are removed from every message.
inline constexpr std::string_view junk_fields =
    "X-Postern-Disposition: junk\r\nX-Spam-Flag: YES\r\n";

struct Treatments {
  /// In the order of add_recipient; empty: deliver to all.
  std::vector<Treatment> recipients;
  /// For the description of what is kept: `DmarcQuarantineAction: Quarantine, …`.
  std::string reason;

  Treatment of(std::size_t recipient) const {
    return recipient < recipients.size() ? recipients[recipient] : Treatment::deliver;
  }
};

}  // namespace postern::delivery
