// Fields that hold lists of something other than addresses: message ids, phrases and URIs.
//
// Tolerant like address_list.h, and like encoded_words.h for display and for tracing only: which
// messages belong together, what a list says about itself.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace postern::mail {

/// Of each kind; more are not looked at.
inline constexpr std::size_t max_list_items = 500;

/// Message-ID, In-Reply-To, References (RFC 5322 section 3.6.4): what stands between angle
/// brackets, as written but for folds; empty ones are left out. Phrases of old programs around
/// them are ignored (section 4.5.4). A body without brackets is read as ids without them.
std::vector<std::string> parse_message_ids(std::string_view body);

/// Keywords (RFC 5322 section 3.6.5) and other lists of phrases: between commas, without quotes
/// and comments, encoded words decoded, empty ones left out.
std::vector<std::string> parse_phrases(std::string_view body);

struct ListUri {
  /// Without blanks; or `NO` of a list that takes no mail (section 3.4).
  std::string uri;
  std::string comment;  ///< decoded

  bool operator==(const ListUri&) const = default;
};
/// List-Help, List-Unsubscribe and their like (RFC 2369 section 2), in the sender's order, which is
/// that of preference. A URI is as good as the sender: check its scheme before it is shown as a
/// link.
std::vector<ListUri> parse_list_uris(std::string_view body);

}  // namespace postern::mail
