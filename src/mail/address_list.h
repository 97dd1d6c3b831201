// Addresses in header fields: who claims to have written a message (RFC 5322 sections 3.4 and
// 3.6.2, groups in From by RFC 6854).
//
// Tolerant, since the message is here already and somebody's reader will show it in any case:
// whatever looks like an address is found, and `well_formed` tells whether the grammar agreed.
// Encoded words (RFC 2047) of display names are left alone: shown_name decodes them for those who
// look at the result, and nothing that decides may.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "mail/header_fields.h"

namespace postern::mail {

struct HeaderAddress {
  /// Words before the angle brackets, quotes removed, one blank between them; UTF-8 as it came.
  std::string display_name;
  /// Without quotes and backslashes.
  std::string local_part;
  /// In the form of to_a_label or an address literal; empty: the address has no usable domain.
  std::string domain;
  /// What the comments beside and in the address say, with a blank between two.
  std::string comment;

  bool operator==(const HeaderAddress&) const = default;
};

/// The display name with encoded words decoded (mail/encoded_words.h), for people: where there is
/// none the comment, in which old programs write it (RFC 5322 section 3.4). Perhaps empty.
std::string shown_name(const HeaderAddress& address);

/// More are not looked at, and the list is not well formed.
inline constexpr std::size_t max_addresses = 500;

/// `Board: ann@contoso.com, bob@contoso.com;`
struct AddressGroup {
  /// As in HeaderAddress.
  std::string display_name;
  std::string comment;
  /// The members are addresses[begin] to addresses[end - 1] of the list, perhaps none.
  std::size_t begin = 0;
  std::size_t end = 0;

  bool operator==(const AddressGroup&) const = default;
};

struct AddressList {
  /// Members of groups stand here like all others.
  std::vector<HeaderAddress> addresses;
  /// Not more than max_addresses; members of further ones are only among the addresses.
  std::vector<AddressGroup> groups;
  bool well_formed = true;
};

/// `body` as it stands behind the colon of the field, with its folds.
AddressList parse_address_list(std::string_view body);

/// What the From fields of a message say.
struct AuthorField {
  std::size_t field_count = 0;
  /// Of all From fields, in order.
  std::vector<HeaderAddress> addresses;
  bool well_formed = true;

  /// RFC 5322 section 3.6: exactly one From field, and in it at least one address with a
  /// domain. Small faults of grammar do not count.
  bool is_compliant() const;
};
AuthorField find_authors(const HeaderSection& section);

}  // namespace postern::mail
