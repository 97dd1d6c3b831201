#include "auth/spf_record.h"

#include <algorithm>
#include <utility>

#include "auth/spf_macro.h"
#include "base/cursor.h"

namespace postern::auth {
namespace {

constexpr std::string_view version = "v=spf1";

/// Most records have no more.
constexpr std::size_t usual_directives = 8;

constexpr std::pair<std::string_view, SpfMechanism> mechanism_names[] = {
    {"include", SpfMechanism::include}, {"ip4", SpfMechanism::ip4},
    {"ip6", SpfMechanism::ip6},         {"a", SpfMechanism::a},
    {"mx", SpfMechanism::mx},           {"all", SpfMechanism::all},
    {"ptr", SpfMechanism::ptr},         {"exists", SpfMechanism::exists}};

/// A number without leading zeros, up to `most`.
std::optional<unsigned> parse_number(std::string_view digits, unsigned most) {
  if (digits.empty() || digits.size() > 3 || (digits.size() > 1 && digits.front() == '0'))
    return std::nullopt;
  unsigned number = 0;
  for (const char digit : digits) {
    if (!is_digit(digit)) return std::nullopt;
    number = number * 10 + static_cast<unsigned>(digit - '0');
  }
  if (number > most) return std::nullopt;
  return number;
}

// ip4-network = qnum "." qnum "." qnum "." qnum, without leading zeros
std::optional<IpAddress> parse_v4(std::string_view text) {
  std::array<std::uint8_t, 4> octets{};
  std::size_t at = 0;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    if (i > 0 && (at == text.size() || text[at++] != '.')) return std::nullopt;
    const std::size_t begin = at;
    unsigned number = 0;
    for (; at < text.size() && is_digit(text[at]) && at - begin < 3; ++at)
      number = number * 10 + static_cast<unsigned>(text[at] - '0');
    const bool leading_zero = at - begin > 1 && text[begin] == '0';
    if (at == begin || leading_zero || number > 255) return std::nullopt;
    octets[i] = static_cast<std::uint8_t>(number);
  }
  if (at != text.size()) return std::nullopt;
  return IpAddress::v4(octets);
}

/// The fault of a term, or an empty string.
using What = std::string;

/// Cuts `/24` from the end, or `//64` if `slashes` is that. False: the length is wrong.
bool cut_length(std::string_view& text, std::string_view slashes, unsigned most,
                std::uint8_t& length) {
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[text.size() - 1 - digits])) ++digits;
  if (digits == 0 || !text.substr(0, text.size() - digits).ends_with(slashes)) return true;
  const auto number = parse_number(text.substr(text.size() - digits), most);
  if (!number) return false;
  length = static_cast<std::uint8_t>(*number);
  text.remove_suffix(digits + slashes.size());
  return true;
}

// dual-cidr-length = [ ip4-cidr-length ] [ "/" ip6-cidr-length ]
What cut_dual_length(std::string_view& argument, SpfDirective& directive) {
  if (!cut_length(argument, "//", 128, directive.length_v6))
    return "the IPv6 prefix length is not 0 to 128";
  if (!cut_length(argument, "/", 32, directive.length_v4))
    return "the IPv4 prefix length is not 0 to 32";
  return {};
}

// [ ":" domain-spec ]
What set_domain(std::string_view argument, SpfDirective& directive, bool required) {
  if (argument.empty()) return required ? "the domain is missing" : "";
  if (!argument.starts_with(':')) return "there must be a colon behind the name";
  argument.remove_prefix(1);
  if (auto fault = find_domain_spec_fault(argument)) return *fault;
  directive.domain_spec = argument;
  return {};
}

What set_network(std::string_view argument, SpfDirective& directive) {
  if (!argument.starts_with(':')) return "the address is missing";
  argument.remove_prefix(1);
  const bool v4 = directive.mechanism == SpfMechanism::ip4;
  if (const std::size_t slash = argument.find('/'); slash != std::string_view::npos) {
    const auto number = parse_number(argument.substr(slash + 1), v4 ? 32 : 128);
    if (!number)
      return v4 ? "the prefix length is not 0 to 32" : "the prefix length is not 0 to 128";
    (v4 ? directive.length_v4 : directive.length_v6) = static_cast<std::uint8_t>(*number);
    argument = argument.substr(0, slash);
  }
  const auto address = v4 ? parse_v4(argument) : IpAddress::parse(argument);
  if (!address || (!v4 && !argument.contains(':')))
    return v4 ? "that is no IPv4 address" : "that is no IPv6 address";
  directive.network = *address;
  // ::ffff:192.0.2.1 is an IPv4 address to us, which no IPv6 client has; but its first 80 bits
  // are zero, and a short prefix of it is one of ::.
  constexpr unsigned zero_bits = 80;
  if (!v4 && address->is_v4() && directive.length_v6 <= zero_bits)
    directive.network = IpAddress::v6({});
  return {};
}

