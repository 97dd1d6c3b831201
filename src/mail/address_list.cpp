#include "mail/address_list.h"

#include <algorithm>
#include <utility>

#include "base/ip_address.h"
#include "mail/domain_name.h"
#include "mail/lexical.h"

namespace postern::mail {
namespace {

bool is_atom_or_dot(char c) {
  return is_atext(c) || c == '.';
}

/// domain = dot-atom / domain-literal, with blanks and comments between labels (obs-domain).
std::string take_domain(Cursor& in, bool& well_formed) {
  if (!skip_cfws(in)) well_formed = false;
  if (in.take('[')) {
    const auto literal = in.take_until(']');
    std::string_view text = literal ? trim(*literal) : std::string_view();
    const bool v6 = istarts_with(text, "IPv6:");
    if (v6) text.remove_prefix(5);
    const auto address = IpAddress::parse(text);
    if (address && text.contains(':') == v6) return "[" + address->to_literal() + "]";
    well_formed = false;
    return {};
  }
  std::string name;
  do {
    name += in.take_while(is_atom_or_dot);
    if (!skip_cfws(in)) well_formed = false;
    // `contoso . com` is one name, `contoso com` is not.
  } while (name.ends_with('.') ? is_atext(in.peek()) : in.peek() == '.');
  if (auto domain = to_a_label(name)) return *std::move(domain);
  well_formed = false;
  return {};
}

/// What stands before an `@`, a `<`, a comma or a colon: a local part or a display name, which
/// cannot be told apart before that.
struct Words {
  std::string phrase;      ///< with blanks between the words
  std::string local_part;  ///< without
  int count = 0;
};

Words take_words(Cursor& in, bool& well_formed) {
  Words words;
  while (true) {
    if (!skip_cfws(in)) well_formed = false;
    std::string word;
    if (in.peek() == '"') {
      if (!take_quoted_string(in, word)) {
        // A quote that never ends: take it as a letter, so that an address behind it is seen.
        in.take_count(1);
        well_formed = false;
        continue;
      }
    } else {
      word = in.take_while(is_atom_or_dot);
      if (word.empty()) return words;
    }
    // `"a".b` is a local part of several words (obs-local-part), `a b` is none.
    if (words.count > 0 && !word.starts_with('.') && !words.local_part.ends_with('.'))
      words.phrase += ' ';
    words.phrase += word;
    words.local_part += word;
    ++words.count;
  }
}

/// angle-addr without its first bracket: [obs-route] addr-spec ">"
HeaderAddress take_angle_address(Cursor& in, bool& well_formed) {
  // obs-route = "@" domain *("," "@" domain) ":"
  while (in.take('@')) {
    take_domain(in, well_formed);
    if (in.take(':')) break;
    if (!in.take(',') || !skip_cfws(in)) well_formed = false;
  }
  HeaderAddress address;
  address.local_part = take_words(in, well_formed).local_part;
  if (in.take('@')) {
    address.domain = take_domain(in, well_formed);
  } else {
    well_formed = false;
  }
  if (!skip_cfws(in) || !in.take('>')) {
    // `<ann@contoso.com and more>`: go on behind the bracket, if there is one.
    well_formed = false;
    const std::string_view junk = in.take_while([](char c) { return c != '>' && c != ','; });
    if (junk.contains('@')) address.domain.clear();
    in.take('>');
  }
  return address;
}

}  // namespace

AddressList parse_address_list(std::string_view body) {
  AddressList list;
  Cursor in(body);
  bool in_group = false;
  bool after_address = false;  // a comma or semicolon must come before the next one
  while (true) {
    const Words words = take_words(in, list.well_formed);
    if (in.at_end() && words.count == 0) break;
    if (list.addresses.size() == max_addresses) {
      list.well_formed = false;
      break;
    }
    if (after_address && words.count > 0) list.well_formed = false;

    if (in.take('<')) {
      if (after_address) list.well_formed = false;
      HeaderAddress address = take_angle_address(in, list.well_formed);
      address.display_name = words.phrase;
      list.addresses.push_back(std::move(address));
      after_address = true;
    } else if (in.peek() == '@') {
      in.take_count(1);
      HeaderAddress address{.local_part = words.local_part};
      if (words.count == 0) list.well_formed = false;
      address.domain = take_domain(in, list.well_formed);
      // `ann@contoso.com <bob@fabrikam.com>`: before a bracket it was only a display name.
      if (in.peek() == '<') {
        list.well_formed = false;
        const std::string name = words.phrase + "@" + address.domain;
        in.take('<');
        address = take_angle_address(in, list.well_formed);
        address.display_name = name;
      }
      list.addresses.push_back(std::move(address));
      after_address = true;
    } else if (in.take(':')) {
      // group = display-name ":" [group-list] ";"; groups are not nested.
      if (in_group || words.count == 0) list.well_formed = false;
      in_group = true;
      after_address = false;
    } else {
      // A comma, a semicolon, the end, or a character that has no place here.
      if (words.count > 0 && !after_address) {
        list.well_formed = false;
        list.addresses.push_back({.local_part = words.local_part});
      }
      if (in.take(',')) {
        after_address = false;
      } else if (in.take(';')) {
        if (!std::exchange(in_group, false)) list.well_formed = false;
        after_address = false;
      } else if (!in.at_end()) {
        in.take_count(1);
        list.well_formed = false;
      }
    }
  }
  if (in_group) list.well_formed = false;
  return list;
}

bool AuthorField::is_compliant() const {
  return field_count == 1 &&
         std::ranges::any_of(addresses, [](const HeaderAddress& a) { return !a.domain.empty(); });
}

AuthorField find_authors(const HeaderSection& section) {
  AuthorField author;
  for (const HeaderField& field : section.fields) {
    if (!field.is("From")) continue;
    ++author.field_count;
    AddressList list = parse_address_list(field.body);
    author.well_formed = author.well_formed && list.well_formed;
    for (HeaderAddress& address : list.addresses)
      if (author.addresses.size() < max_addresses) author.addresses.push_back(std::move(address));
  }
  return author;
}

}  // namespace postern::mail
