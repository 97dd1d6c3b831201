#include "ctl/explain_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "admin/value_json.h"

namespace postern::ctl {
namespace {

constexpr int told = 0;
constexpr int not_told = 1;

struct Options {
  std::string id;
  std::string recipient;
  std::string organization;
  bool json = false;
};

std::string text(const admin::Object& object, std::string_view name) {
  const admin::Value* const value = object.find(name);
  if (value == nullptr) return {};
  std::string line = value->to_text();
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return line;
}

int run(const Options& options, const admin::Endpoint& endpoint) {
  auto client = admin::make_http_client(endpoint);
  if (!client) {
    std::cerr << client.error().message << '\n';
    return not_told;
  }
  admin::Object parameters = {{"MessageTraceId", options.id}};
  if (!options.recipient.empty()) parameters.set("RecipientAddress", options.recipient);
  const auto outcome =
      (*client)->invoke(options.organization, "Get-MessageTraceDetailV2", parameters);
  if (!outcome) {
    std::cerr << outcome.error().message << '\n';
    return not_told;
  }
  for (const std::string& warning : outcome->warnings) std::cerr << warning << '\n';
  if (options.json) {
    std::cout << admin::to_json(admin::Value(outcome->values), admin::JsonStyle::indented) << '\n';
  } else {
    print_steps(std::cout, outcome->values);
  }
  return told;
}

}  // namespace

void print_steps(std::ostream& out, const std::vector<admin::Value>& steps) {
  std::string recipient;
  bool is_first = true;
  for (const admin::Value& value : steps) {
    const admin::Object* const step = value.get<admin::Object>();
    if (step == nullptr) continue;
    if (is_first || text(*step, "RecipientAddress") != recipient) {
      recipient = text(*step, "RecipientAddress");
      const admin::Value* const data = step->find("Data");
      const admin::Object* const envelope = data == nullptr ? nullptr : data->get<admin::Object>();
      out << fmt::format("{}{}  {} to {}\n", is_first ? "" : "\n", text(*step, "Date"),
                         envelope == nullptr ? "" : text(*envelope, "SenderAddress"), recipient);
      is_first = false;
    }
    out << fmt::format("  {:<17} {:<14} {}\n", text(*step, "Event"), text(*step, "Action"),
                       text(*step, "Detail"));
  }
}

std::function<int()> add_explain_command(CLI::App& app, const admin::Endpoint& endpoint) {
  const auto options = std::make_shared<Options>();
  CLI::App* explain = app.add_subcommand(
      "explain", "Tell step by step why a message of the trace was decided as it was");
  explain->footer(
      "Exit status: 0 it was told, 1 posternd does not know the message or does not answer.\n"
      "Get-MessageTraceV2 shows the ids; Test-Message judges the message by other settings.\n"
      "  postern explain 019ab4c7-92f1-7c1e-a1b6-0f6d0c7a8e11 --recipient ann@contoso.com");
  explain->add_option("MESSAGE-TRACE-ID", options->id, "The id of the transaction")->required();
  explain->add_option("--recipient", options->recipient, "Only for this recipient");
  explain->add_option("--organization", options->organization,
                      "Name or domain; needed if there are several");
  explain->add_flag("--json", options->json, "The same as data");
  return [options, &endpoint] { return run(*options, endpoint); };
}

}  // namespace postern::ctl
