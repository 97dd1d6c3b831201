#include "admin/openapi.h"

#include <fmt/format.h>

#include <cstdlib>

#include "admin/commands.h"
#include "admin/value_json.h"
#include "base/cursor.h"

namespace postern::admin {
namespace {

constexpr std::string_view schemas = "#/components/schemas/";

Object type(std::string_view name) {
  return {{"type", name}};
}

Object reference(std::string_view name) {
  return {{"$ref", std::string(schemas) + std::string(name)}};
}

Object texts() {
  return {{"type", "array"}, {"items", type("string")}};
}

/// `{"type":"string"}`, for what a parameter takes.
Object schema_of(const ParameterSpec& parameter) {
  switch (parameter.type) {
    case ParameterType::text: {
      Object schema = type("string");
      List words;
      Cursor in(parameter.choices);
      while (!in.at_end()) {
        words.emplace_back(in.take_while([](char c) { return c != '|'; }));
        in.take('|');
      }
      if (!words.empty()) schema.set("enum", std::move(words));
      return schema;
    }
    case ParameterType::boolean:
    case ParameterType::switch_:
      return type("boolean");
    case ParameterType::number:
      return type("integer");
    case ParameterType::date:
      return {{"type", "string"}, {"format", "date-time"}};
    case ParameterType::list:
      return texts();
    case ParameterType::changeable_list: {
      const Object changes = {{"type", "object"},
                              {"properties", Object{{"Add", texts()}, {"Remove", texts()}}}};
      return {{"oneOf", List{texts(), changes}}};
    }
    case ParameterType::any:
      return {};  // Whatever its help says.
    case ParameterType::condition:
      break;  // Only where a cmdlet runs in the client.
  }
  std::abort();
}

void describe(std::span<const ParameterSpec> parameters, Object& properties, List& required) {
  for (const ParameterSpec& parameter : parameters) {
    Object schema = schema_of(parameter);
    schema.set("description", parameter.help);
    if (!parameter.default_text.empty()) schema.set("x-default", parameter.default_text);
    properties.set(parameter.name, std::move(schema));
    if (parameter.mandatory) required.emplace_back(parameter.name);
  }
}

/// One cmdlet as the CmdletInput of a call.
Object schema_of(const Command& command) {
  Object properties;
  List required;
  describe(command.spec.parameters, properties, required);
  describe(common_parameters(command.spec.kind), properties, required);
  Object parameters = {
      {"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}};
  List needed = {"CmdletName"};
  if (!required.empty()) {
    parameters.set("required", std::move(required));
    needed.emplace_back("Parameters");
  }
  const Object name = {{"type", "string"}, {"enum", List{command.spec.name}}};
  return {{"type", "object"},
          {"description", command.spec.synopsis},
          {"x-role", store::to_string(command.least_role())},
          {"required", std::move(needed)},
          {"properties", Object{{"CmdletName", name}, {"Parameters", std::move(parameters)}}}};
}

Object content(std::string_view media_type, Object schema) {
  return {{std::string(media_type), Object{{"schema", std::move(schema)}}}};
}

Object response(std::string_view description, std::string_view media_type, Object schema) {
  return {{"description", description}, {"content", content(media_type, std::move(schema))}};
}

Object parameter(std::string_view name, std::string_view place, Object schema,
                 std::string_view description) {
  Object object = {
      {"name", name}, {"in", place}, {"schema", std::move(schema)}, {"description", description}};
  if (place == "path") object.set("required", true);
  return object;
}

Object invoke_operation() {
  List choices;
  Object mapping;
  for (const Command* command : all_server_commands()) {
    const std::string_view name = command->spec.name;
    choices.emplace_back(reference(name));
    mapping.set(name, std::string(schemas) + std::string(name));
  }
  const Object input = {
      {"oneOf", std::move(choices)},
      {"discriminator", Object{{"propertyName", "CmdletName"}, {"mapping", std::move(mapping)}}}};
  const Object envelope = {{"type", "object"},
                           {"required", List{"CmdletInput"}},
                           {"properties", Object{{"CmdletInput", input}}}};
  Object responses = {
      {"200", response("What the cmdlet gave.", "application/json", reference("Answer"))}};
  const std::pair<const char*, const char*> failures[] = {
      {"400", "A parameter is wrong, or what is asked for contradicts what is there."},
      {"401", "No token, or a wrong one."},
      {"403", "There is no such cmdlet, or the token's role does not allow it."},
      {"404", "The organization or object is not there."},
      {"413", "The body is too large."},
      {"429", "Too many wrong tokens came from this address."},
      {"500", "The disk or another part of posternd failed."},
      {"503", "Too many cmdlets are waiting."}};
  for (const auto& [status, description] : failures)
    responses.set(status, response(description, "application/json", reference("Failure")));
  return {{"operationId", "InvokeCommand"},
          {"summary", "Runs one cmdlet."},
          {"parameters",
           List{parameter("organization", "path", type("string"),
                          "Name, GUID or accepted domain; - for the only one there is."),
                parameter("$select", "query", type("string"),
                          "Names of the properties that are wanted, separated by commas."),
                parameter("$skiptoken", "query", type("integer"), "As @odata.nextLink has it."),
                parameter("Prefer", "header", type("string"),
                          "odata.maxpagesize=N: at most so many objects, then a link.")}},
          {"requestBody",
           Object{{"required", true}, {"content", content("application/json", envelope)}}},
          {"responses", std::move(responses)}};
}

Object get_operation(std::string_view id, std::string_view summary, std::string_view media_type) {
  const Object good = response(summary, media_type, type("string"));
  return {
      {"get",
       Object{{"operationId", id}, {"summary", summary}, {"responses", Object{{"200", good}}}}}};
}

Object components() {
  Object all;
  for (const Command* command : all_server_commands())
    all.set(command->spec.name, schema_of(*command));
  all.set("Answer", Object{{"type", "object"},
                           {"required", List{"value"}},
                           {"properties",
                            Object{{"value", Object{{"type", "array"}, {"items", type("object")}}},
                                   {"@odata.nextLink", type("string")},
                                   {"@adminapi.warnings", texts()}}}});
  const Object detail = {{"type", "object"}, {"properties", Object{{"message", type("string")}}}};
  const Object error = {
      {"type", "object"},
      {"properties", Object{{"code", type("string")},
                            {"message", type("string")},
                            {"details", Object{{"type", "array"}, {"items", detail}}}}}};
  all.set("Failure", Object{{"type", "object"}, {"properties", Object{{"error", error}}}});
  const Object bearer = {{"type", "http"}, {"scheme", "bearer"}};
  return {{"schemas", std::move(all)}, {"securitySchemes", Object{{"bearer", bearer}}}};
}

}  // namespace

std::string openapi_document() {
  const Object paths = {
      {"/adminapi/beta/{organization}/InvokeCommand", Object{{"post", invoke_operation()}}},
      {"/healthz", get_operation("health", "ok, or what is wrong (503).", "text/plain")},
      {"/metrics", get_operation("metrics", "Figures for Prometheus.", "text/plain")},
      {"/openapi.json", get_operation("openapi", "This document.", "application/json")}};
  const Object document = {
      {"openapi", "3.0.3"},
      {"info", Object{{"title", "Postern"},
                      {"version", "beta"},
                      {"description",
                       "Every cmdlet of posternd. x-role is the least role that may run it."}}},
      {"security", List{Object{{"bearer", List{}}}}},
      {"paths", paths},
      {"components", components()}};
  return to_json(document, JsonStyle::compact);
}

}  // namespace postern::admin
