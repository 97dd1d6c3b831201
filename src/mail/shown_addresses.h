// Addresses in a text that people are shown, such as the display name in
//
//   From: "Ann Smith <ann@contoso.com>" <x@phish.test>
//
// where many programs show the name alone. What is looked for is what a reader takes for an
// address, so full-width commercial at signs count, and the text is the decoded one
// (shown_name). Nothing is accepted or refused by it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace postern::mail {

struct ShownAddress {
  std::string local_part;  ///< ASCII, as it stands there; not empty
  std::string domain;      ///< in the form of to_a_label

  bool operator==(const ShownAddress&) const = default;
};

/// Octets of the text that are looked at, and signs in it.
inline constexpr std::size_t max_shown_text = 1000;
inline constexpr std::size_t max_shown_signs = 10;

/// From left to right, each as often as it is there.
std::vector<ShownAddress> find_shown_addresses(std::string_view text);

}  // namespace postern::mail
