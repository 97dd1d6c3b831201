// Reads lists of recipients as other mail servers keep them.
//
//   # a comment
//   ann@contoso.com                        one address a line, or
//   bob@contoso.com   OK                   a Postfix map of recipients, or of mailboxes, or
//   sales@contoso.com ann@contoso.com      a Postfix map of aliases: sales is an alias of ann
//   @relay.contoso.net x                   every address of the domain
//
// A line that begins with a blank continues the one before (postmap's rule) only where it holds
// no address of its own; an indented list of addresses is a list.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "directory/objects.h"
#include "directory/snapshot.h"

namespace postern::admin {

struct BadLine {
  std::size_t number = 0;  ///< from 1
  std::string problem;     ///< a sentence
};

struct RecipientList {
  /// In the form in which the directory keeps them, each address once.
  std::vector<directory::Recipient> recipients;
  std::vector<BadLine> bad_lines;
};

/// More bad lines are not looked for.
inline constexpr std::size_t max_bad_lines = 100;

/// What `content` asks for in `organization`. An address on the right-hand side that is not in one
/// of its domains, or several of them, make the left-hand side a recipient of its own.
RecipientList parse_recipient_list(std::string_view content, const directory::Snapshot& snapshot,
                                   const directory::Organization& organization);

}  // namespace postern::admin
