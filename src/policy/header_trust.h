// Whose word about a message counts: header fields by which servers tell each other what they have
// found out.
//
// Exchange writes such fields under X-MS-Exchange-Organization-, and whoever reads them believes
// them: `AuthAs: Internal` spares a message its spam filter. Postern writes X-Postern-. So a
// stranger's copies go before the message does (Exchange calls that its header firewall), and it
// makes no difference who the stranger is: nobody may send these names, partners and own servers
// included.
//
// Own servers have other names for what they want to say: X-MS-Exchange-CrossPremises-. If the
// message is attributed to an OnPremises connector with CloudServicesMailEnabled, these are
// promoted: `X-MS-Exchange-CrossPremises-AuthAs: Internal` makes the message internal. From
// everybody else they go, too.
//
// Pure. docs/header-fields.md has the table of names.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "mail/header_fields.h"
#include "policy/decision.h"

namespace postern::policy {

/// May only the edge write it? True also for lines that are no fields, but look so much like such a
/// one that a careless reader may take them for it.
bool is_protected(const mail::HeaderField& field);

/// As whose mail a message counts behind the edge.
enum class AuthAs { anonymous, internal };
std::string_view to_string(AuthAs auth_as);

enum class HeaderTrust {
  none,            ///< a stranger's, a partner's, or own servers that were promised nothing
  cross_premises,  ///< own servers with CloudServicesMailEnabled
  internal,        ///< own servers with TreatMessagesAsInternal, and an own reverse-path
};

/// What the connector of an accepted recipient says. Only an OnPremises connector counts that knows
/// the client by certificate or address.
HeaderTrust find_header_trust(const RcptVerdict& verdict);

/// Fields that are promoted at most; of what comes behind, nothing. Exchange writes about 20.
inline constexpr std::size_t max_promoted_fields = 100;

struct Promotion {
  AuthAs auth_as = AuthAs::anonymous;
  /// The own server that says so; empty: the edge itself.
  std::string auth_source;
  struct Field {
    std::string name;       ///< X-MS-Exchange-Organization-…
    std::string_view body;  ///< as it was sent, with its folds: a view on the section's message
  };
  /// Without those that the edge always writes itself (AuthAs, MessageDirectionality, …). Of
  /// several with one name, the topmost.
  std::vector<Field> fields;
  /// There are X-MS-Exchange-CrossPremises fields, and they were believed, or not.
  bool promoted = false;
  bool filtered = false;
};

/// AuthAs is Internal if that is what all fields of this name say; a word that is not known, and
/// two that differ, mean Anonymous.
Promotion promote(const mail::HeaderSection& section, HeaderTrust trust);

}  // namespace postern::policy
