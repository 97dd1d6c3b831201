// How bytes travel as letters in bodies and header fields (RFC 2045 section 6): Base64 and
// quoted-printable, read the way mail readers read them.
//
// Tolerant: what does not belong is skipped, what is cut off ends early, and there is no error. A
// key or a signature is read by base/encoding.h, which is strict.
#pragma once

#include <string>
#include <string_view>

namespace postern::mail {

/// Content-Transfer-Encoding. 7bit, 8bit and binary leave the bytes as they are; of an unknown word
/// nothing can be said but that the bytes are not to be decoded (RFC 2045 section 6.4).
enum class TransferEncoding { identity, base64, quoted_printable, unknown };
/// The body of the field; an empty one is 7bit (RFC 2045 section 6.1).
TransferEncoding parse_transfer_encoding(std::string_view body);

/// RFC 2045 section 6.8: other letters are ignored, and padding ends a group, so that pieces which
/// were encoded one by one may follow each other. Never longer than three quarters of `text`.
std::string decode_base64(std::string_view text);

/// RFC 2045 section 6.7: soft line breaks and blanks before a line ending vanish, `=` without two
/// hexadecimal digits stays as it is. Never longer than `text`.
std::string decode_quoted_printable(std::string_view text);

/// The Q encoding of encoded words (RFC 2047 section 4.2): as above, but `_` is a blank and lines
/// mean nothing.
std::string decode_q(std::string_view text);

}  // namespace postern::mail
