#include "ctl/check_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "ctl/check.h"
#include "dns/answer_cache.h"
#include "dns/unbound_resolver.h"
#include "dns/zone.h"

namespace postern::ctl {
namespace {

constexpr int passes = 0;
constexpr int does_not_pass = 1;
constexpr int cannot_be_checked = 2;

struct Options {
  std::string file;
  std::string client;
  std::string hello;
  std::string reverse_path;
  std::string zone;
  std::vector<std::string> servers;
  std::string time;
  bool json = false;
  bool octets = false;
  const CLI::Option* reverse_path_given = nullptr;
};

Result<std::string> read_file(const std::string& path) {
  std::ostringstream content;
  if (path == "-") {
    content << std::cin.rdbuf();
    return content.str();
  }
  std::ifstream file(path, std::ios::binary);
  if (file) content << file.rdbuf();
  if (!file) return fail(fmt::format("Cannot read {}: {}.", path, std::strerror(errno)));
  return content.str();
}

Result<std::unique_ptr<dns::Resolver>> make_resolver(const Options& options) {
  if (options.zone.empty()) return dns::make_unbound_resolver({.servers = options.servers});
  const auto text = read_file(options.zone);
  if (!text) return std::unexpected(text.error());
  auto zone = dns::Zone::parse(*text, options.zone);
  if (!zone) return std::unexpected(zone.error());
  return std::make_unique<dns::ZoneResolver>(std::move(*zone));
}

Result<CheckRequest> make_request(const Options& options) {
  auto message = read_file(options.file);
  if (!message) return std::unexpected(message.error());
  CheckRequest request{
      .message = with_crlf(*std::move(message)), .hello = options.hello, .now = now()};
  if (!options.client.empty()) {
    request.client = IpAddress::parse(options.client);
    if (!request.client) return fail(fmt::format("--ip: {} is no IP address.", options.client));
  }
  if (options.reverse_path_given->count() > 0) {
    if (options.reverse_path.empty() || options.reverse_path == "<>") {
      request.reverse_path = mail::Mailbox{};
    } else {
      request.reverse_path = mail::parse_mailbox(options.reverse_path);
      if (!request.reverse_path)
        return fail(fmt::format("--mail-from: {} is no address such as ann@contoso.com, or <>.",
                                options.reverse_path));
    }
  }
  if (!options.time.empty()) {
    const auto time = parse_iso(options.time);
    if (!time)
      return fail(fmt::format("--time: {} is no time such as 2026-01-31T12:00:00Z.", options.time));
    request.now = *time;
  }
  return request;
}

int run(const Options& options) {
  auto request = make_request(options);
  if (!request) {
    std::cerr << request.error().message << '\n';
    return cannot_be_checked;
  }
  auto resolver = make_resolver(options);
  if (!resolver) {
    std::cerr << resolver.error().message << '\n';
    return cannot_be_checked;
  }
  dns::CachingResolver cache(**resolver);
  // Without one there is nothing to compare with, and all results are the same.
  const auto suffixes = auth::PublicSuffixList::system();
  const CheckReport report = check_message(*request, cache, suffixes ? &*suffixes : nullptr);
  const ShowOctets octets = options.octets ? ShowOctets::yes : ShowOctets::no;
  if (options.json) {
    std::cout << boost::json::serialize(to_json(report, octets)) << '\n';
  } else {
    print_check(std::cout, report, octets);
  }
  return report.passes() ? passes : does_not_pass;
}

}  // namespace

std::function<int()> add_check_command(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* check = app.add_subcommand(
      "check", "Check SPF, DKIM, ARC, DMARC and iprev of a message and explain every step");
  check->footer(
      "Exit status: 0 DMARC passes (or there is no record, and SPF or a signature passes),\n"
      "1 it does not, 2 the message could not be checked.\n"
      "  postern check mail.eml --ip 192.0.2.1 --helo mx.example.com --mail-from ann@example.com");
  check->add_option("FILE", options->file, "The message; - is standard input")->required();
  check->add_option("--ip", options->client, "The client's address; without it no SPF and iprev");
  check->add_option("--helo", options->hello, "What the client said in HELO or EHLO");
  options->reverse_path_given = check->add_option("--mail-from", options->reverse_path,
                                                  "The reverse-path; <> is the null reverse-path");
  CLI::Option* zone =
      check->add_option("--zone", options->zone, "A zone file to ask instead of the DNS");
  check->add_option("--dns", options->servers, "Servers to ask: 192.0.2.53, 127.0.0.1:5353")
      ->excludes(zone);
  check->add_option("--time", options->time, "Check as of this time instead of now");
  check->add_flag("--json", options->json, "The same as data");
  check->add_flag("--octets", options->octets,
                  "Show what the signatures sign: header fields and body in canonical form");
  return [options] { return run(*options); };
}

}  // namespace postern::ctl
