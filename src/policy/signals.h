// What an organization knows beyond the message itself: its own past mail, what its administrator
// has said about a sender, and the messages it has sent.
//
// They are inputs, like everything a decision is made of: whoever calls looks them up and says what
// was found at that moment, so that the same message can be judged again later. A member that
// nobody has filled says "nothing is known", and no rule then applies by it. Nothing here is
// guessed: posternd fills what it keeps, and docs/composite-authentication.md says what that is.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace postern::policy {

/// What was counted of earlier mail that had this author domain and came from the same source.
/// Counts may decay; what is counted is mail that was delivered to recipients of the organization.
struct TrafficHistory {
  std::uint32_t messages = 0;
  /// Different days on which it came.
  std::uint32_t days = 0;
  /// Messages of them that somebody disputed: reported, blocked or rejected.
  std::uint32_t disputed = 0;
};

/// By what the source was the same, from the surest on.
struct TrafficHistories {
  std::optional<TrafficHistory> dkim_domain;   ///< 701: a verified d=
  std::optional<TrafficHistory> reverse_name;  ///< 702: organizational domain of the reverse name
  std::optional<TrafficHistory> subnet;        ///< 703: /24, IPv6 /48
  std::optional<TrafficHistory> author;        ///< 704: author address and subnet
};

/// Tenant Allow/Block List, spoofed senders: this author from this source.
enum class SpoofPair { unlisted, allowed, blocked };

/// For a message with a null reverse-path: is it a report about mail that the organization sent?
enum class BouncedMail {
  unknown,        ///< or nothing of that kind
  known_contact,  ///< 501: to somebody who has written to that correspondent before
  sent_by_us      ///< 502: about a message that the organization sent
};

struct Signals {
  TrafficHistories history;
  SpoofPair pair = SpoofPair::unlisted;
  BouncedMail bounced = BouncedMail::unknown;
};

}  // namespace postern::policy
