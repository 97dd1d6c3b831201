// posternd: the daemon's command line.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "edge/config.h"
#include "edge/daemon.h"

namespace {

constexpr const char* footer = R"(
Signals:
  SIGHUP   read configuration and certificates again
  SIGTERM  drain: take no more connections, finish messages, end

Exit status: 0 ended in good order; 1 could not start, or the configuration is wrong; 2 usage.
See posternd(8) and /usr/share/doc/postern.)";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("posternd, an inbound mail edge that knows who mail really comes from", "posternd");
  app.footer(footer);
  std::filesystem::path config_file = "/etc/postern/postern.toml";
  bool check = false;
  app.add_option("--config,-c", config_file, "Configuration file")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_flag("--check", check, "Say whether the configuration can be used, and exit");
  bool seed_demo = false;
  app.add_flag("--seed-demo", seed_demo,
               "Into an empty data directory put an organization and thirty days of made-up mail, "
               "then run; needs [dns] zone");
  app.set_version_flag("--version", "posternd " POSTERN_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  const auto config = postern::edge::load_config(config_file);
  if (!config) {
    for (const std::string& error : config.error()) std::fprintf(stderr, "%s\n", error.c_str());
    return 1;
  }
  if (check) return postern::edge::check(*config);
  using postern::edge::SeedDemo;
  return postern::edge::run(*config, seed_demo ? SeedDemo::yes : SeedDemo::no);
}
