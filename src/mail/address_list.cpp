#include "mail/address_list.h"

#include <algorithm>
#include <utility>

#include "base/ip_address.h"
#include "mail/domain_name.h"
#include "mail/encoded_words.h"
#include "mail/lexical.h"

namespace postern::mail {
namespace {

bool is_atom_or_dot(char c) {
  return is_atext(c) || c == '.';
}

/// The text, and what was found out about it on the way.
struct Reader {
  Cursor in;
  bool well_formed = true;
  std::string comments = {};  ///< since the last address

  void skip() {
    if (!skip_cfws(in, &comments)) well_formed = false;
  }
};

/// domain = dot-atom / domain-literal, with blanks and comments between labels (obs-domain).
std::string take_domain(Reader& reader) {
  Cursor& in = reader.in;
  reader.skip();
  if (in.take('[')) {
    const auto literal = in.take_until(']');
    std::string_view text = literal ? trim(*literal) : std::string_view();
    const bool v6 = istarts_with(text, "IPv6:");
    if (v6) text.remove_prefix(5);
    const auto address = IpAddress::parse(text);
    if (address && text.contains(':') == v6) return "[" + address->to_literal() + "]";
    reader.well_formed = false;
    return {};
  }
  std::string name;
  do {
    name += in.take_while(is_atom_or_dot);
    reader.skip();
    // `contoso . com` is one name, `contoso com` is not.
  } while (name.ends_with('.') ? is_atext(in.peek()) : in.peek() == '.');
  if (auto domain = to_a_label(name)) return *std::move(domain);
  reader.well_formed = false;
  return {};
}

/// What stands before an `@`, a `<`, a comma or a colon: a local part or a display name, which
/// cannot be told apart before that.
struct Words {
  std::string phrase;      ///< with blanks between the words
  std::string local_part;  ///< without
  int count = 0;
};

Words take_words(Reader& reader) {
  Cursor& in = reader.in;
  Words words;
  while (true) {
    const std::size_t before = in.rest().size();
    reader.skip();
    const bool is_apart = in.rest().size() != before;
    std::string word;
    if (in.peek() == '"') {
      if (!take_quoted_string(in, word)) {
        // A quote that never ends: take it as a letter, so that an address behind it is seen.
        in.take_count(1);
        reader.well_formed = false;
        continue;
      }
    } else {
      word = in.take_while(is_atom_or_dot);
      if (word.empty()) return words;
    }
    // `"a".b` is a local part of several words (obs-local-part) and without blanks as a name too.
    if (words.count > 0 && is_apart) words.phrase += ' ';
    words.phrase += word;
    words.local_part += word;
    ++words.count;
  }
}

/// angle-addr without its first bracket: [obs-route] addr-spec ">"
HeaderAddress take_angle_address(Reader& reader) {
  Cursor& in = reader.in;
  // obs-route = "@" domain *("," "@" domain) ":"
  while (in.take('@')) {
    take_domain(reader);
    if (in.take(':')) break;
    if (!in.take(',') || !skip_cfws(in)) reader.well_formed = false;
  }
  HeaderAddress address;
  address.local_part = take_words(reader).local_part;
  if (in.take('@')) {
    address.domain = take_domain(reader);
  } else {
    reader.well_formed = false;
  }
  if (!skip_cfws(in, &reader.comments) || !in.take('>')) {
    // `<ann@contoso.com and more>`: go on behind the bracket, if there is one.
    reader.well_formed = false;
    const std::string_view junk = in.take_while([](char c) { return c != '>' && c != ','; });
    if (junk.contains('@')) address.domain.clear();
    in.take('>');
  }
  return address;
}

/// The list in the making: which address and which group the next words belong to.
class ListReader {
 public:
  explicit ListReader(std::string_view body) : reader_{Cursor(body)} {}

  AddressList read() {
    while (true) {
      const Words words = take_words(reader_);
      if (reader_.in.at_end() && words.count == 0) break;
      if (list_.addresses.size() == max_addresses) {
        complain();
        break;
      }
      if (after_address_ && words.count > 0) complain();
      take_item(words);
    }
    end_item();
    if (in_group_) complain();
    end_group();
    list_.well_formed = reader_.well_formed;
    return std::move(list_);
  }

 private:
  void complain() { reader_.well_formed = false; }

  /// What stands behind `words`, which is always at least one letter or the end.
  void take_item(const Words& words) {
    Cursor& in = reader_.in;
    if (in.take('<')) {
      if (after_address_) complain();
      HeaderAddress address = take_angle_address(reader_);
      address.display_name = words.phrase;
      add(std::move(address));
    } else if (in.peek() == '@') {
      take_bare_address(words);
    } else if (in.take(':')) {
      // group = display-name ":" [group-list] ";"; groups are not nested.
      if (in_group_ || words.count == 0) complain();
      begin_group(words);
    } else {
      // A comma, a semicolon, the end, or a character that has no place here.
      if (words.count > 0 && !after_address_) {
        complain();
        add({.local_part = words.local_part});
        after_address_ = false;
      } else if (words.count > 0 && list_.addresses.back().display_name.empty()) {
        // `<ann@contoso.com> Ann`
        list_.addresses.back().display_name = words.phrase;
      }
      if (in.take(',')) {
        end_item();
      } else if (in.take(';')) {
        if (!in_group_) complain();
        end_item();
        end_group();
      } else if (!in.at_end()) {
        in.take_count(1);
        complain();
      }
    }
  }

  void take_bare_address(const Words& words) {
    Cursor& in = reader_.in;
    in.take('@');
    HeaderAddress address{.local_part = words.local_part};
    if (words.count == 0) complain();
    address.domain = take_domain(reader_);
    // `ann@contoso.com <bob@fabrikam.com>`: before a bracket it was only a display name.
    if (in.peek() == '<') {
      complain();
      const std::string name = words.phrase + "@" + address.domain;
      in.take('<');
      address = take_angle_address(reader_);
      address.display_name = name;
    }
    add(std::move(address));
  }

  void add(HeaderAddress address) {
    list_.addresses.push_back(std::move(address));
    after_address_ = true;
  }

  /// A comma: comments so far are about the address before it, if there is one.
  void end_item() {
    if (after_address_) list_.addresses.back().comment = std::move(reader_.comments);
    reader_.comments.clear();
    after_address_ = false;
  }

  void begin_group(const Words& words) {
    end_group();
    in_group_ = true;
    after_address_ = false;
    has_room_ = list_.groups.size() < max_addresses;
    if (has_room_)
      list_.groups.push_back({.display_name = words.phrase,
                              .comment = std::move(reader_.comments),
                              .begin = list_.addresses.size()});
    reader_.comments.clear();
  }

  void end_group() {
    if (std::exchange(in_group_, false) && has_room_)
      list_.groups.back().end = list_.addresses.size();
  }

  Reader reader_;
  AddressList list_;
  bool in_group_ = false;
  bool has_room_ = false;       ///< the group we are in stands in the list
  bool after_address_ = false;  ///< a comma or semicolon must come before the next one
};

}  // namespace

std::string shown_name(const HeaderAddress& address) {
  return decode_encoded_words(address.display_name.empty() ? address.comment
                                                           : address.display_name);
}

AddressList parse_address_list(std::string_view body) {
  return ListReader(body).read();
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
