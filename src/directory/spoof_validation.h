// Checks an organization's spoof protection as a whole before it enters the directory, and brings
// addresses and domains to the one form in which they are compared. Errors begin with the parameter
// at fault.
#pragma once

#include "base/result.h"
#include "directory/spoof_protection.h"

namespace postern::directory {

/// Names are there once; every rule has a condition and a policy of its own.
Result<SpoofProtection> check_spoof_protection(SpoofProtection protection);

}  // namespace postern::directory
