// A request from the network: the first line is its target, the rest its body. Whatever it is, it
// is a call or an error, and the error is told in JSON that can be read again.
#include <cassert>
#include <cstdint>
#include <string>
#include <string_view>

#include "admin/binding.h"
#include "admin/http_gate.h"
#include "admin/rest.h"
#include "admin/value_json.h"

using namespace postern::admin;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  RestRequest request;
  request.base = "http://localhost";
  request.target = text.substr(0, line);
  if (line != std::string_view::npos) request.body = text.substr(line + 1);

  prefer_page_size(request.target);
  is_our_host(request.target, {"mx.example.com"});
  const auto call = parse_rest_call(request);
  if (!call) {
    assert(parse_json(rest_error(400, call.error())));
    return 0;
  }
  assert(is_invoke_target(request.target));
  if (const Command* command = find_server_command(call->cmdlet)) {
    if (const auto bound = bind_values(command->spec, call->parameters)) {
      assert(bind_values(command->spec, *bound));
    }
  }
  return 0;
}
