#include "smtp/parameters.h"

#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/ascii.h"
#include "base/cursor.h"
#include "mail/utf8.h"

namespace postern::smtp {
namespace {

using mail::Reply;

/// Nothing: fine.
using Refusal = std::optional<Reply>;

struct Parameter {
  std::string_view keyword;
  /// Nothing: there was no `=`.
  std::optional<std::string_view> value;
};

Reply invalid(std::string text) {
  return Reply{501, "5.5.4", std::move(text)};
}

// RFC 5321 section 4.1.1.11: 555 for parameters that are not recognized or not implemented.
Reply not_recognized(std::string_view keyword) {
  return Reply{555, "5.5.4", "The parameter " + std::string(keyword) + " is not known here"};
}

// esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
// esmtp-value   = 1*(%d33-60 / %d62-126), with the UTF-8 of RFC 6531 section 3.3
bool is_keyword_octet(char c) {
  return is_alnum(c) || c == '-';
}
bool is_value_octet(char c) {
  return !is_ascii(c) || (c > ' ' && c != '=' && c != '\x7f');
}

// Mail-parameters = esmtp-param *(SP esmtp-param)
// Nothing: malformed.
std::optional<Parameter> take_parameter(Cursor& in) {
  Parameter parameter{.keyword = in.take_while(is_keyword_octet), .value = std::nullopt};
  if (parameter.keyword.empty() || parameter.keyword.front() == '-') return std::nullopt;
  if (in.take('=')) {
    parameter.value = in.take_while(is_value_octet);
    if (parameter.value->empty()) return std::nullopt;
  }
  return parameter;
}

/// Calls `take(parameter)` for each; the first refusal ends it. No keyword may come twice.
template <class Take>
Refusal for_each_parameter(std::string_view text, Take take) {
  if (!mail::is_utf8(text)) return invalid("The parameters are not UTF-8");
  // No command line holds more than a handful that we know; an unknown one ends the loop.
  std::vector<std::string_view> seen;
  Cursor in(text);
  while (!in.at_end()) {
    if (in.take_while(is_wsp).empty()) return invalid("A blank must stand before each parameter");
    if (in.at_end()) break;
    const auto parameter = take_parameter(in);
    if (!parameter) return invalid("A parameter must have the form KEYWORD or KEYWORD=value");
    for (const std::string_view keyword : seen)
      if (iequals(keyword, parameter->keyword))
        return invalid("The parameter " + std::string(keyword) + " was given twice");
    seen.push_back(parameter->keyword);
    if (Refusal refusal = take(*parameter)) return refusal;
  }
  return std::nullopt;
}

// RFC 1870 section 6: size-value = 1*20DIGIT. A number beyond 64 bits has 20 digits too; it is
// a size like any other, only larger than every limit.
Refusal take_size(const Parameter& parameter, MailParameters& into) {
  constexpr std::size_t max_digits = 20;
  const std::string_view text = parameter.value.value_or("");
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (text.size() > max_digits || error == std::errc::invalid_argument ||
      end != text.data() + text.size())
    return invalid("SIZE must be a number of octets, SIZE=2048");
  if (error == std::errc::result_out_of_range) size = std::numeric_limits<std::uint64_t>::max();
  into.size = size;
  return std::nullopt;
}

// RFC 6152 section 2, RFC 3030 section 3.
Refusal take_body(const Parameter& parameter, const Offers& offers, MailParameters& into) {
  const std::string_view text = parameter.value.value_or("");
  if (iequals(text, "7BIT")) {
    into.body = BodyType::seven_bit;
  } else if (iequals(text, "8BITMIME")) {
    into.body = BodyType::eight_bit_mime;
  } else if (iequals(text, "BINARYMIME")) {
    if (!offers.binary_mime) return Reply{504, "5.5.4", "BODY=BINARYMIME is not offered here"};
    into.body = BodyType::binary_mime;
  } else {
    return invalid("BODY must be 7BIT or 8BITMIME");
  }
  return std::nullopt;
}

// RFC 3461 section 4: xtext = *( xchar / hexchar ), hexchar = "+" two upper-case hex digits.
bool is_xtext(std::string_view text) {
  Cursor in(text);
  const auto is_hex = [](char c) { return is_digit(c) || (c >= 'A' && c <= 'F'); };
  while (!in.at_end()) {
    if (in.take('+')) {
      const std::string_view digits = in.take_count(2);
      if (digits.size() != 2 || !is_hex(digits[0]) || !is_hex(digits[1])) return false;
    } else if (!is_ascii(in.peek()) || in.take('=')) {
      return false;
    } else {
      in.take_count(1);
    }
  }
  return true;
}

// Section 4.3.
Refusal take_ret(const Parameter& parameter, MailParameters& into) {
  const std::string_view text = parameter.value.value_or("");
  if (!iequals(text, "FULL") && !iequals(text, "HDRS")) return invalid("RET must be FULL or HDRS");
  into.ret = iequals(text, "FULL") ? "FULL" : "HDRS";
  return std::nullopt;
}

// Section 4.4.
Refusal take_envelope_id(const Parameter& parameter, MailParameters& into) {
  constexpr std::size_t max_size = 100;
  const std::string_view text = parameter.value.value_or("");
  if (text.empty() || text.size() > max_size || !is_xtext(text))
    return invalid("ENVID must be xtext (RFC 3461) of at most 100 characters");
  into.envelope_id = text;
  return std::nullopt;
}

// Section 4.1: NEVER alone, or a list without repetition of the other three.
bool is_notify(std::string_view text) {
  if (iequals(text, "NEVER")) return true;
  static constexpr std::array<std::string_view, 3> conditions{"SUCCESS", "FAILURE", "DELAY"};
  std::array<bool, conditions.size()> seen{};
  Cursor in(text);
  do {
    const std::string_view word = in.take_while(is_alpha);
    std::size_t index = 0;
    while (index < conditions.size() && !iequals(word, conditions[index])) ++index;
    if (index == conditions.size() || seen[index]) return false;
    seen[index] = true;
  } while (in.take(','));
  return in.at_end();
}

// Section 4.2: addr-type ";" xtext. With the type utf-8 the address may be UTF-8 (RFC 6533
// section 3).
bool is_original_recipient(std::string_view text) {
  constexpr std::size_t max_size = 500;
  Cursor in(text);
  const auto type = in.take_until(';');
  if (!type || type->empty() || in.at_end() || text.size() > max_size) return false;
  for (const char c : *type)
    if (!is_keyword_octet(c)) return false;
  return iequals(*type, "utf-8") || is_xtext(in.rest());
}

}  // namespace

std::expected<MailParameters, Reply> parse_mail_parameters(std::string_view text,
                                                           const Offers& offers) {
  MailParameters into;
  const auto take = [&](const Parameter& parameter) -> Refusal {
    const std::string_view keyword = parameter.keyword;
    if (iequals(keyword, "SIZE")) return take_size(parameter, into);
    if (iequals(keyword, "BODY")) return take_body(parameter, offers, into);
    if (iequals(keyword, "SMTPUTF8")) {
      // RFC 6531 section 3.1 item 4: no value.
      if (parameter.value) return invalid("SMTPUTF8 has no value");
      into.smtp_utf8 = true;
      return std::nullopt;
    }
    if (offers.require_tls && iequals(keyword, "REQUIRETLS")) {
      // RFC 8689 section 2: no value.
      if (parameter.value) return invalid("REQUIRETLS has no value");
      into.require_tls = true;
      return std::nullopt;
    }
    if (offers.dsn && iequals(keyword, "RET")) return take_ret(parameter, into);
    if (offers.dsn && iequals(keyword, "ENVID")) return take_envelope_id(parameter, into);
    return not_recognized(keyword);
  };
  if (Refusal refusal = for_each_parameter(text, take)) return std::unexpected(*refusal);
  return into;
}

std::expected<RcptParameters, Reply> parse_rcpt_parameters(std::string_view text,
                                                           const Offers& offers) {
  RcptParameters into;
  const auto take = [&](const Parameter& parameter) -> Refusal {
    const std::string_view value = parameter.value.value_or("");
    if (offers.dsn && iequals(parameter.keyword, "NOTIFY")) {
      if (!is_notify(value))
        return invalid("NOTIFY must be NEVER or a list of SUCCESS, FAILURE and DELAY");
      into.notify = value;
    } else if (offers.dsn && iequals(parameter.keyword, "ORCPT")) {
      if (!is_original_recipient(value))
        return invalid("ORCPT must be rfc822;address in xtext (RFC 3461)");
      into.original_recipient = value;
    } else {
      return not_recognized(parameter.keyword);
    }
    return std::nullopt;
  };
  if (Refusal refusal = for_each_parameter(text, take)) return std::unexpected(*refusal);
  return into;
}

}  // namespace postern::smtp
