// One message out of an Exchange Online mailbox (.eml), by the header fields that Exchange stamped:
//
//   X-Forefront-Antispam-Report: CIP:198.51.100.7;CTRY:;…;H:printer;PTR:mail.vendor.test;…DIR:INB;…
//   Authentication-Results: spf=fail (sender IP is 198.51.100.7) smtp.mailfrom=contoso.com; …
//   X-MS-Exchange-Organization-IsAnonymousDirectSend: True
//
// The uppermost field of a name is taken: what a sender put in stands below Exchange's own.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "assess/observation.h"

namespace postern::assess {

/// `message`: the whole or its beginning. Nothing: Exchange has stamped none of its fields.
std::optional<Observation> read_exchange_message(std::string_view message);

}  // namespace postern::assess
