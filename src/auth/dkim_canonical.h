// The form in which DKIM hashes a header section (RFC 6376 sections 3.4.1, 3.4.2 and 3.7): which
// fields, in which order, and what of their white space counts.
//
// With relaxed,
//
//   SUBJect: AbC\r\n             becomes   subject:AbC\r\n
//   X-Long :  one  \r\n\ttwo\r\n           x-long:one two\r\n
//
// and with simple nothing changes at all. The body has its own file, dkim_body.h.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "auth/dkim_result.h"
#include "mail/header_fields.h"

namespace postern::auth {

/// Appends one field, `Name: body\r\n`, in canonical form. Relaxed always ends it with CRLF,
/// simple as it ends. A line feed that folds counts as CRLF there, any other bare CR or LF is an
/// octet like the others: what was not in the signed message must not vanish from it.
void append_canonical_field(std::string& out, std::string_view field, Canonicalization how);

/// Appends the fields that h= names (section 5.4.2): for each name the next of that name, counted
/// from the bottom of the section; a name for which none is left adds nothing. `own_field` is the
/// signature's own place in the section, which h= never means; fields.size() or more: not in it.
/// `message` is what the offsets of the fields point into.
void append_signed_fields(std::string& out, std::string_view message,
                          std::span<const mail::HeaderField> fields,
                          std::span<const std::string_view> names, std::size_t own_field,
                          Canonicalization how);

/// Appends the signature field itself, as it is hashed last (section 3.7): with nothing where
/// `signature_text`, a view on `field`, stands (the raw value of b=), and without the CRLF at its
/// end.
void append_signature_field(std::string& out, std::string_view field,
                            std::string_view signature_text, Canonicalization how);

}  // namespace postern::auth
