#include "ctl/assess_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>

#include "ctl/assess.h"

namespace postern::ctl {
namespace {

constexpr int all_read = 0;
constexpr int some_read = 1;
constexpr int none_read = 2;

struct Options {
  std::vector<std::string> domains;
  std::vector<std::string> files;
  std::string csv;
  std::string connectors_for;
  std::size_t top = 25;
  bool json = false;
};

/// `[######                    ]  23 %` on standard error, and gone when all is read.
class ProgressBar {
 public:
  ProgressBar() : visible_(::isatty(STDERR_FILENO) != 0) {}
  ~ProgressBar() {
    if (drawn_) std::cerr << "\r\x1b[K" << std::flush;
  }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(std::uint64_t done, std::uint64_t total) {
    constexpr auto interval = std::chrono::milliseconds(100);
    constexpr std::size_t width = 40;
    const auto time = std::chrono::steady_clock::now();
    if (!visible_ || total == 0 || (drawn_ && time - last_ < interval)) return;
    drawn_ = true;
    last_ = time;
    const std::size_t full = done * width / total;
    std::cerr << fmt::format("\r[{:<{}}] {:>3} %", std::string(full, '#'), width,
                             done * 100 / total)
              << std::flush;
  }

 private:
  const bool visible_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_;
};

ConnectorsFor connectors_for(const std::string& word) {
  if (word == "postern") return ConnectorsFor::postern;
  return word == "exchange" ? ConnectorsFor::exchange_online : ConnectorsFor::by_files;
}

bool write_csv(const std::string& path, const Assessment& assessment) {
  if (path == "-") {
    write_assessment_csv(std::cout, assessment);
    return true;
  }
  std::ofstream file(path, std::ios::binary);
  if (file) write_assessment_csv(file, assessment);
  file.close();
  if (file) return true;
  std::cerr << fmt::format("Cannot write {}: {}.\n", path, std::strerror(errno));
  return false;
}

int run(const Options& options) {
  auto domains = assess::OwnDomains::from(options.domains);
  if (!domains) {
    std::cerr << "--domain: " << domains.error().message << '\n';
    return none_read;
  }
  assess::Survey survey(*std::move(domains));
  assess::ReadReport read;
  {
    ProgressBar bar;
    read = assess::read_files(
        options.files, survey,
        [&bar](std::uint64_t done, std::uint64_t total) { bar.show(done, total); });
  }
  for (const std::string& problem : read.problems) std::cerr << problem << '\n';
  if (read.files.empty()) return none_read;
  const Assessment made =
      assess_survey(survey, std::move(read), connectors_for(options.connectors_for));
  if (options.json) {
    std::cout << boost::json::serialize(to_json(made)) << '\n';
  } else if (options.csv != "-") {
    print_assessment(std::cout, made, options.top);
  }
  if (!options.csv.empty() && !write_csv(options.csv, made)) return some_read;
  return made.read.problems.empty() ? all_read : some_read;
}

}  // namespace

std::function<int()> add_assess_command(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* assess = app.add_subcommand(
      "assess", "Report Direct Send and what RejectDirectSend would refuse, from exported files");
  assess->footer(
      "FILE is a message trace (summary, enhanced or extended CSV), Advanced Hunting EmailEvents\n"
      "(CSV or JSON), a log of Postfix or Exim, an .eml file or a folder of such; which one is\n"
      "known by the content. Reads files only; asks nobody, changes nothing.\n"
      "Exit status: 0 all files were read, 1 some were not, 2 none was.\n"
      "  postern assess --domain contoso.com --domain '*.contoso.net' MessageTrace.csv");
  assess->add_option("FILE", options->files, "Files and folders")->required();
  assess
      ->add_option("--domain", options->domains,
                   "Accepted domains, with commas or again; *.contoso.com: it and all below")
      ->required()
      ->delimiter(',')
      ->allow_extra_args(false);
  assess->add_option("--top", options->top, "Sources that are shown; 0: all")
      ->capture_default_str();
  CLI::Option* csv = assess->add_option("--csv", options->csv,
                                        "Write all sources to this file; - is standard output");
  assess->add_flag("--json", options->json, "All of it as data on standard output");
  assess
      ->add_option("--for", options->connectors_for,
                   "Whose connectors the remedies are for: exchange takes no IPv6 (default: by the "
                   "files)")
      ->check(CLI::IsMember({"postern", "exchange"}));
  assess->callback([csv, options] {
    if (options->json && csv->count() > 0 && options->csv == "-")
      throw CLI::ValidationError("--csv -", "and --json both want standard output");
  });
  return [options] { return run(*options); };
}

}  // namespace postern::ctl
