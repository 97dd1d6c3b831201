#include "ctl/probe_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <iostream>
#include <memory>

#include "base/cursor.h"
#include "ctl/probe.h"
#include "mail/domain_name.h"
#include "net/blocking_pool.h"
#include "net/connect.h"
#include "net/run.h"

namespace postern::ctl {
namespace {

constexpr int is_refused = 0;
constexpr int is_accepted = 1;
constexpr int not_found_out = 2;

constexpr std::size_t max_recipients = 100;
constexpr unsigned max_seconds = 600;

constexpr std::string_view warning =
    "Probe servers of your own domains only: elsewhere it may be taken for an attack, be logged, "
    "and get your address blocked. No message is sent.\n";

struct Options {
  std::string host;
  std::string reverse_path;
  std::vector<std::string> recipients;
  std::string hello;
  std::string source;
  unsigned seconds = 60;
  bool no_tls = false;
  bool json = false;
};

struct Plan {
  ProbeTarget target;
  ProbeRequest request;
  std::optional<IpAddress> source;
  std::chrono::seconds limit{60};
};

/// This machine's name, or what a machine without one says (RFC 5321 section 4.1.3).
std::string own_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) == 0) {
    if (const auto label = mail::to_a_label(name.data())) return *label;
  }
  return "[127.0.0.1]";
}

Result<mail::Mailbox> read_address(std::string_view option, const std::string& text) {
  auto mailbox = mail::parse_mailbox(text);
  if (!mailbox)
    return fail(fmt::format("{}: {} is no address such as ann@contoso.com.", option, text));
  return *std::move(mailbox);
}

Result<Plan> make_plan(const Options& options) {
  Plan plan{.limit = std::chrono::seconds(options.seconds)};
  const auto target = parse_probe_target(options.host);
  if (!target) return std::unexpected(target.error());
  plan.target = *target;
  auto sender = read_address("--mail-from", options.reverse_path);
  if (!sender) return std::unexpected(sender.error());
  plan.request.reverse_path = *std::move(sender);
  if (options.recipients.size() > max_recipients)
    return fail(fmt::format("--rcpt: no more than {} recipients.", max_recipients));
  for (const std::string& one : options.recipients) {
    auto recipient = read_address("--rcpt", one);
    if (!recipient) return std::unexpected(recipient.error());
    plan.request.forward_paths.push_back(*std::move(recipient));
  }
  plan.request.hello = options.hello.empty() ? own_name() : options.hello;
  // Anything but a blank or a control character may be tried: a bad name is worth probing too.
  const auto is_bad = [](char c) { return c <= ' ' || c > '~'; };
  if (plan.request.hello.size() > mail::max_domain ||
      std::ranges::any_of(plan.request.hello, is_bad))
    return fail(fmt::format("--helo: {} cannot stand in EHLO.", options.hello));
  if (!options.source.empty()) {
    plan.source = IpAddress::parse(options.source);
    if (!plan.source)
      return fail(fmt::format("--source-address: {} is no IP address.", options.source));
  }
  plan.request.with_tls = !options.no_tls;
  return plan;
}

net::awaitable<ProbeReport> run_plan(Plan plan, net::BlockingPool& pool,
                                     std::shared_ptr<const net::TlsContext> tls) {
  const auto until = std::chrono::steady_clock::now() + plan.limit;
  ProbeReport report;
  for (const mail::Mailbox& one : plan.request.forward_paths)
    report.recipients.push_back({one, ProbeOutcome::no_answer, std::nullopt});
  const auto addresses = co_await net::resolve(plan.target.host, pool);
  if (!addresses) {
    report.problem = addresses.error().message;
    co_return report;
  }
  for (const IpAddress& address : *addresses) {
    net::ConnectOptions options;
    options.limit = until - std::chrono::steady_clock::now();
    options.tls = tls;
    options.source = plan.source;
    net::Endpoint endpoint{address, plan.target.port, ""};
    const std::string text = endpoint.to_string();
    auto stream = co_await net::connect(std::move(endpoint), std::move(options));
    if (!stream) {
      report.problem += (report.problem.empty() ? "" : " ") + stream.error().message;
      continue;
    }
    const auto left = until - std::chrono::steady_clock::now();
    report = co_await probe(**stream, plan.request, left);
    report.address = text;
    co_return report;
  }
  co_return report;
}

