#include "admin/openapi.h"

#include <doctest/doctest.h>

#include "admin/commands.h"
#include "admin/value_json.h"

using namespace postern;
using namespace postern::admin;

namespace {

const Value* find(const Value& value, std::string_view name) {
  const Object* object = value.get<Object>();
  return object == nullptr ? nullptr : object->find(name);
}

const Value& at(const Value& value, std::initializer_list<std::string_view> path) {
  const Value* found = &value;
  for (const std::string_view name : path) {
    CAPTURE(name);
    found = find(*found, name);
    REQUIRE(found != nullptr);
  }
  return *found;
}

/// Calls `use` with every text that stands under the name.
void for_each(const Value& value, std::string_view name, auto use) {
  if (const List* list = value.get<List>()) {
    for (const Value& item : *list) for_each(item, name, use);
  }
  if (const Object* object = value.get<Object>()) {
    for (const Property& property : object->properties()) {
      const std::string* text = property.value.get<std::string>();
      if (property.name == name && text != nullptr) use(*text);
      for_each(property.value, name, use);
    }
  }
}

}  // namespace

TEST_CASE("the document has every cmdlet, with what it takes and who may run it") {
  const auto document = parse_json(openapi_document());
  REQUIRE(document);
  const Value& schemas = at(*document, {"components", "schemas"});
  for (const Command* command : all_server_commands()) {
    CAPTURE(command->spec.name);
    const Value& schema = at(schemas, {command->spec.name});
    const Value& parameters = at(schema, {"properties", "Parameters", "properties"});
    for (const ParameterSpec& parameter : command->spec.parameters)
      CHECK(find(parameters, parameter.name) != nullptr);
    CHECK(find(parameters, "Organization") != nullptr);
  }
  CHECK(at(schemas, {"Set-OrganizationConfig", "x-role"}).to_text() == "administrator");
  CHECK(at(schemas, {"Get-OrganizationConfig", "x-role"}).to_text() == "viewer");
  CHECK(at(schemas, {"Set-OrganizationConfig", "properties", "Parameters", "properties",
                     "RejectDirectSend", "type"})
            .to_text() == "boolean");
  CHECK(at(schemas, {"New-InboundConnector", "properties", "Parameters", "required"})
            .to_text()
            .contains("Name"));
}

TEST_CASE("every reference leads somewhere") {
  const auto document = parse_json(openapi_document());
  REQUIRE(document);
  const Value& schemas = at(*document, {"components", "schemas"});
  std::size_t references = 0;
  for_each(*document, "$ref", [&](const std::string& target) {
    CAPTURE(target);
    ++references;
    REQUIRE(target.starts_with("#/components/schemas/"));
    CHECK(find(schemas, target.substr(target.rfind('/') + 1)) != nullptr);
  });
  CHECK(references > all_server_commands().size());
}
