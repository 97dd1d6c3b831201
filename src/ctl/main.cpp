// postern: the administrator's command line.
//
//   postern -c 'Get-OrganizationConfig'     one line
//   postern -f script.ps1                   a script; `-` is standard input
//   postern                                 a shell
//   postern check mail.eml --ip 192.0.2.1  the authentication of a message, explained
//   postern probe mx.contoso.com …         does it accept Direct Send? Asked from outside
//   postern assess trace.csv …             who sends so, and what would be refused
//   postern explain MESSAGE-TRACE-ID      why a message was decided as it was
//   postern version
//
// Exit status: 0 done, 1 a cmdlet failed, 2 the command line makes no sense.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

#include "admin/http_client.h"
#include "admin/session_commands.h"
#include "ctl/assess_command.h"
#include "ctl/check_command.h"
#include "ctl/explain_command.h"
#include "ctl/interactive.h"
#include "ctl/probe_command.h"
#include "ctl/shell.h"

namespace {

constexpr int done = 0;
constexpr int failed = 1;
constexpr int wrong_usage = 2;

struct Options {
  postern::admin::Endpoint endpoint{"/var/lib/postern/admin.sock", {}, {}, {}};
  std::vector<std::string> lines;
  std::string file;
  bool manual = false;
};

std::optional<std::string> read_script(const std::string& path) {
  std::ostringstream content;
  if (path == "-") {
    content << std::cin.rdbuf();
    return content.str();
  }
  std::ifstream file(path, std::ios::binary);
  if (file) content << file.rdbuf();
  if (!file) {
    std::cerr << fmt::format("Cannot read the script {}: {}.\n", path, std::strerror(errno));
    return std::nullopt;
  }
  return content.str();
}

int run(const Options& options) {
  const auto connect = [&] { return postern::admin::make_http_client(options.endpoint); };
  postern::ctl::Shell shell(connect, std::cout, std::cerr, postern::ctl::terminal_width());
  for (const std::string& line : options.lines) {
    if (!shell.run(line)) return failed;
  }
  if (!options.lines.empty()) return done;
  const bool is_terminal = ::isatty(STDIN_FILENO) != 0;
  if (options.file.empty() && is_terminal) {
    postern::ctl::run_interactive(shell);
    return done;
  }
  const auto script = read_script(options.file.empty() ? "-" : options.file);
  return script && shell.run(*script) ? done : failed;
}

}  // namespace

int main(int argc, char** argv) {
  // A server that goes away is an error to tell, not the end of the program.
  std::signal(SIGPIPE, SIG_IGN);

  Options options;
  CLI::App app("Administers posternd with the cmdlets that Exchange Online administrators know.");
  app.name("postern");
  app.footer(
      "Without -c and -f it is a shell; Get-Command lists the cmdlets.\n"
      "  postern -c 'Set-OrganizationConfig -RejectDirectSend $true'\n"
      "Quote lines with ' so that the shell leaves $true alone.");
  app.add_option("-c,--command", options.lines, "Run this cmdlet line; may be given again")
      ->allow_extra_args(false);
  app.add_option("-f,--file", options.file, "Run the script in this file; - is standard input");
  app.add_option("--socket", options.endpoint.socket_path, "posternd's Unix socket")
      ->envname("POSTERN_SOCKET")
      ->capture_default_str();
  app.add_option("--url", options.endpoint.url, "posternd's REST address instead of the socket")
      ->envname("POSTERN_URL");
  app.add_option("--token-file", options.endpoint.token_file, "A file with the token for --url")
      ->envname("POSTERN_TOKEN_FILE");
  app.add_option("--ca-file", options.endpoint.ca_file,
                 "Certificates that vouch for an https server (default: the system's)");
  app.add_flag("--manual", options.manual, "Print docs/cmdlets.md")->group("");
  const auto check = postern::ctl::add_check_command(app);
  const auto assess = postern::ctl::add_assess_command(app);
  const auto probe = postern::ctl::add_probe_command(app);
  const auto explain = postern::ctl::add_explain_command(app, options.endpoint);
  bool version = false;
  app.add_subcommand("version", "Print the version")->callback([&] { version = true; });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? done : wrong_usage;
  }
  if (!options.lines.empty() && !options.file.empty()) {
    std::cerr << "Give -c or -f, not both.\n";
    return wrong_usage;
  }
  if (app.got_subcommand("check")) return check();
  if (app.got_subcommand("assess")) return assess();
  if (app.got_subcommand("probe")) return probe();
  if (app.got_subcommand("explain")) return explain();
  if (version) {
    std::cout << "postern " POSTERN_VERSION "\n";
    return done;
  }
  if (options.manual) {
    std::cout << postern::admin::manual();
    return done;
  }
  return run(options);
}
