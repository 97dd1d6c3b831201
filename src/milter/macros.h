// What the MTA tells beside the commands of its client: TLS, the client's certificate, whether
// the client has logged in, the queue id.
//
// Macros come before the step they belong to and hold for it and for later ones. Those of a step
// that comes again take the place of the old ones, and end what later steps had: a certificate
// of one connection is never seen in another.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "milter/packets.h"
#include "net/stream.h"

namespace postern::milter {

/// Of a value no more is kept.
inline constexpr std::size_t max_macro_value = 512;

class MacroTable {
 public:
  void set(const Macros& macros);
  void clear();

  /// As the last step that told it has it, without braces: `cert_subject`. Empty: not told.
  std::string_view get(std::string_view name) const;

 private:
  // Connect, HELO, MAIL, RCPT, and all from DATA on.
  static constexpr std::size_t steps = 5;
  static constexpr std::array<std::string_view, 8> names{"i",           "auth_type", "tls_version",
                                                         "cipher",      "verify",    "cert_subject",
                                                         "cert_issuer", "cn_subject"};

  std::array<std::array<std::string, names.size()>, steps> values_;
};

/// Nothing: plain text.
///
/// The certificate has one name, the CN of its subject: no MTA hands on the names in SAN. Postfix
/// tells {cert_subject}, which is the CN, only of a certificate with a full chain to an anchor it
/// trusts. Sendmail tells of any certificate and says in {verify} whether it is OK; its
/// {cert_subject} is the whole subject, and the CN stands in {cn_subject}.
std::optional<net::TlsFacts> tls_facts(const MacroTable& macros);

}  // namespace postern::milter
