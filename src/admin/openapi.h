// What the REST interface offers, as an OpenAPI 3.0 document made from the table of cmdlets.
#pragma once

#include <string>

namespace postern::admin {

/// JSON. The same for everybody: rights are told by the answers.
std::string openapi_document();

}  // namespace postern::admin