What set_argument(std::string_view argument, SpfDirective& directive) {
  switch (directive.mechanism) {
    case SpfMechanism::all:
      return argument.empty() ? "" : "`all` takes nothing";
    case SpfMechanism::include:
    case SpfMechanism::exists:
      return set_domain(argument, directive, true);
    case SpfMechanism::ptr:
      return set_domain(argument, directive, false);
    case SpfMechanism::a:
    case SpfMechanism::mx: {
      What fault = cut_dual_length(argument, directive);
      return fault.empty() ? set_domain(argument, directive, false) : fault;
    }
    case SpfMechanism::ip4:
    case SpfMechanism::ip6:
      return set_network(argument, directive);
  }
  return {};
}

// directive = [ qualifier ] mechanism
What parse_directive(std::string_view term, SpfDirective& directive) {
  directive.text = term;
  Cursor in(term);
  if (in.take('-'))
    directive.result = SpfResult::fail;
  else if (in.take('~'))
    directive.result = SpfResult::softfail;
  else if (in.take('?'))
    directive.result = SpfResult::neutral;
  else
    in.take('+');
  const std::string_view name = in.take_while(is_alnum);
  // Mostly they are lower case, and then the same octets.
  auto known =
      std::ranges::find(mechanism_names, name, [](const auto& entry) { return entry.first; });
  if (known == std::end(mechanism_names))
    known = std::ranges::find_if(mechanism_names,
                                 [name](const auto& entry) { return iequals(entry.first, name); });
  if (known == std::end(mechanism_names)) return "there is no such mechanism";
  directive.mechanism = known->second;
  return set_argument(in.rest(), directive);
}

// modifier = redirect / explanation / unknown-modifier
What parse_modifier(std::string_view name, std::string_view value, SpfRecord& record) {
  const bool is_redirect = iequals(name, "redirect");
  if (!is_redirect && !iequals(name, "exp")) {
    // Section 6: unknown modifiers are ignored, if they are well formed.
    return find_macro_fault(value, MacroUse::domain_spec).value_or("");
  }
  std::string_view& modifier = is_redirect ? record.redirect : record.exp;
  // Section 6: each of the two may be there only once.
  if (!modifier.empty()) return "it is there twice";
  if (auto fault = find_domain_spec_fault(value)) return *fault;
  modifier = value;
  return {};
}

constexpr bool is_name_character(char c) {
  return is_alnum(c) || c == '-' || c == '_' || c == '.';
}

/// The name of a modifier, if `term` is one: name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ).
std::string_view modifier_name(std::string_view term) {
  const std::size_t equals = term.find('=');
  if (equals == std::string_view::npos || !is_alpha(term.front())) return {};
  const std::string_view name = term.substr(0, equals);
  return std::ranges::all_of(name, is_name_character) ? name : std::string_view();
}

What parse_term(std::string_view term, SpfRecord& record) {
  const std::string_view name = modifier_name(term);
  if (!name.empty()) return parse_modifier(name, term.substr(name.size() + 1), record);
  return parse_directive(term, record.directives.emplace_back());
}

}  // namespace

bool SpfDirective::asks() const {
  switch (mechanism) {
    case SpfMechanism::all:
    case SpfMechanism::ip4:
    case SpfMechanism::ip6:
      return false;
    case SpfMechanism::include:
    case SpfMechanism::a:
    case SpfMechanism::mx:
    case SpfMechanism::ptr:
    case SpfMechanism::exists:
      return true;
  }
  return false;
}

bool SpfDirective::covers(const IpAddress& address, const IpAddress& client) const {
  if (address.is_v4() != client.is_v4()) return false;
  const unsigned length = client.is_v4() ? length_v4 : length_v6;
  const auto ours = address.bytes();
  const auto theirs = client.bytes();
  const unsigned whole = length / 8;
  if (!std::equal(ours.begin(), ours.begin() + whole, theirs.begin())) return false;
  const unsigned left = length % 8;
  return left == 0 || ((ours[whole] ^ theirs[whole]) >> (8 - left)) == 0;
}

bool SpfDirective::has_in_network(const IpAddress& client) const {
  return client.is_v4() == (mechanism == SpfMechanism::ip4) && covers(network, client);
}

bool is_spf_record(std::string_view text) {
  return istarts_with(text, version) &&
         (text.size() == version.size() || text[version.size()] == ' ');
}

std::expected<SpfRecord, SpfFault> parse_spf_record(std::string_view text) {
  if (!is_spf_record(text)) return std::unexpected(SpfFault{text, "it does not begin with v=spf1"});
  if (text.size() > max_spf_record) return std::unexpected(SpfFault{"", "the record is too long"});
  SpfRecord record;
  record.directives.reserve(usual_directives);
  // record = version terms *SP; terms = *( 1*SP ( directive / modifier ) )
  std::string_view rest = text.substr(version.size());
  while (true) {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    if (rest.empty()) return record;
    const std::string_view term = rest.substr(0, rest.find(' '));
    rest.remove_prefix(term.size());
    if (What what = parse_term(term, record); !what.empty())
      return std::unexpected(SpfFault{term, std::move(what)});
  }
}

std::string to_text(const SpfRecord& record) {
  std::string text(version);
  for (const SpfDirective& directive : record.directives) text.append(" ").append(directive.text);
  if (!record.redirect.empty()) text.append(" redirect=").append(record.redirect);
  if (!record.exp.empty()) text.append(" exp=").append(record.exp);
  return text;
}

}  // namespace postern::auth