int run(const Options& options) {
  const auto plan = make_plan(options);
  if (!plan) {
    std::cerr << plan.error().message << '\n';
    return not_found_out;
  }
  // Whoever answers is good enough: the question is what a stranger is let do.
  const auto tls = net::TlsContext::client();
  if (!tls && plan->request.with_tls) {
    std::cerr << tls.error().message << '\n';
    return not_found_out;
  }
  std::cerr << warning;
  boost::asio::io_context io(1);
  net::BlockingPool pool(1, 1);
  const ProbeReport report = net::run_on(io, run_plan(*plan, pool, tls ? *tls : nullptr));
  if (options.json) {
    std::cout << boost::json::serialize(to_json(report, plan->target)) << '\n';
  } else {
    print_probe(std::cout, report, plan->target);
  }
  if (report.any(ProbeOutcome::accepts)) return is_accepted;
  return report.is_closed() ? is_refused : not_found_out;
}

}  // namespace

Result<ProbeTarget> parse_probe_target(std::string_view text) {
  const auto wrong = [text] {
    return fail(fmt::format(
        "{} is no server such as mx.contoso.com, 192.0.2.1:25 or [2001:db8::1]:25.", text));
  };
  ProbeTarget target;
  std::string_view host = text;
  std::string_view port;
  Cursor in(text);
  if (in.take('[')) {
    const auto inside = in.take_until(']');
    if (!inside || !IpAddress::parse(*inside) || !IpAddress::parse(*inside)->is_v6())
      return wrong();
    host = *inside;
    if (!in.at_end() && !in.take(':')) return wrong();
    port = in.rest();
    if (port.empty() && text.ends_with(':')) return wrong();
  } else if (!IpAddress::parse(text)) {
    if (const auto before = in.take_until(':')) {
      host = *before;
      port = in.rest();
      if (port.empty()) return wrong();
    }
  }
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), target.port);
    if (error != std::errc{} || end != port.data() + port.size() || target.port == 0)
      return wrong();
  }
  if (IpAddress::parse(host)) {
    target.host = host;
    return target;
  }
  const auto name = mail::to_a_label(host);
  if (!name) return wrong();
  target.host = *name;
  return target;
}

std::function<int()> add_probe_command(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* probe = app.add_subcommand(
      "probe", "Ask a mail server of yours whether it accepts Direct Send; no message is sent");
  probe->footer(
      "Says EHLO, STARTTLS if offered, MAIL and RCPT, then RSET and QUIT; never DATA.\n"
      "Use it on your own domains only.\n"
      "Exit status: 0 refused for every recipient (550 5.7.68, or 5.7.51 of a lock-down),\n"
      "1 accepted for at least one, 2 neither could be found out: no connection, an unknown\n"
      "recipient, a temporary or another refusal.\n"
      "  postern probe contoso-com.mail.protection.outlook.com --mail-from probe@contoso.com \\\n"
      "      --rcpt ann@contoso.com");
  probe->add_option("HOST", options->host, "The server: a name or an address, perhaps :PORT (25)")
      ->required();
  probe->add_option("--mail-from", options->reverse_path, "The reverse-path: one of your domains")
      ->required();
  probe->add_option("--rcpt", options->recipients, "Recipients who exist; may be given again")
      ->required();
  probe->add_option("--helo", options->hello, "What EHLO says (default: this machine's name)");
  probe->add_option("--source-address", options->source, "Connect from this address of ours");
  probe->add_option("--timeout", options->seconds, "Seconds for the whole talk")
      ->check(CLI::Range(1u, max_seconds))
      ->capture_default_str();
  probe->add_flag("--no-tls", options->no_tls, "Stay in clear text even if STARTTLS is offered");
  probe->add_flag("--json", options->json, "The same as data");
  return [options] { return run(*options); };
}

}  // namespace postern::ctl
