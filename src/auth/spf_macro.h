// The macros of SPF (RFC 7208 section 7): text such as `%{ir}.%{v}._spf.%{d2}` with values of the
// message put in.
//
// Syntax is checked once, when a record is parsed; expanding then cannot fail.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "base/time.h"

namespace postern::auth {

/// Section 7.2: c, r and t are allowed in explanations only, blanks too.
enum class MacroUse { domain_spec, explanation };

/// Nothing if `text` is a macro-string, else what is wrong with it, as a sentence without a full
/// stop.
std::optional<std::string> find_macro_fault(std::string_view text, MacroUse use);

/// Nothing if `text` is a domain-spec (section 7.1): a macro-string whose end is a macro or a
/// dot and a top label.
std::optional<std::string> find_domain_spec_fault(std::string_view text);

struct MacroValues {
  std::string_view local_part;     ///< l, and s before the @
  std::string_view sender_domain;  ///< o, and s behind the @
  std::string_view domain;         ///< d: whose record it is
  IpAddress client;                ///< i, c, v
  std::string_view validated;      ///< p; needed only where uses_validated_name
  std::string_view helo;           ///< h
  std::string_view receiver;       ///< r
  Time now;                        ///< t
};

/// Is there a %{p}, whose value costs questions to the DNS?
bool uses_validated_name(std::string_view text);

/// `text` must have passed one of the checks above.
std::string expand_macros(std::string_view text, const MacroValues& values);

}  // namespace postern::auth
