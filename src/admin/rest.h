// The endpoint that the Exchange Online PowerShell module talks to, as values: request in, reply
// out, no socket.
//
//   POST /adminapi/beta/Contoso/InvokeCommand?$select=Identity,RejectDirectSend
//   {"CmdletInput":{"CmdletName":"Get-OrganizationConfig","Parameters":{}}}
//
// Replies and errors have the original's shape (docs/administration.md), so that its clients and
// scripts can be pointed here. Paging: where the request asks for it (`Prefer:
// odata.maxpagesize=100`), a reply with more objects carries `@odata.nextLink`, to which the same
// body is posted again.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "admin/commands.h"

namespace postern::admin {

struct RestRequest {
  std::string base;    ///< `http://127.0.0.1:8025`, for the links in the reply
  std::string target;  ///< path and query as sent
  std::string body;
  std::size_t page_size = 0;  ///< of Prefer; 0: everything at once
};

struct RestReply {
  unsigned status = 200;
  std::string body;  ///< JSON
};

inline constexpr std::string_view rest_content_type =
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;"
    "charset=utf-8";

/// What a request asks for.
struct RestCall {
  std::string organization;  ///< of the path; `-`: not named
  std::string cmdlet;
  Object parameters;
  std::vector<std::string> select;  ///< empty: all properties
  std::size_t skip = 0;
};

/// Is the path that of InvokeCommand, of whatever organization?
bool is_invoke_target(std::string_view target);

std::expected<RestCall, CommandError> parse_rest_call(const RestRequest& request);

/// Parses, runs, and tells. Blocks for the disk.
RestReply answer_rest(Services& services, const Caller& caller, const RestRequest& request);

/// `{"error":{"code":…,"message":…,"details":[…],…}}`
std::string rest_error(unsigned status, const CommandError& error);
unsigned http_status(Trouble trouble);

/// `odata.maxpagesize=100` in a Prefer field; 0 where there is none.
std::size_t prefer_page_size(std::string_view prefer);

}  // namespace postern::admin
