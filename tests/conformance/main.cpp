// postern_conformance [--only GROUP] [FOLDER]: runs the suites of FOLDER and our own cases.
// FOLDER is, if not given, $CONFORMANCE_DIR or ../shared/conformance beside the checkout.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>
#include <utility>

#include "tests/conformance/report.h"

namespace {

using namespace postern::conformance;

constexpr std::pair<std::string_view, Group> groups[] = {
    {"spf", spf_suites},        {"dkim", dkim_suites},       {"arc", arc_suites},
    {"dmarc", dmarc_suites},    {"authres", authres_suites}, {"mail", mail_suites},
    {"reports", reports_suites}};

std::filesystem::path default_folder() {
  if (const char* folder = std::getenv("CONFORMANCE_DIR"); folder && *folder) return folder;
  return std::filesystem::path(POSTERN_SOURCE_DIR) / "../shared/conformance";
}

}  // namespace

int main(int argc, char** argv) try {
  std::filesystem::path folder = default_folder();
  std::string_view only;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--only" && i + 1 < argc)
      only = argv[++i];
    else
      folder = argument;
  }
  if (!std::filesystem::is_directory(folder)) {
    std::printf("No conformance data in %s: only our own cases run.\n", folder.c_str());
    folder.clear();
  }

  std::vector<SuiteReport> reports;
  bool known = only.empty();
  for (const auto& [name, run] : groups) {
    if (!only.empty() && only != name) continue;
    known = true;
    for (SuiteReport& report : run(folder)) reports.push_back(std::move(report));
  }
  if (!known) {
    std::fprintf(stderr, "postern_conformance: no group is named %s\n", only.data());
    return 2;
  }
  return print(reports) ? 0 : 1;
} catch (const std::exception& trouble) {
  std::fprintf(stderr, "postern_conformance: %s\n", trouble.what());
  return 2;
}
