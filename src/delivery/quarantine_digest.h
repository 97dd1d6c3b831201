// The mail that tells a recipient what lies in quarantine for him: text and HTML, one entry for
// each message.
//
// Everything in an entry was written by a stranger, and the reader trusts this mail more than the
// ones it lists. So texts are cut, characters that change the direction of reading are left out,
// and no address of a web page stays one that a mail reader would turn into a link.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"
#include "store/quarantine_rows.h"

namespace postern::delivery {

/// Entries of one digest; more come with the next one.
inline constexpr std::size_t max_digest_entries = 100;
/// Characters of a subject, and of an address.
inline constexpr std::size_t max_digest_text = 100;

struct DigestFacts {
  std::string host_name;  ///< ours
  std::string id;         ///< of the digest, a UUID
  Time time;
  std::string from;          ///< `postmaster@contoso.com`
  std::string to;            ///< the forward-path
  std::string organization;  ///< its name
  int keep_days = 30;
  bool more = false;  ///< there are other messages, which the next digest lists
};

/// A whole message with CRLF. Its body is ASCII; the header section is, if the addresses are.
std::string make_digest(const DigestFacts& facts, std::span<const store::QuarantineRow> rows);

/// As an entry shows what a stranger wrote.
std::string shown_in_digest(std::string_view text);

}  // namespace postern::delivery
