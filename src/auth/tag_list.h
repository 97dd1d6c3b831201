// Tag lists, `v=1; a=rsa-sha256; d=example.com` (RFC 6376 section 3.2): the syntax that DKIM
// signatures, DKIM key records, ARC fields and DMARC records share.
//
// Only the syntax is read here. A tag keeps its value twice: trimmed, as readers want it, and
// raw with the white space around it, as a signature is cut out of its own field when it is
// hashed (RFC 6376 section 3.5, tag b=).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cursor.h"
#include "base/result.h"

namespace postern::auth {

// RFC 6376 defines 13 tags for a signature and RFC 9989 10 for a policy; the rest is room for
// extensions, which readers skip.
inline constexpr std::size_t max_tags = 64;

struct Tag {
  std::string_view name;   ///< case matters
  std::string_view value;  ///< without white space at both ends; inside, folds are still there
  std::string_view raw;    ///< everything between `=` and `;` or the end of the text
};

class TagList {
 public:
  /// The tags in the order of the text. No two have the same name.
  const std::vector<Tag>& tags() const { return tags_; }
  /// Null: not there.
  const Tag* find(std::string_view name) const;
  /// The trimmed value. Empty if the tag is there without one.
  std::optional<std::string_view> value(std::string_view name) const;

 private:
  friend Result<TagList> parse_tag_list(std::string_view text);
  std::vector<Tag> tags_;
};

/// tag-list = tag-spec *( ";" tag-spec ) [ ";" ]. The values are views on `text`. An error is a
/// phrase without a full stop, such as `tag d stands there twice`. Octets above 127 may stand in
/// values: RFC 8616 section 5 has them in signatures, and sloppy notes have them in key records.
Result<TagList> parse_tag_list(std::string_view text);

/// [FWS] of RFC 6376 section 2.8, where a line feed alone counts as CRLF: the header section of
/// a file may have such folds (mail/header_fields.h).
void skip_fws(Cursor& in);
std::string_view trim_fws(std::string_view text);
/// The value with all white space and folds removed, as Base64 and names need it.
std::string without_fws(std::string_view text);

/// The beginning of a stranger's text, fit for a sentence of ours.
std::string excerpt(std::string_view text);

/// The next element of a list such as `h=from : to`, trimmed; nothing at the end. `rest` shrinks.
/// Empty elements are returned as they are.
std::optional<std::string_view> next_element(std::optional<std::string_view>& rest);

/// Decimal digits only. More than `limit` is returned as `limit`: the tags that hold numbers
/// (l=, t=, x=) have up to 76 digits, and what is beyond our range means "very large".
std::optional<std::uint64_t> parse_decimal(std::string_view digits, std::uint64_t limit);

}  // namespace postern::auth
