// How `postern probe` tells what it heard: for people, and as JSON. All text of the server's is
// made printable, so that it cannot steer a terminal.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <cstdlib>
#include <ostream>

#include "ctl/probe.h"

namespace postern::ctl {
namespace {

namespace json = boost::json;

/// Lines and octets of one reply that are shown; what a server says beyond that helps nobody.
constexpr std::size_t max_shown_lines = 20;
constexpr std::size_t max_shown_octets = 500;

std::string plain(std::string_view text) {
  std::string line(text.substr(0, max_shown_octets));
  for (char& c : line) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return line;
}

/// `550 5.7.68 Tenant…`, further lines behind it.
std::string one_line(const delivery::ServerReply& reply) {
  std::string text = fmt::format("{}", reply.code);
  for (std::size_t i = 0; i < reply.lines.size() && i < max_shown_lines; ++i)
    text += ' ' + plain(reply.lines[i]);
  return text;
}

json::string text(std::string_view value) {
  return json::string(value);
}

void print_step(std::ostream& out, const ProbeStep& step) {
  if (!step.command.empty()) out << "C: " << step.command << '\n';
  for (std::size_t i = 0; i < step.reply.lines.size(); ++i) {
    if (i == max_shown_lines) {
      out << fmt::format("S: … {} more lines\n", step.reply.lines.size() - i);
      return;
    }
    const bool is_last = i + 1 == step.reply.lines.size();
    out << fmt::format("S: {}{}{}\n", step.reply.code, is_last ? " " : "-",
                       plain(step.reply.lines[i]));
  }
}

/// What to make of it, behind the verdict.
std::string_view advice(ProbeOutcome outcome) {
  switch (outcome) {
    case ProbeOutcome::accepts:
      return "Anybody can send in the domain's name as far as RCPT. What the server makes of the "
             "content was not asked.";
    case ProbeOutcome::refuses:
      return "The switch RejectDirectSend is on, and no connector vouches for this address.";
    case ProbeOutcome::lock_down:
      return "A connector with RestrictDomainsTo… is in force: others cannot come past it.";
    case ProbeOutcome::unknown_recipient:
      return "It says nothing about Direct Send; try a recipient who exists.";
    case ProbeOutcome::not_hosted:
      return "It is not the server of the recipient's domain.";
    case ProbeOutcome::wants_tls:
      return "Try without --no-tls; if that was tried, the server offers no STARTTLS.";
    case ProbeOutcome::temporary:
      return "Greylisting, throttling or trouble: try again after some minutes.";
    case ProbeOutcome::refused_otherwise:
      return "Not by the switch: another source may be let in. The reply says why.";
    case ProbeOutcome::no_answer:
      return "";
  }
  std::abort();
}

}  // namespace

std::string_view to_words(ProbeOutcome outcome) {
  switch (outcome) {
    case ProbeOutcome::accepts:
      return "accepts Direct Send";
    case ProbeOutcome::refuses:
      return "refuses Direct Send";
    case ProbeOutcome::lock_down:
      return "is locked down";
    case ProbeOutcome::unknown_recipient:
      return "knows no such recipient";
    case ProbeOutcome::not_hosted:
      return "does not host the recipient's domain";
    case ProbeOutcome::wants_tls:
      return "wants TLS first";
    case ProbeOutcome::temporary:
      return "puts off (greylisted or temporary trouble)";
    case ProbeOutcome::refused_otherwise:
      return "refuses for another reason";
    case ProbeOutcome::no_answer:
      return "gave no answer";
  }
  std::abort();
}

std::string_view to_string(ProbeOutcome outcome) {
  switch (outcome) {
    case ProbeOutcome::accepts:
      return "accepts";
    case ProbeOutcome::refuses:
      return "refuses";
    case ProbeOutcome::lock_down:
      return "lockDown";
    case ProbeOutcome::unknown_recipient:
      return "unknownRecipient";
    case ProbeOutcome::not_hosted:
      return "notHosted";
    case ProbeOutcome::wants_tls:
      return "wantsTls";
    case ProbeOutcome::temporary:
      return "temporary";
    case ProbeOutcome::refused_otherwise:
      return "refusedOtherwise";
    case ProbeOutcome::no_answer:
      return "noAnswer";
  }
  std::abort();
}

void print_probe(std::ostream& out, const ProbeReport& report, const ProbeTarget& target) {
  if (!report.address.empty())
    out << fmt::format("Connected to {}, {}.\n", target.host, report.address);
  for (const ProbeStep& step : report.steps) {
    print_step(out, step);
    if (step.command == "STARTTLS" && report.tls)
      out << fmt::format("   {} {}\n", report.tls->version, report.tls->cipher);
  }
  if (!report.problem.empty()) out << plain(report.problem) << '\n';
  for (const ProbedRecipient& one : report.recipients) {
    out << fmt::format("\n{}: {} {}", one.forward_path.text, target.host, to_words(one.outcome));
    if (one.step) out << ": " << one_line(report.steps[*one.step].reply);
    out << '\n';
    if (const std::string_view hint = advice(one.outcome); !hint.empty())
      out << "  " << hint << '\n';
  }
}

json::object to_json(const ProbeReport& report, const ProbeTarget& target) {
  json::array steps;
  for (const ProbeStep& step : report.steps) {
    json::array lines;
    for (std::size_t i = 0; i < step.reply.lines.size() && i < max_shown_lines; ++i)
      lines.push_back(text(plain(step.reply.lines[i])));
    steps.push_back(json::object{
        {"command", step.command}, {"code", step.reply.code}, {"lines", std::move(lines)}});
  }
  json::array recipients;
  for (const ProbedRecipient& one : report.recipients) {
    json::object object{{"recipient", one.forward_path.text},
                        {"outcome", text(to_string(one.outcome))},
                        {"verdict", text(to_words(one.outcome))}};
    if (one.step) object["reply"] = one_line(report.steps[*one.step].reply);
    recipients.push_back(std::move(object));
  }
  json::object object{{"host", target.host},
                      {"port", target.port},
                      {"address", report.address},
                      {"acceptsDirectSend", report.any(ProbeOutcome::accepts)},
                      {"recipients", std::move(recipients)},
                      {"steps", std::move(steps)},
                      {"problem", plain(report.problem)}};
  if (report.tls)
    object["tls"] = json::object{{"version", report.tls->version}, {"cipher", report.tls->cipher}};
  return object;
}

}  // namespace postern::ctl
