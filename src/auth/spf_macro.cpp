#include "auth/spf_macro.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <vector>

#include "base/cursor.h"

namespace postern::auth {
namespace {

constexpr std::string_view delimiters = ".-+,/_=";

/// What stands between `%{` and `}`.
struct Macro {
  char letter = 's';
  bool escape = false;    ///< an upper-case letter: percent-encode the value
  std::size_t parts = 0;  ///< how many right-hand parts to keep; 0: all
  bool reverse = false;
  std::string_view separators;  ///< empty: a dot
};

// macro-expand = ( "%{" macro-letter transformers *delimiter "}" )
// transformers = *DIGIT [ "r" ]
/// With the cursor behind `%{`. On a fault, nothing, and `fault` tells what.
std::optional<Macro> take_macro(Cursor& in, MacroUse use, std::string& fault) {
  Macro macro;
  macro.letter = to_lower(in.peek());
  macro.escape = in.peek() != macro.letter;
  const std::string_view letters = use == MacroUse::explanation ? "slodiphvcrt" : "slodiphv";
  if (in.at_end() || !letters.contains(macro.letter)) {
    fault = "`" + std::string(in.take_count(1)) + "` is no macro letter here";
    return std::nullopt;
  }
  in.take_count(1);

  const std::string_view digits = in.take_while(is_digit);
  if (!digits.empty()) {
    // More parts than a name can have are all of them.
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), macro.parts);
    if (error == std::errc::result_out_of_range) macro.parts = SIZE_MAX;
    if (macro.parts == 0) {
      fault = "a macro may not ask for 0 parts";
      return std::nullopt;
    }
  }
  macro.reverse = in.take('r') || in.take('R');
  macro.separators = in.take_while([](char c) { return delimiters.contains(c); });
  if (!in.take('}')) {
    fault = "a macro does not end with `}`";
    return std::nullopt;
  }
  return macro;
}

/// i: dotted decimal, or the half octets of an IPv6 address separated by dots.
std::string dotted(const IpAddress& address) {
  if (address.is_v4()) return address.to_string();
  constexpr std::string_view hex_digits = "0123456789ABCDEF";
  std::string text;
  for (const std::uint8_t octet : address.bytes())
    text += {hex_digits[octet >> 4], '.', hex_digits[octet & 15], '.'};
  text.pop_back();
  return text;
}

std::string value_of(char letter, const MacroValues& values) {
  switch (letter) {
    case 's':
      return std::string(values.local_part).append("@").append(values.sender_domain);
    case 'l':
      return std::string(values.local_part);
    case 'o':
      return std::string(values.sender_domain);
    case 'd':
      return std::string(values.domain);
    case 'i':
      return dotted(values.client);
    case 'p':
      return std::string(values.validated);
    case 'v':
      return values.client.is_v4() ? "in-addr" : "ip6";
    case 'h':
      return std::string(values.helo);
    case 'c':
      return values.client.to_string();
    case 'r':
      return std::string(values.receiver.empty() ? "unknown" : values.receiver);
    case 't':
      return std::to_string(
          std::chrono::floor<std::chrono::seconds>(values.now.time_since_epoch()).count());
    default:
      break;
  }
  assert(false && "take_macro lets no other letter through");
  return {};
}

// Section 7.3: split, reverse, keep the right-hand parts, join with dots.
std::string transform(const std::string& value, const Macro& macro) {
  if (macro.parts == 0 && !macro.reverse && macro.separators.empty()) return value;
  const std::string_view separators = macro.separators.empty() ? "." : macro.separators;
  std::vector<std::string_view> parts;
  for (std::string_view rest = value;;) {
    const std::size_t end = rest.find_first_of(separators);
    parts.push_back(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  if (macro.reverse) std::ranges::reverse(parts);
  const std::size_t kept = macro.parts == 0 ? parts.size() : std::min(macro.parts, parts.size());

  std::string joined;
  for (std::size_t i = parts.size() - kept; i < parts.size(); ++i) {
    if (i > parts.size() - kept) joined += '.';
    joined += parts[i];
  }
  return joined;
}

/// All but the unreserved characters of RFC 3986 section 2.3 as %XX.
std::string percent_encoded(std::string_view text) {
  constexpr std::string_view hex_digits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (is_alnum(c) || std::string_view("-._~").contains(c)) {
      encoded += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      encoded += {'%', hex_digits[octet >> 4], hex_digits[octet & 15]};
    }
  }
  return encoded;
}

// toplabel = ( *alphanum ALPHA *alphanum ) / ( 1*alphanum "-" *( alphanum / "-" ) alphanum )
bool is_top_label(std::string_view label) {
  if (label.empty() || !is_alnum(label.front()) || !is_alnum(label.back())) return false;
  if (!std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-'; })) return false;
  return !std::ranges::all_of(label, is_digit);
}

/// Checks a macro-string, and tells where the plain text behind its last macro begins.
std::optional<std::string> scan(std::string_view text, MacroUse use, std::size_t& tail) {
  tail = 0;
  Cursor in(text);
  while (!in.at_end()) {
    const char c = in.peek();
    in.take_count(1);
    if (c != '%') {
      // macro-literal = %x21-24 / %x26-7E; explain-string adds the blank.
      if (c > ' ' && c < '\x7f') continue;
      if (c == ' ' && use == MacroUse::explanation) continue;
      return "a character that is no printable ASCII";
    }
    if (in.take('{')) {
      std::string fault;
      if (!take_macro(in, use, fault)) return fault;
    } else if (!in.take('%') && !in.take('_') && !in.take('-')) {
      return "a `%` that begins no macro";
    }
    tail = text.size() - in.rest().size();
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> find_macro_fault(std::string_view text, MacroUse use) {
  std::size_t tail = 0;
  return scan(text, use, tail);
}

std::optional<std::string> find_domain_spec_fault(std::string_view text) {
  if (text.empty()) return "the domain is missing";
  std::size_t tail = 0;
  if (auto fault = scan(text, MacroUse::domain_spec, tail)) return fault;

  // domain-end = ( "." toplabel [ "." ] ) / macro-expand
  std::string_view end = text.substr(tail);
  if (end.empty()) return std::nullopt;
  if (end.ends_with('.')) end.remove_suffix(1);
  const std::size_t dot = end.rfind('.');
  if (dot == std::string_view::npos) return "the domain has only one label";
  const std::string_view label = end.substr(dot + 1);
  if (is_top_label(label)) return std::nullopt;
  if (!label.empty() && std::ranges::all_of(label, is_digit))
    return "the last label of the domain is a number; for addresses use ip4:";
  return "the last label of the domain is none";
}

bool uses_validated_name(std::string_view text) {
  return text.contains("%{p") || text.contains("%{P");
}

std::string expand_macros(std::string_view text, const MacroValues& values) {
  std::string expanded;
  Cursor in(text);
  while (!in.at_end()) {
    expanded += in.take_while([](char c) { return c != '%'; });
    if (in.take("%%")) {
      expanded += '%';
    } else if (in.take("%_")) {
      expanded += ' ';
    } else if (in.take("%-")) {
      expanded += "%20";
    } else if (in.take("%{")) {
      std::string fault;
      const auto macro = take_macro(in, MacroUse::explanation, fault);
      assert(macro);
      const std::string value = transform(value_of(macro->letter, values), *macro);
      expanded += macro->escape ? percent_encoded(value) : value;
    } else {
      assert(in.at_end());
    }
  }
  return expanded;
}

}  // namespace postern::auth
