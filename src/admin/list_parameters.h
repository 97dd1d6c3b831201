// Parameters that are lists of which a part can be changed: `a,b`, or `@{Add='c'; Remove='a'}`.
#pragma once

#include <string>
#include <string_view>

#include "admin/commands.h"
#include "base/ip_address.h"
#include "base/result.h"
#include "directory/compact.h"

namespace postern::admin {

/// The list as the parameter makes it; untouched where that is not given. `normalize` gives an
/// entry its stored form, so that what is to be removed is found. An error begins with the
/// parameter.
Result<void> apply_list(const Call& call, std::string_view parameter, directory::NameList& list,
                        Result<std::string> (*normalize)(const std::string&));
/// The same with addresses and prefixes.
Result<void> apply_prefixes(const Call& call, std::string_view parameter,
                            directory::CompactList<IpPrefix>& prefixes);

}  // namespace postern::admin
