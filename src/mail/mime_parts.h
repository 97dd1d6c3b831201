// The parts of a message (RFC 2045 sections 5 and 6, RFC 2046 section 5.1): what is attached to it.
//
// Views on the bytes that arrived, found in one walk and within limits; only what is asked for is
// decoded. A message in a message (message/rfc822) is one part, whose body may be read in its turn.
// Readers of mail differ in how they cut parts out of malformed messages, so this is for finding
// reports and for showing, not for deciding what an attachment is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "mail/field_parameters.h"
#include "mail/transfer_encoding.h"

namespace postern::mail {

// Honest mail has a depth of four and a few dozen parts.
inline constexpr int max_mime_depth = 10;
inline constexpr std::size_t max_mime_parts = 200;
/// RFC 2046 section 5.1.1 allows 70.
inline constexpr std::size_t max_mime_boundary = 200;

struct MimePart {
  /// The message itself has 0.
  int depth = 0;
  /// Header section and body, and the body alone, encoded as it came, without the line ending that
  /// belongs to the boundary behind it.
  std::string_view text;
  std::string_view body;

  /// `value` is the media type: `text/plain` where the part has no Content-Type field (RFC 2045
  /// section 5.2; in multipart/digest `message/rfc822`), `application/octet-stream` where it cannot
  /// be read.
  FieldWithParameters content_type;
  /// Content-Disposition: `inline`, `attachment`; empty without one.
  std::string disposition;
  /// For display: as the sender says, decoded, perhaps with slashes in it. Never a path to write
  /// to.
  std::string file_name;
  TransferEncoding encoding = TransferEncoding::identity;
  /// Its parts follow it, with one more of depth.
  bool is_multipart = false;

  bool is(std::string_view media_type) const { return content_type.value == media_type; }
};

/// What keeps parts from being seen; what was seen before stands in the list.
enum class MimeTrouble {
  none,
  too_deep,        ///< beyond max_mime_depth a multipart is one part
  too_many_parts,  ///< beyond max_mime_parts parts are left out
  header,          ///< a header section beyond the limits of mail/header_fields.h
  no_boundary      ///< a multipart without one, or whose boundary does not occur, is one part
};
/// A phrase without a full stop; empty for none.
std::string_view to_sentence(MimeTrouble trouble);

struct MimeParts {
  /// The message first, then each part in front of its own parts; never empty.
  std::vector<MimePart> parts;
  /// The first that was met.
  MimeTrouble trouble = MimeTrouble::none;
};

/// Lines end with CRLF or LF. The result looks into `message`.
MimeParts parse_mime(std::string_view message);

/// The body without its transfer encoding; never longer than the body.
std::string decoded_body(const MimePart& part);

}  // namespace postern::mail
