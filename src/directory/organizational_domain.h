// Whose name is this, as far as its labels tell?
//
// Only for telling an administrator which connector was probably meant: nothing is accepted or
// refused by it. So no public suffix list is asked, which differs between installations and
// changes with time, while the indexes of a directory must not.
#pragma once

#include <string_view>

namespace postern::directory {

/// The last two labels of a host name, or the last three where the last two look like a public
/// suffix: `contoso.com` of `mx.contoso.com`, `contoso.co.uk` of `mx.contoso.co.uk`. `name` is in
/// the form of mail::to_a_label, without `*.`.
std::string_view organizational_domain(std::string_view name);

}  // namespace postern::directory
