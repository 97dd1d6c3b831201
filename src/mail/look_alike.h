// When does one domain's name pass for another's with somebody who reads in haste?
//
//   shown_label("xn--contos-i4d")  contosо, with a Cyrillic о: what a reader is shown
//   skeleton(…)                    contoso: what the eye makes of it
//   is_one_edit_away               contoso and contosso, cntoso, contosa, cnotoso
//
// The skeleton is that of Unicode's security report (UTS 39) in small: a table made by hand of
// Latin, Greek, Cyrillic and a few Armenian letters that look like one of a to z, with or without
// marks above and below; the digits 0, 1, 3 and 5; and the pairs rn, vv and cl. Other letters stand
// for themselves. Two names with one skeleton look alike, not more: `bern` and `bem` are honest
// names both, so all this is for marking mail and never for refusing it.
//
// Pure, and bounded by the 63 octets of a label.
#pragma once

#include <string>
#include <string_view>

namespace postern::mail {

/// The characters of one label of a name in the form of to_a_label: `xn--…` decoded (RFC 3492
/// section 6.2), also where IDNA would not allow the result, since some program will show it. What
/// is no Punycode stays as it is written.
std::u32string shown_label(std::string_view label);

std::u32string skeleton(std::u32string_view label);

/// One character inserted, left out or replaced, or two neighbours exchanged: exactly one of these.
bool is_one_edit_away(std::u32string_view a, std::u32string_view b);

}  // namespace postern::mail
