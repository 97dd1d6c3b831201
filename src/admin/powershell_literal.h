// Values as they are written in a cmdlet line: strings, words, $true, arrays, hashtables, dates.
#pragma once

#include "admin/powershell_lexer.h"
#include "admin/value.h"
#include "base/result.h"

namespace postern::admin {

/// `value = item *( "," item )`: a list where there is a comma or `@( … )`, else the one item.
///
///   item = string / word / "$true" / "$false" / "$null" / "@(" [items] ")" / "@{" [entries] "}"
///        / "(" value ")" / "(Get-Date)" *( ".AddDays(" number ")" )
Result<Value> parse_value(PowerShellLexer& lexer);

/// Does `(Get-Date)` stand here?
bool at_date(PowerShellLexer lexer);

}  // namespace postern::admin
