#include "admin/rest.h"

#include <fmt/format.h>

#include <boost/url.hpp>
#include <charconv>

#include "admin/value_json.h"
#include "base/ascii.h"
#include "base/cursor.h"
#include "base/encoding.h"

namespace postern::admin {
namespace {

namespace urls = boost::urls;

constexpr std::string_view not_found_exception =
    "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException";
constexpr std::string_view odata_exception =
    "Microsoft.Exchange.Admin.OData.Core.ODataServiceException";

std::string_view exception_name(Trouble trouble) {
  switch (trouble) {
    case Trouble::not_found:
      return not_found_exception;
    case Trouble::wrong_argument:
      return "System.Management.Automation.ParameterBindingException";
    case Trouble::unknown_command:
      return "System.Management.Automation.CommandNotFoundException";
    case Trouble::forbidden:
      return "System.UnauthorizedAccessException";
    case Trouble::refused:
      return "Microsoft.Exchange.Configuration.Tasks.TaskInvalidOperationException";
    case Trouble::failed:
      return "System.Exception";
  }
  std::abort();  // A number that was never a Trouble: our bug.
}

/// The original's `Ex` and six digits tell one error from another; ours come from its name. The
/// one that scripts have been seen to look for is kept.
std::string exception_number(std::string_view name) {
  if (name == not_found_exception) return "Ex6F9304";
  return "Ex" + to_hex(sha256(name)).substr(0, 6);
}

std::string_view status_word(unsigned status) {
  switch (status) {
    case 400:
      return "BadRequest";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "NotFound";
    case 405:
      return "MethodNotAllowed";
    case 411:
      return "LengthRequired";
    case 413:
      return "PayloadTooLarge";
    case 429:
      return "TooManyRequests";
    case 503:
      return "ServiceUnavailable";
    default:
      return "InternalServerError";
  }
}

std::unexpected<CommandError> bad_request(std::string sentence) {
  return std::unexpected(CommandError{Trouble::wrong_argument, std::move(sentence)});
}

std::string quoted(std::string_view text) {
  return to_json(text, JsonStyle::compact);
}

/// `adminapi`, `beta`, the organization, `InvokeCommand`; nothing for any other path.
std::optional<std::string> organization_of(const urls::url_view& url) {
  const urls::segments_view segments = url.segments();
  if (segments.size() != 4) return std::nullopt;
  auto segment = segments.begin();
  const auto is = [&](std::string_view wanted) { return iequals(std::string(*segment++), wanted); };
  if (!is("adminapi") || !is("beta")) return std::nullopt;
  const std::string organization(*segment++);
  if (!is("InvokeCommand")) return std::nullopt;
  return organization;
}

std::vector<std::string> split_names(std::string_view names) {
  std::vector<std::string> split;
  Cursor in(names);
  while (!in.at_end()) {
    const std::string_view name = trim(in.take_while([](char c) { return c != ','; }));
    if (!name.empty()) split.emplace_back(name);
    in.take(',');
  }
  return split;
}

Object pick(const Object& object, const std::vector<std::string>& names) {
  Object picked;
  for (const std::string& name : names) {
    if (const Value* value = object.find(name)) picked.set(name, *value);
  }
  return picked;
}

std::string next_link(const RestRequest& request, std::size_t skip) {
  urls::url link(urls::string_view(request.target.data(), request.target.size()));
  link.params().set("$skiptoken", std::to_string(skip));
  return request.base + std::string(link.buffer().data(), link.buffer().size());
}

std::string success(const RestRequest& request, const RestCall& call, const Outcome& outcome) {
  const std::size_t total = outcome.values.size();
  const std::size_t begin = std::min(call.skip, total);
  const std::size_t rest = total - begin;
  const std::size_t end =
      begin + (request.page_size == 0 ? rest : std::min(rest, request.page_size));

  std::string body = "{\"@odata.context\":";
  body += quoted(fmt::format("{}/adminapi/beta/{}/$metadata#Collection(Exchange.GenericHashTable)",
                             request.base, call.organization));
  body += ",\"adminapi.warnings@odata.type\":\"#Collection(String)\",\"@adminapi.warnings\":";
  body += to_json(List(outcome.warnings.begin(), outcome.warnings.end()), JsonStyle::compact);
  if (end < total) body += ",\"@odata.nextLink\":" + quoted(next_link(request, end));
  body += ",\"value\":[";
  for (std::size_t i = begin; i < end; ++i) {
    if (i != begin) body += ',';
    const Object* object = outcome.values[i].get<Object>();
    if (object != nullptr && !call.select.empty()) {
      body += to_json(pick(*object, call.select), JsonStyle::annotated);
    } else {
      body += to_json(outcome.values[i], JsonStyle::annotated);
    }
  }
  return body + "]}";
}

}  // namespace

bool is_invoke_target(std::string_view target) {
  const auto url = urls::parse_origin_form(urls::string_view(target.data(), target.size()));
  return url && organization_of(*url);
}

std::expected<RestCall, CommandError> parse_rest_call(const RestRequest& request) {
  const auto url =
      urls::parse_origin_form(urls::string_view(request.target.data(), request.target.size()));
  const auto organization = url ? organization_of(*url) : std::nullopt;
  if (!organization) return bad_request("The path is not that of InvokeCommand.");

  RestCall call;
  call.organization = *organization;
  for (const auto& parameter : url->params()) {
    const std::string key(parameter.key), value(parameter.value);
    if (key == "$select") call.select = split_names(value);
    if (key == "$skiptoken") {
      const auto parsed = std::from_chars(value.data(), value.data() + value.size(), call.skip);
      if (parsed.ec != std::errc{} || parsed.ptr != value.data() + value.size()) {
        return bad_request("The $skiptoken is not one that was given here.");
      }
    }
  }
  const Result<Value> body = parse_json(request.body);
  if (!body) return bad_request(body.error().message);
  const Object* envelope = body->get<Object>();
  const Value* input = envelope == nullptr ? nullptr : envelope->find("CmdletInput");
  const Object* cmdlet = input == nullptr ? nullptr : input->get<Object>();
  const Value* name = cmdlet == nullptr ? nullptr : cmdlet->find("CmdletName");
  if (name == nullptr || name->get<std::string>() == nullptr) {
    return bad_request(
        "The body must be {\"CmdletInput\":{\"CmdletName\":\"…\",\"Parameters\":{…}}}.");
  }
  call.cmdlet = *name->get<std::string>();
  if (const Value* parameters = cmdlet->find("Parameters"); parameters && !parameters->is_null()) {
    if (parameters->get<Object>() == nullptr) return bad_request("Parameters must be an object.");
    call.parameters = *parameters->get<Object>();
  }
  return call;
}

unsigned http_status(Trouble trouble) {
  switch (trouble) {
    case Trouble::not_found:
      return 404;
    case Trouble::wrong_argument:
      return 400;
    case Trouble::unknown_command:
    case Trouble::forbidden:
      return 403;
    case Trouble::refused:
      return 400;
    case Trouble::failed:
      return 500;
  }
  std::abort();  // A number that was never a Trouble: our bug.
}

std::string rest_error(unsigned status, const CommandError& error) {
  const std::string_view exception = exception_name(error.trouble);
  const std::string full =
      fmt::format("{}|{}|{}", exception_number(exception), exception, error.message);
  const Object detail = {{"code", "Client"}, {"target", ""}, {"message", full}};
  const Object inner = {{"message", full}, {"type", exception}, {"stacktrace", ""}};
  const Object outer = {{"message", "Error executing cmdlet"},
                        {"type", odata_exception},
                        {"stacktrace", ""},
                        {"internalexception", inner}};
  const Object told = {{"code", status_word(status)},
                       {"message", "Error executing cmdlet"},
                       {"details", List{detail}},
                       {"innererror", outer}};
  return "{\"error\":" + to_json(told, JsonStyle::compact) +
         ",\"adminapi.warnings@odata.type\":\"#Collection(String)\",\"@adminapi.warnings\":[]}";
}

RestReply answer_rest(Services& services, const Caller& caller, const RestRequest& request) {
  CommandError error;
  try {
    const auto call = parse_rest_call(request);
    if (!call) {
      error = call.error();
    } else {
      const CommandResult result =
          invoke(services, caller, call->cmdlet, call->organization, call->parameters);
      if (result) return {200, success(request, *call, *result)};
      error = result.error();
    }
  } catch (const std::exception& trouble) {
    // Out of memory, most likely: the request must not take posternd with it.
    error = {Trouble::failed, fmt::format("The cmdlet could not be run: {}.", trouble.what())};
  }
  const unsigned status = http_status(error.trouble);
  return {status, rest_error(status, error)};
}

std::size_t prefer_page_size(std::string_view prefer) {
  constexpr std::string_view name = "odata.maxpagesize=";
  const std::size_t at = to_lower(prefer).find(name);
  if (at == std::string::npos) return 0;
  const std::string_view digits = prefer.substr(at + name.size());
  std::size_t size = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), size);
  return size;
}

}  // namespace postern::admin
