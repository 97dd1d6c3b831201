// The cmdlets of posternd over a directory and a trace of their own, for tests: without a server.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "admin/binding.h"
#include "admin/commands.h"
#include "admin/powershell_parser.h"

namespace postern::admin {

class TestDesk {
 public:
  TestDesk() {
    char name[] = "/tmp/postern-desk-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    folder = name;
    directory = std::move(*store::DirectoryStore::open(folder + "/postern.db"));
    trace = std::move(*store::TraceStore::open({.folder = folder + "/trace"}));
  }
  TestDesk(const TestDesk&) = delete;
  TestDesk& operator=(const TestDesk&) = delete;
  virtual ~TestDesk() { std::filesystem::remove_all(folder); }

  /// `more`: parameters whose values no line can hold.
  CommandResult call(std::string_view line, std::string_view organization = "",
                     const Object& more = {}) {
    const auto script = parse_script(line, now());
    REQUIRE_MESSAGE(script, script.error().message);
    const CommandLine& command = script->front().front();
    const CommandSpec* spec = find_command(command.name);
    REQUIRE_MESSAGE(spec != nullptr, command.name);
    auto bound = bind_elements(*spec, command.elements);
    REQUIRE_MESSAGE(bound, bound.error().message);
    for (const Property& property : more.properties())
      bound->values.set(property.name, property.value);
    Services given = services();
    return invoke(given, caller, command.name, organization, bound->values);
  }

  /// The error or the warnings; empty: it went well.
  std::string run(std::string_view line) {
    const CommandResult result = call(line);
    if (!result) return result.error().message;
    std::string text;
    for (const std::string& warning : result->warnings) text += warning;
    return text;
  }
  /// `property` of every object, with blanks between.
  std::string all(std::string_view line, std::string_view property) {
    const CommandResult result = call(line);
    REQUIRE_MESSAGE(result, result.error().message);
    std::string text;
    for (const Value& value : result->values) {
      const Value* found = value.get<Object>()->find(property);
      REQUIRE(found != nullptr);
      text += (text.empty() ? "" : " ") + found->to_text();
    }
    return text;
  }

  /// On whose behalf; an administrator of everything.
  Caller caller{.name = "test"};
  std::string folder;
  std::unique_ptr<store::DirectoryStore> directory;
  std::unique_ptr<store::TraceStore> trace;

 protected:
  virtual Services services() { return {*directory, *trace, "mx.contoso.com"}; }
};

}  // namespace postern::admin
