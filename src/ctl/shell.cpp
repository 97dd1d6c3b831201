#include "ctl/shell.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "admin/binding.h"
#include "admin/commands.h"
#include "admin/format.h"
#include "admin/pipeline.h"
#include "admin/session_commands.h"
#include "base/ascii.h"
#include "base/wildcard.h"

namespace postern::ctl {
namespace {

using admin::CommandKind;
using admin::CommandLine;
using admin::CommandSpec;
using admin::Object;
using admin::Value;

std::string text(const Object& arguments, std::string_view name) {
  const Value* value = arguments.find(name);
  return value == nullptr ? std::string() : value->to_text();
}

bool flag(const Object& arguments, std::string_view name, bool otherwise) {
  const Value* value = arguments.find(name);
  return value == nullptr || value->is_null() ? otherwise : value->is_true();
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  if (file) content << file.rdbuf();
  if (!file) return fail(fmt::format("Cannot read the file {}: {}.", path, std::strerror(errno)));
  return content.str();
}

/// Only what everybody may see of a PEM file: many hold the private key, too.
std::string certificates_in(const std::string& pem) {
  constexpr std::string_view begin = "-----BEGIN CERTIFICATE-----";
  constexpr std::string_view end = "-----END CERTIFICATE-----";
  std::string found;
  std::size_t at = 0;
  while ((at = pem.find(begin, at)) != std::string::npos) {
    const std::size_t last = pem.find(end, at);
    if (last == std::string::npos) break;
    found.append(pem, at, last + end.size() - at).append("\n");
    at = last;
  }
  return found;
}

/// A parameter that names a file, and the one that takes what is in it.
struct FileParameter {
  std::string_view command;
  std::string_view file;
  std::string_view content;
  /// What of the file is sent; null: all.
  std::string (*select)(const std::string&);
};
constexpr FileParameter file_parameters[] = {
    {"Import-Recipient", "File", "Content", nullptr},
    {"Test-Attribution", "Certificate", "CertificateContent", certificates_in},
};

/// A file is read here, where the administrator is, and its content is sent.
Result<void> send_content_of_file(const CommandSpec& command, Object& parameters) {
  for (const FileParameter& known : file_parameters) {
    const std::string path = command.name == known.command ? text(parameters, known.file) : "";
    if (path.empty()) continue;
    auto content = read_file(path);
    if (!content) return std::unexpected(content.error());
    Object sent;
    for (const admin::Property& property : parameters.properties()) {
      if (!iequals(property.name, known.file)) sent.set(property.name, property.value);
    }
    sent.set(known.content, known.select == nullptr ? std::move(*content) : known.select(*content));
    parameters = std::move(sent);
  }
  return {};
}

/// By what an object that comes through the pipe is named to the next cmdlet.
std::string identity_of(const Value& value) {
  const Object* object = value.get<Object>();
  if (object == nullptr) return value.to_text();
  for (const char* name : {"Guid", "Identity", "Name"}) {
    // The GUID of a setting is its organization's: those objects are named by -Organization.
    const Value* found = object->find(name);
    if (found != nullptr && !found->to_text().empty()) return found->to_text();
  }
  return {};
}

std::vector<Value> list_commands(const std::string& pattern) {
  std::vector<Value> listed;
  for (const CommandSpec* command : admin::all_commands()) {
    if (!pattern.empty() && !matches_wildcard(command->name, pattern)) continue;
    Object object = {{"Name", command->name}, {"Synopsis", command->synopsis}};
    object.kind = "Command";
    listed.emplace_back(std::move(object));
  }
  return listed;
}

}  // namespace

Shell::Shell(Connect connect, std::ostream& output, std::ostream& errors, std::size_t width)
    : connect_(std::move(connect)), output_(output), errors_(errors), width_(width) {}

bool Shell::run(std::string_view text) {
  const auto script = admin::parse_script(text, now());
  if (!script) {
    errors_ << script.error().message << "\n";
    return false;
  }
  for (const admin::Pipeline& pipeline : *script) {
    const auto values = run_pipeline(pipeline);
    if (!values) {
      errors_ << values.error().message << "\n";
      return false;
    }
    output_ << admin::format_output(*values, width_) << std::flush;
    if (wants_to_end_) return true;
  }
  return true;
}

Result<Shell::Values> Shell::run_pipeline(const admin::Pipeline& pipeline) {
  // All names are looked up first: a wrong one at the end must not leave half the work done.
  std::vector<const CommandSpec*> commands;
  for (const CommandLine& line : pipeline) {
    commands.push_back(admin::find_command(line.name));
    if (commands.back() == nullptr) {
      return fail(
          fmt::format("The term '{}' is not recognized as the name of a cmdlet. "
                      "Get-Command lists those that there are.",
                      line.name));
    }
  }
  Values values;
  for (std::size_t i = 0; i < pipeline.size(); ++i) {
    const CommandSpec& command = *commands[i];
    const bool is_first = i == 0;
    Result<Values> result;
    if (command.kind != CommandKind::client) {
      result = run_remote(command, pipeline[i], is_first ? nullptr : &values);
    } else if (admin::find_session_command(command.name) != nullptr) {
      result = run_session(command, pipeline[i]);
    } else if (is_first) {
      return fail(fmt::format("{}: nothing is piped into it.", command.name));
    } else {
      result =
          admin::run_pipeline_command(command, pipeline[i].elements, std::move(values), width_);
    }
    if (!result) return fail(fmt::format("{}: {}", command.name, result.error().message));
    values = std::move(*result);
  }
  return values;
}

Result<Shell::Values> Shell::run_session(const CommandSpec& command, const CommandLine& line) {
  const auto bound = admin::bind_elements(command, line.elements);
  if (!bound) return std::unexpected(bound.error());
  const auto arguments = admin::bind_values(command, bound->values);
  if (!arguments) return std::unexpected(arguments.error());

  if (command.name == "Connect-ExchangeOnline") {
    organization_ = text(*arguments, "Organization");
    return Values();
  }
  if (command.name == "Disconnect-ExchangeOnline") {
    organization_.clear();
    return Values();
  }
  if (command.name == "exit") {
    wants_to_end_ = true;
    return Values();
  }
  const std::string name = text(*arguments, "Name");
  if (command.name == "Get-Help" && !name.empty()) {
    const CommandSpec* known = admin::find_command(name);
    if (known == nullptr) return fail(fmt::format("There is no cmdlet '{}'.", name));
    return Values{Value(admin::help_text(*known))};
  }
  return list_commands(name);
}

Result<Shell::Values> Shell::run_remote(const CommandSpec& command, const CommandLine& line,
                                        const Values* input) {
  auto bound = admin::bind_elements(command, line.elements);
  if (!bound) return std::unexpected(bound.error());
  if (input == nullptr) return call(command, std::move(bound->values));

  const auto identity = admin::find_parameter(command, "Identity");
  if (!identity || (*identity)->name != "Identity") {
    return fail("Nothing can be piped into it: it has no parameter Identity.");
  }
  Values output;
  for (const Value& value : *input) {
    Object parameters = bound->values;
    parameters.set("Identity", identity_of(value));
    auto result = call(command, std::move(parameters));
    if (!result) return result;
    output.insert(output.end(), result->begin(), result->end());
  }
  return output;
}

Result<Shell::Values> Shell::call(const CommandSpec& command, Object parameters) {
  // Checked here, too: a mistake is then told without a connection, and dates become UTC times.
  if (auto read = send_content_of_file(command, parameters); !read) {
    return std::unexpected(read.error());
  }
  const auto checked = admin::bind_values(command, parameters);
  if (!checked) return std::unexpected(checked.error());

  const bool asks = command.verb() == "Remove" && !flag(*checked, "WhatIf", false) &&
                    flag(*checked, "Confirm", true);
  if (asks && confirm_ &&
      !confirm_(fmt::format("{} \"{}\"?", command.name, text(*checked, "Identity")))) {
    return Values();
  }
  if (client_ == nullptr) {
    auto client = connect_();
    if (!client) return std::unexpected(client.error());
    client_ = std::move(*client);
  }
  std::string organization = text(*checked, "Organization");
  if (organization.empty()) organization = organization_;
  auto outcome = client_->invoke(organization, std::string(command.name), *checked);
  if (!outcome) return std::unexpected(outcome.error());
  tell(outcome->warnings);
  for (Value& value : outcome->values) {
    if (Object* object = value.get<Object>()) object->kind = command.noun();
  }
  return std::move(outcome->values);
}

void Shell::tell(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) {
    if (warning.starts_with("What if: ")) {
      output_ << warning << "\n";
    } else {
      errors_ << "WARNING: " << admin::printable(warning) << "\n";
    }
  }
}

}  // namespace postern::ctl
